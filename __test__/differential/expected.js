'use strict'

// What ours writes down in each scenario in which it differs from opossum, whole: that it
// differs does not say that it is right. With nobody listening it writes down the same but
// for the events.

// In the words of the engine that runs.
const NO_JSON = (() => {
  try {
    return JSON.stringify(1n)
  } catch ({ message }) {
    return message
  }
})()

module.exports = {
  'permits as a success listener sees them': `
    #1 emits fire [ 'fine' ]
    #1 emits success 'fine', '<latency>'
    permits at success 2
    success resolved 'fine'
    at the end: #1 is { closed: true, enabled: true, permits: 2 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: 'obey' }
    at the end: #1 has counted { fires: 1, latencyMean: '<measured>', latencyTimes: 1, percentiles: [ '<measured>' ], successes: 1 }
  `,

  'a status of another breaker goes on counting': `
    #1 emits fire [ 'fine' ]
    #1 emits success 'fine', '<latency>'
    success resolved 'fine'
    #2 emits fire [ { code: undefined, error: 'Error', message: 'down', ours: false } ]
    #2 emits failure { code: undefined, error: 'Error', message: 'down', ours: false }, '<latency>', [ { code: undefined, error: 'Error', message: 'down', ours: false } ]
    failure rejected { code: undefined, error: 'Error', message: 'down', ours: false }
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: 'obey' }
    at the end: #1 has counted { fires: 1, latencyMean: '<measured>', latencyTimes: 1, percentiles: [ '<measured>' ], successes: 1 }
    at the end: #2 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #2 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: 'obey' }
    at the end: #2 has counted { failures: 1, fires: 2, latencyMean: '<measured>', latencyTimes: 2, percentiles: [ '<measured>' ], successes: 1 }
  `,

  'a subclass may override emit, and sees every event': `
    emit is called 'fire', 1
    #1 emits fire [ 'fine' ]
    emit is called 'success', 2
    #1 emits success 'fine', '<latency>'
    success resolved 'fine'
    emit is called 'fire', 1
    #1 emits fire [ { code: undefined, error: 'Error', message: 'down', ours: false } ]
    emit is called 'failure', 3
    #1 emits failure { code: undefined, error: 'Error', message: 'down', ours: false }, '<latency>', [ { code: undefined, error: 'Error', message: 'down', ours: false } ]
    emit is called 'fallback', 2
    #1 emits fallback 'instead', { code: undefined, error: 'Error', message: 'down', ours: false }
    failure resolved 'instead'
    emit is called 'fire', 1
    #1 emits fire [ { code: undefined, error: 'Error', message: 'down', ours: false } ]
    emit is called 'failure', 3
    #1 emits failure { code: undefined, error: 'Error', message: 'down', ours: false }, '<latency>', [ { code: undefined, error: 'Error', message: 'down', ours: false } ]
    emit is called 'open', 1
    #1 emits open
    emit is called 'fallback', 2
    #1 emits fallback 'instead', { code: undefined, error: 'Error', message: 'down', ours: false }
    opening failure resolved 'instead'
    emit is called 'fire', 1
    #1 emits fire [ 'ignored' ]
    emit is called 'reject', 1
    #1 emits reject { code: 'EOPENBREAKER', error: 'Error', message: 'Breaker is open', ours: true }
    emit is called 'fallback', 2
    #1 emits fallback 'instead', { code: 'EOPENBREAKER', error: 'Error', message: 'Breaker is open', ours: true }
    refused resolved 'instead'
    emit is called 'halfOpen', 1
    #1 emits halfOpen 250
    emit is called 'fire', 1
    #1 emits fire [ 'fine' ]
    emit is called 'close', 0
    #1 emits close
    emit is called 'success', 2
    #1 emits success 'fine', '<latency>'
    probe resolved 'fine'
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: 'obey' }
    at the end: #1 has counted { failures: 2, fallbacks: 3, fires: 5, latencyMean: '<measured>', latencyTimes: 4, percentiles: [ '<measured>' ], rejects: 1, successes: 2 }
  `,

  'a subclass may override open and close, and the machine goes through them': `
    #1 emits fire [ { code: undefined, error: 'Error', message: 'down', ours: false } ]
    #1 emits failure { code: undefined, error: 'Error', message: 'down', ours: false }, '<latency>', [ { code: undefined, error: 'Error', message: 'down', ours: false } ]
    #1 emits open
    failure rejected { code: undefined, error: 'Error', message: 'down', ours: false }
    #1 emits halfOpen 40
    #1 emits fire [ 'fine' ]
    #1 emits close
    #1 emits success 'fine', '<latency>'
    probe resolved 'fine'
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: 'obey' }
    at the end: #1 has counted { failures: 1, fires: 2, latencyMean: '<measured>', latencyTimes: 2, percentiles: [ '<measured>' ], successes: 1 }
  `,

  'the fields of an error': `
    #1 emits open
    #1 emits fire [ 'refused' ]
    #1 emits reject { code: 'EOPENBREAKER', error: 'Error', message: 'Breaker is open', ours: true }
    fields [ 'message', 'code', 'breaker', 'retryAfter' ]
    at the end: #1 is { enabled: true, opened: true, permits: 9007199254740991 }
    at the end: #1 restores from { enabled: true, lastTimerAt: '<time>', name: 'obey', open: true }
    at the end: #1 has counted { fires: 1, latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ], rejects: 1 }
  `,

  'the public fields of a breaker': `
    fields [ true, false, true ]
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: 'obey' }
    at the end: #1 has counted { latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
  `,

  'latencies may be primed': `
    measures [ 1.015808, 2.031616, 3.014656, 4 ], 2.5, { '0': 1, '0.25': 1.015808, '0.5': 2.031616, '0.75': 3.014656, '0.9': 4, '0.95': 4, '0.99': 4, '0.995': 4, '1': 4 }
  `,

  'a bucket\'s latencies may be added to': `
    measures 0
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: 'obey' }
    at the end: #1 has counted { latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
  `,

  'a primed bucket shows all that it was given': `
    bucket { cacheHits: 0, cacheMisses: 0, coalesceCacheHits: 0, coalesceCacheMisses: 0, failures: 0, fallbacks: 0, fires: 3, latencyTimes: [], percentiles: {}, rejects: 0, semaphoreRejections: 0, successes: 0, timeouts: 0 }
    stats [ 'cacheHits', 'cacheMisses', 'coalesceCacheHits', 'coalesceCacheMisses', 'failures', 'fallbacks', 'fires', 'latencyMean', 'latencyTimes', 'percentiles', 'rejects', 'semaphoreRejections', 'successes', 'timeouts' ]
  `,

  'a disabled breaker lets the action throw': `
    #1 emits fire []
    call rejected { code: undefined, error: 'Error', message: 'down', ours: false }
    at the end: #1 is { closed: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, lastTimerAt: '<time>', name: '<uuid>' }
    at the end: #1 has counted { fires: 1, latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
  `,

  'a thenable that the action of a disabled breaker gives': `
    #1 emits fire []
    the very thenable false
    #1 emits fire []
    call resolved 'fine'
    at the end: #1 is { closed: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, lastTimerAt: '<time>', name: '<uuid>' }
    at the end: #1 has counted { fires: 2, latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
  `,

  'a key function that throws': `
    #1 emits fire [ 'a' ]
    call rejected { code: undefined, error: 'Error', message: 'down', ours: false }
    #2 emits fire [ 'a' ]
    call rejected { code: undefined, error: 'Error', message: 'down', ours: false }
    counted: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    counted: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: '<uuid>' }
    counted: #1 has counted { fires: 1, latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
    counted: #2 is { closed: true, enabled: true, permits: 9007199254740991 }
    counted: #2 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: '<uuid>' }
    counted: #2 has counted { fires: 1, latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: '<uuid>' }
    at the end: #1 has counted { fires: 1, latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
    at the end: #2 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #2 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: '<uuid>' }
    at the end: #2 has counted { fires: 1, latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
  `,

  'arguments that cannot be written as JSON': `
    #1 emits fire [ 1n ]
    a bigint rejected { code: undefined, error: 'TypeError', message: '${NO_JSON}', ours: false }
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: 'obey' }
    at the end: #1 has counted { fires: 1, latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
  `,

  'a transport whose get throws': `
    #1 emits fire [ 'a' ]
    call rejected { code: undefined, error: 'Error', message: 'down', ours: false }
    counted: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    counted: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: '<uuid>' }
    counted: #1 has counted { fires: 1, latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: '<uuid>' }
    at the end: #1 has counted { fires: 1, latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
  `,

  'a transport that answers later': `
    #1 emits fire [ 'a' ]
    #1 emits cacheMiss
    #1 emits success 'a, run 1', '<latency>'
    miss resolved 'a, run 1'
    #1 emits fire [ 'a' ]
    #1 emits cacheHit
    hit resolved 'a, run 1'
    #1 emits fire [ 'a' ]
    #1 emits cacheHit
    hit resolved 'set by hand'
    run once: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    run once: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: '<uuid>' }
    run once: #1 has counted { cacheHits: 2, cacheMisses: 1, fires: 3, latencyMean: '<measured>', latencyTimes: 1, percentiles: [ '<measured>' ], successes: 1 }
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: '<uuid>' }
    at the end: #1 has counted { cacheHits: 2, cacheMisses: 1, fires: 3, latencyMean: '<measured>', latencyTimes: 1, percentiles: [ '<measured>' ], successes: 1 }
  `,

  'a thenable that a transport gives is what fire gives': `
    #1 emits fire [ 'a' ]
    the very thenable false
    #1 emits fire [ 'a' ]
    #1 emits cacheHit
    #1 emits cacheHit
    hit resolved 'kept'
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: 'obey' }
    at the end: #1 has counted { cacheHits: 2, fires: 2, latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
  `,

  'a plain value that a transport gives': `
    #1 emits fire [ 'a' ]
    #1 emits cacheHit
    fire gives '<promise>'
    #1 emits fire [ 'a' ]
    #1 emits cacheHit
    hit resolved 'kept'
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: 'obey' }
    at the end: #1 has counted { cacheHits: 2, fires: 2, latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
  `,

  'a thenable of the action is kept as it is': `
    #1 emits fire []
    #1 emits cacheMiss
    #1 emits success 'then 1', '<latency>'
    call resolved 'then 1'
    #1 emits fire []
    #1 emits cacheHit
    call resolved 'then 1'
    #1 emits fire []
    #1 emits cacheHit
    call resolved 'then 1'
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: '<uuid>' }
    at the end: #1 has counted { cacheHits: 2, cacheMisses: 1, fires: 3, latencyMean: '<measured>', latencyTimes: 1, percentiles: [ '<measured>' ], successes: 1 }
  `,

  'a size of 0': `
    #1 emits fire [ 'a' ]
    #1 emits cacheMiss
    #1 emits success 'a, run 1', '<latency>'
    call resolved 'a, run 1'
    #1 emits fire [ 'a' ]
    #1 emits cacheMiss
    #1 emits success 'a, run 2', '<latency>'
    call resolved 'a, run 2'
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: '<uuid>' }
    at the end: #1 has counted { cacheMisses: 2, fires: 2, latencyMean: '<measured>', latencyTimes: 2, percentiles: [ '<measured>' ], successes: 2 }
  `,

  'the cache may be switched on among the live options': `
    #1 emits fire [ 'a' ]
    #1 emits cacheMiss
    #1 emits success 'a, run 1', '<latency>'
    miss resolved 'a, run 1'
    #1 emits fire [ 'a' ]
    #1 emits cacheHit
    hit resolved 'a, run 1'
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: '<uuid>' }
    at the end: #1 has counted { cacheHits: 1, cacheMisses: 1, fires: 2, latencyMean: '<measured>', latencyTimes: 1, percentiles: [ '<measured>' ], successes: 1 }
  `,

  'it may be switched on among the live options': `
    #1 emits fire [ 'a' ]
    #1 emits coalesceCacheMiss
    #1 emits success 'a, run 1', '<latency>'
    first resolved 'a, run 1'
    #1 emits fire [ 'a' ]
    #1 emits coalesceCacheHit
    joins resolved 'a, run 1'
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: '<uuid>' }
    at the end: #1 has counted { coalesceCacheHits: 1, coalesceCacheMisses: 1, fires: 2, latencyMean: '<measured>', latencyTimes: 1, percentiles: [ '<measured>' ], successes: 1 }
  `,

  'a time to live in words of digits': `
    #1 emits fire [ 'a' ]
    #1 emits cacheMiss
    #1 emits success 'a, run 1', '<latency>'
    miss resolved 'a, run 1'
    #1 emits fire [ 'a' ]
    #1 emits cacheMiss
    #1 emits success 'a, run 2', '<latency>'
    expired resolved 'a, run 2'
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: '<uuid>' }
    at the end: #1 has counted { cacheMisses: 2, fires: 2, latencyMean: '<measured>', latencyTimes: 2, percentiles: [ '<measured>' ], successes: 2 }
  `,

  'a check that takes longer than its interval': `
    begun while the first is under way false
    #1 emits healthCheckFailed { code: undefined, error: 'Error', message: 'down', ours: false }
    #1 emits open
    at the end: #1 is { enabled: true, opened: true, permits: 9007199254740991 }
    at the end: #1 restores from { enabled: true, lastTimerAt: '<time>', name: 'obey', open: true }
    at the end: #1 has counted { latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
  `,

  'a state that is closed and half open': `
    state true, false, false
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: 'obey' }
    at the end: #1 has counted { latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
  `,

  'a probe that finds no place of the capacity': `
    #1 emits open
    #1 emits halfOpen 40
    #1 emits fire [ 'ignored' ]
    #1 emits semaphoreLocked { code: 'ESEMLOCKED', error: 'Error', message: 'Semaphore locked', ours: true }, '<latency>'
    #1 emits failure { code: 'ESEMLOCKED', error: 'Error', message: 'Semaphore locked', ours: true }, '<latency>', [ 'ignored' ]
    locked probe rejected { code: 'ESEMLOCKED', error: 'Error', message: 'Semaphore locked', ours: true }
    after the locked probe: #1 is { enabled: true, halfOpen: true, pendingClose: true, permits: 0 }
    after the locked probe: #1 restores from { enabled: true, halfOpen: true, lastTimerAt: '<time>', name: 'obey' }
    after the locked probe: #1 has counted { failures: 1, fires: 1, latencyMean: '<measured>', latencyTimes: 1, percentiles: [ '<measured>' ], semaphoreRejections: 1 }
    #1 emits fire [ 'fine' ]
    #1 emits close
    #1 emits success 'fine', '<latency>'
    probe resolved 'fine'
    at the end: #1 is { closed: true, enabled: true, permits: 1 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: 'obey' }
    at the end: #1 has counted { failures: 1, fires: 2, latencyMean: '<measured>', latencyTimes: 2, percentiles: [ '<measured>' ], semaphoreRejections: 1, successes: 1 }
  `,

  'a probe that hangs where there is no timeout': `
    #1 emits fire [ { code: undefined, error: 'Error', message: 'down', ours: false } ]
    #1 emits failure { code: undefined, error: 'Error', message: 'down', ours: false }, '<latency>', [ { code: undefined, error: 'Error', message: 'down', ours: false } ]
    #1 emits open
    failure rejected { code: undefined, error: 'Error', message: 'down', ours: false }
    #1 emits halfOpen 40
    #1 emits fire [ '<promise>' ]
    #1 emits halfOpen 40
    #1 emits fire [ 'fine' ]
    #1 emits close
    #1 emits success 'fine', '<latency>'
    second resolved 'fine'
    #1 emits fire [ 'fine' ]
    #1 emits success 'fine', '<latency>'
    third resolved 'fine'
    #1 emits success 'fine', '<latency>'
    hung probe resolved 'fine'
    at the end: #1 is { closed: true, enabled: true, permits: 9007199254740991 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: 'obey' }
    at the end: #1 has counted { failures: 1, fires: 4, latencyMean: '<measured>', latencyTimes: 4, percentiles: [ '<measured>' ], successes: 3 }
  `,

  'a fire listener that shuts down': `
    #1 emits fire []
    #1 emits shutdown
    call rejected { code: 'ESHUTDOWN', error: 'Error', message: 'The circuit has been shutdown.', ours: true }
    at the end: #1 is { isShutdown: true, permits: 9007199254740991 }
    at the end: #1 restores from { lastTimerAt: '<time>', name: '<uuid>', shutdown: true }
    at the end: #1 has counted { fires: 1, latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
  `,

  'semaphore: who waits loses nothing when another gives up': `
    the second gives up 'ETIMEDOUT'
    the first has it
    count 0
    at the end: #1 is { closed: true, enabled: true, permits: 0 }
    at the end: #1 restores from { closed: true, enabled: true, lastTimerAt: '<time>', name: 'obey' }
    at the end: #1 has counted { latencyMean: '<measured>', latencyTimes: 0, percentiles: [ '<measured>' ] }
  `
}
