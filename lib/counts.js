'use strict'

// What is counted, by opossum's names, in the order in which the native side counts.

exports.COUNTS = [
  'failures', 'fallbacks', 'successes', 'rejects', 'fires', 'timeouts', 'cacheHits', 'cacheMisses',
  'coalesceCacheHits', 'coalesceCacheMisses', 'semaphoreRejections'
]
