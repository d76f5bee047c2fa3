'use strict'

// What is counted, by opossum's names, in the order in which the native side counts; and
// counting what JavaScript alone sees.

const { announce, MOST_ROUNDS } = require('./announce')
const { count } = require('./binding')

const COUNTS = [
  'failures', 'fallbacks', 'successes', 'rejects', 'fires', 'timeouts', 'cacheHits', 'cacheMisses',
  'coalesceCacheHits', 'coalesceCacheMisses', 'semaphoreRejections'
]

/** The number of each. */
const KINDS = Object.fromEntries(COUNTS.map((name, kind) => [name, kind]))

/** Counts one, after what had happened before it has been announced. */
function tally (inner, kind) {
  for (let round = 0; !count(inner.id, kind, round === MOST_ROUNDS); round++) announce(inner.breaker)
}

module.exports = { COUNTS, KINDS, tally }
