'use strict'

// Counting what JavaScript alone sees.

const { announce, MOST_ROUNDS } = require('./announce')
const { count } = require('./native/crossings')

/** Counts one, after what had happened before it has been announced. */
function tally (inner, kind) {
  for (let round = 0; !count(inner.id, kind, round === MOST_ROUNDS); round++) announce(inner.breaker)
}

module.exports = { tally }
