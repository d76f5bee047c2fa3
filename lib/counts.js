'use strict'

// What is counted, by opossum's names, in the order in which the native side counts; and
// counting what JavaScript alone sees.

const { ANNOUNCE, count } = require('./binding')
const { ID } = require('./fields')

const COUNTS = [
  'failures', 'fallbacks', 'successes', 'rejects', 'fires', 'timeouts', 'cacheHits', 'cacheMisses',
  'coalesceCacheHits', 'coalesceCacheMisses', 'semaphoreRejections'
]

/** The number of each. */
const KINDS = Object.fromEntries(COUNTS.map((name, kind) => [name, kind]))

/** Counts one, after what had happened before it has been announced. */
function tally (breaker, kind) {
  while (!count(breaker[ID], kind)) breaker[ANNOUNCE]()
}

module.exports = { COUNTS, KINDS, tally }
