'use strict'

// Actions and orders that most scenarios use.

/** Does as it is told: rejects with an error, or resolves as its argument does. */
async function obey (order) {
  if (order instanceof Error) throw order
  return order
}

/** A new error each time, since listeners may write on it. */
function down () {
  return new Error('down')
}

/** Longer than any scenario runs: what must not come of itself. */
const NEVER_MS = 60000

module.exports = { obey, down, NEVER_MS }
