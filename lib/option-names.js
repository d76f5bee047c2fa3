'use strict'

// Names among the options that no breaker reads: a slip of the pen, or another library's word.
// Each is told once. Names that are like none are the program's own business. Used by whatever
// takes options.

const { optionNames } = require('./native/abi')
const { warnOnce } = require('./warnings')

// Other libraries' words: resilience4j's, Polly's, cockatiel's, mollitia's, Hystrix's.
const FOREIGN = {
  breakDuration: 'resetTimeout',
  cooldown: 'resetTimeout',
  durationOfBreak: 'resetTimeout',
  errorThreshold: 'errorThresholdPercentage',
  failureRateThreshold: 'errorThresholdPercentage',
  failureRatio: 'errorThresholdPercentage',
  failureThreshold: ['errorThresholdPercentage', 'consecutiveFailures'],
  fallback: 'breaker.fallback(fn)',
  halfOpenAfter: 'resetTimeout',
  halfOpenMaxCalls: 'halfOpenCalls',
  halfOpenStateMaxDelay: 'halfOpenTimeout',
  ignoreExceptions: 'classify',
  isFailure: 'errorFilter',
  maxConcurrent: 'capacity',
  maxConcurrentCalls: 'capacity',
  maxWaitDurationInHalfOpenState: 'halfOpenTimeout',
  minimumNumberOfCalls: 'volumeThreshold',
  minimumThroughput: 'volumeThreshold',
  openDuration: 'resetTimeout',
  openStateDelay: 'resetTimeout',
  permittedNumberOfCallsInHalfOpenState: 'halfOpenCalls',
  recordExceptions: 'classify',
  requestVolumeThreshold: 'volumeThreshold',
  samplingDuration: 'rollingCountTimeout',
  shouldHandle: 'classify',
  sleepWindow: 'resetTimeout',
  slidingWindowSize: ['window.calls', 'rollingCountTimeout'],
  slowCallDurationThreshold: 'slowCallDuration',
  slowCallRateThreshold: 'slowCallThresholdPercentage',
  successThreshold: 'halfOpenCalls',
  timeoutDuration: 'timeout',
  waitDurationInOpenState: 'resetTimeout'
}

// What options show that nobody writes.
const KNOWN = new Set([...optionNames, 'coalesceCache'])

// Those that were looked at; so many, for they may be made up.
const judged = new Set()
const MOST_JUDGED = 1000

// Shorter names are like too many other words; they are known again by their letters alone.
const LEAST_LETTERS = 7
const ALIKE = optionNames.filter(name => name.length >= LEAST_LETTERS)

/** Tells of the names of options that somebody has hardly meant. Never throws. */
function noteNames (options) {
  try {
    for (const name in options) {
      if (!KNOWN.has(name) && !judged.has(name)) judge(name)
    }
  } catch {
    // A Proxy: it keeps its names to itself.
  }
}

module.exports = { FOREIGN, noteNames }

function judge (name) {
  if (judged.size === MOST_JUDGED) return
  judged.add(name)
  const foreign = Object.hasOwn(FOREIGN, name) ? [FOREIGN[name]].flat().join(' or ') : undefined
  // Needed by few programs, and once.
  const { nearest, same } = require('./spelling')
  const meant = foreign ?? same(name, optionNames) ?? nearest(name, ALIKE)
  if (meant !== undefined) {
    warnOnce('DIDELPHIS_UNKNOWN_OPTION', `options.${name} is no option, and does nothing: did you mean ${meant}?`, name)
  }
}
