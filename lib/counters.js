'use strict'

// Counting what JavaScript alone sees.

const { drainEvents, MOST_ROUNDS } = require('./drain-events')
const { count } = require('./native/crossings')

/** Counts one, after what had happened before it has been announced. */
function increment (inner, kind) {
  for (let round = 0; !count(inner.id, kind, round === MOST_ROUNDS); round++) drainEvents(inner.breaker, inner.id)
}

module.exports = { increment }
