'use strict'

// Process warnings: what a program should know, and can live with. Used wherever such a thing
// is seen; each kind is told once.

const builtins = require('./builtins')
const { throwAsync } = require('./emit')

const told = new Set()

/** Warns of a kind, by its code; of an option, where it is about one: of each on its own. */
function warnOnce (code, message, option = '') {
  const kind = `${code} ${option}`
  if (told.has(kind)) return
  told.add(kind)
  try {
    builtins.emitWarning(message, { code, type: 'DidelphisWarning' })
  } catch (error) {
    // Somebody has put his own in place: a call may be under way.
    throwAsync(error)
  }
}

module.exports = { warnOnce }
