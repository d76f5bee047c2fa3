'use strict'

// The border to the native half: what both sides have to know alike. Written by "npm run generate" from
// `crates/abi`; not to be changed here. Used by whoever uses the native half.

/** What the raw functions take and return. */
const codes = Object.freeze({
  // What `admit` returns where it is not a permit:
  /** Announce events, then ask again. */
  EVENTS_FIRST: -1,
  /** The circuit is open. */
  OPEN: -2,
  /** The breaker is disabled. */
  UNGUARDED: -3,
  /** The breaker is shut down. */
  SHUTDOWN: -4,
  /** The circuit has closed a short time ago, and not all calls pass yet. */
  RAMP_UP: -5,
  /** Too many calls fail, and a throttle has refused this one. */
  THROTTLED: -6,
  /** The call waits for a place; its ticket is among the numbers. */
  QUEUED: -7,
  /** As many wait as may. */
  QUEUE_FULL: -8,
  /** Of `enter`: no place is kept for it, and it is told why. */
  NOT_CALLED: -9,
  /** At this and below the capacity is used up: `CAPACITY - code` is a permit to settle as a failure. */
  CAPACITY: -16,
  /** At this and below the call is admitted, in the action of another one that has not returned: `NESTED - code` is its permit. */
  NESTED: -1073741824,
  // In the place of a wait:
  /** For ever. */
  NEVER: -1,
  /** Until the outcome of the probe. */
  UNKNOWN: -2,
  // Bits that `admitAgain` takes:
  /** The fire has been counted. */
  COUNTED: 1,
  /** Whatever there is to announce. */
  ANYWAY: 2,
  /** It cannot wait for a place. */
  AT_ONCE: 4,
  // Bits of what `settle`, `expire`, `evaluateTrip` and `abandon` return:
  /** There are events to announce. */
  EVENTS: 1,
  /** Nothing was counted: the call has timed out. */
  LATE: 2,
  /** No call with a timeout is under way in this breaker any more. */
  IDLE: 4,
  /** With `LATE`: it has heard of that already, and the permit is spent. */
  GONE: 8,
  /** The user's function is to say whether there is reason to open the circuit. */
  ASK: 16,
  // The outcomes that `settle` takes, and `expire` those of failures:
  /** The action resolved, or its error does not count. */
  SUCCESS: 0,
  /** The action failed; `evaluateTrip` comes next. */
  FAILURE: 1,
  /** The action failed, and nobody hears of it before what follows is decided: `evaluateTrip` at once. */
  UNHEARD_FAILURE: 2,
  /** The call is to leave no trace. */
  IGNORED: 3,
  // What `poll`, `nextWakeup` and `nextOut` return where it is not a number:
  /** Nothing more. */
  NONE: -1,
  /** The circuit opened. */
  OPENED: -2,
  /** The circuit closed. */
  CLOSED: -3,
  /** The circuit is half open. */
  HALF_OPENED: -4,
  /** A snapshot is due. */
  SNAPSHOT: -5,
  /** There would be reason to open. */
  WOULD_OPEN: -6,
  /** A stall of the loop has ended; its length in milliseconds is in a word. Only among the wake-ups of the loop, as are the next ones. */
  STALL: -7,
  /** There is no timer thread: the loop is to do its work. */
  NO_THREAD: -8,
  /** Calls were admitted in an earlier turn of which nobody has taken charge. */
  UNTAKEN: -9,
  /** What was given to be drawn has been used: another is to be given. */
  DRAW: -10,
  /** A probe is to begin. */
  PROBE: -11,
  /** A call that waits is to enter; its ticket is among the numbers. */
  TURN: -12,
  /** A call has waited in vain; so are its ticket, and how long it was to wait. */
  WAITED: -13,
  /** All are refused that wait with an earlier ticket than that among the numbers. */
  DISMISSED: -14,
  /** Another thread has turned the breaker off or on, or holds it open. */
  STEERED: -15,
  /** There is more to tell than was told in one piece. Only among the wake-ups of the loop. */
  REST: -16,
  // Bits of what `state` returns:
  /** Closed. */
  IS_CLOSED: 1,
  /** Open. */
  IS_OPEN: 2,
  /** Half open. */
  IS_HALF_OPEN: 4,
  /** Shut down. */
  IS_SHUTDOWN: 8,
  /** Half open, and the probe may be fired. */
  IS_PENDING_CLOSE: 16,
  /** Calls are guarded. */
  IS_ENABLED: 32,
  /** Failures do not open the circuit yet. */
  IS_WARM_UP: 64,
  /** Every call passes and is counted. */
  IS_METRICS_ONLY: 128,
  /** Open until it is closed by hand. */
  IS_FORCED_OPEN: 256,
  /** Not disabled by itself; all breakers of the process may be. */
  IS_SWITCHED_ON: 512,
  /** No call begins any more. */
  IS_DRAINING: 1024,
  // Reasons for which a circuit opens:
  /** Too large a share of the calls failed. */
  REASON_ERROR_RATE: 0,
  /** Too large a share of them was slow. */
  REASON_SLOW_CALLS: 1,
  /** So many failed in a row, own refusals left out. */
  REASON_CONSECUTIVE_FAILURES: 2,
  /** The same as opossum 1 counts. */
  REASON_MAX_FAILURES: 3,
  /** The user's function said so. */
  REASON_HOST: 4,
  /** The probe of a half-open circuit failed. */
  REASON_PROBE: 5,
  /** A command. */
  REASON_COMMAND: 6
})

/** Words of the memory, besides the first three, which are arguments. */
const words = Object.freeze({
  /** Where `settle` and `expire` leave the latency of the call, in milliseconds. */
  LATENCY: 1,
  /** Where `admit` leaves in how many milliseconds an open circuit lets a call try. */
  RETRY_AFTER: 1,
  /** Where `nextWakeup` leaves the length of a stall, in milliseconds. */
  LENGTH: 1,
  /** Where `nextWakeup` leaves what a breaker has to tell, as `poll` gives it. */
  POLLED: 1,
  /** Where `expire` leaves for how long the loop was stalled during the call, in milliseconds. */
  STALLED: 2,
  /** Counts the calls that were admitted and of which JavaScript has not taken charge. */
  UNTAKEN: 3
})

/** Where what is read stands among the numbers. */
const places = Object.freeze({
  // What `readStats` leaves behind the counters:
  /** The mean latency; -1 when latencies are not kept. */
  STATS_MEAN: 11,
  /** The first of the quantiles. */
  STATS_QUANTILES: 12,
  /** Where the circuit stood at that moment, in bits as `state` returns them. */
  STATS_STATE: 21,
  /** The timeout that is learned, in milliseconds; -1 where none is. */
  STATS_LEARNED_TIMEOUT: 22,
  /** Whether anything was learned of it. */
  STATS_HAS_LEARNED: 23,
  /** How many places there are where that adapts; -1 where it does not. */
  STATS_CAPACITY_LIMIT: 24,
  /** The latency that is usual, by which it does; -1 where none is known. */
  STATS_USUAL_LATENCY: 25,
  /** How many calls wait for a place; -1 where none may. */
  STATS_QUEUED: 26,
  /** The first number of the histogram. */
  STATS_HISTOGRAM: 27,
  // What `readBucket` leaves behind the counters:
  /** 1 when the circuit opened in the bucket, 0 when it closed, -1 when it did neither. */
  BUCKET_CIRCUIT: 11,
  // What `readLag` leaves:
  /** How long the turn under way has been busy. */
  LAG_BUSY: 0,
  /** The stalls in the window: their number, their length and that of the longest. */
  LAG_STALLS: 1,
  /** The mean busy time of the turns in the window. */
  LAG_MEAN: 4,
  /** The first of its quantiles. */
  LAG_QUANTILES: 5,
  /** The stalls since the beginning, as those in the window. */
  LAG_TOTAL: 14,
  /** How many numbers these are. */
  LAG_LENGTH: 17,
  // What `readTrip` leaves:
  /** The reason, a code. */
  TRIP_REASON: 0,
  /** When, in milliseconds of a clock that is nobody else's: tells one opening from another. */
  TRIP_AT: 1,
  /** How many milliseconds ago that was. */
  TRIP_AGO: 2,
  /** How many calls failed or were slow; zero where nobody counts. */
  TRIP_COUNT: 3,
  /** Of how many; zero for a row, and where nobody counts. */
  TRIP_CALLS: 4,
  /** What was too much. */
  TRIP_THRESHOLD: 5,
  // What `admit` and `poll` leave of a call that waits, and `enter` and `leave` take:
  /** Its ticket. */
  QUEUED_TICKET: 0,
  /** For how long it was to wait, in milliseconds; what `enter` takes is its own timeout: not a number, that of the breaker; infinity, none. */
  QUEUED_TIME: 1,
  /** What `enter` and `poll` leave: 1 when with it the last call has gone that had a timeout or waited; otherwise 0. */
  QUEUED_IDLE: 2
})

/** Where `create` takes an option from, among the numbers. */
const nativeOptions = Object.freeze({
  /** Not finite or not above zero: none. */
  TIMEOUT: 0,
  /** The first; infinity: never. */
  RESET_TIMEOUT: 1,
  /** In percent. */
  ERROR_THRESHOLD_PERCENTAGE: 2,
  /** In a row; below one: one. Infinity: never. */
  MAX_FAILURES: 3,
  /** The length of the window. */
  ROLLING_COUNT_TIMEOUT: 4,
  /** Its buckets. */
  ROLLING_COUNT_BUCKETS: 5,
  /** Whether latencies are kept. */
  LATENCIES: 6,
  /** Whether the window is rotated by calls of `rotate`. */
  ROTATED_BY_HAND: 7,
  /** In fires. */
  VOLUME_THRESHOLD: 8,
  /** In calls. */
  CAPACITY: 9,
  /** Not above zero: none. */
  WARM_UP: 10,
  /** Whether calls are guarded. */
  ENABLED: 11,
  /** Whether timeouts run on the wall clock. */
  BY_WALL_CLOCK: 12,
  /** What of the loop is a stall. */
  STALL_THRESHOLD: 13,
  /** The longest reset timeout. */
  RESET_TIMEOUT_MAX: 14,
  /** By how much each is longer than the one before. */
  RESET_TIMEOUT_FACTOR: 15,
  /** By how much chance shortens it. */
  RESET_TIMEOUT_JITTER: 16,
  /** How many calls try a half-open circuit. */
  HALF_OPEN_CALLS: 17,
  /** The share of them that may fail, in percent. */
  HALF_OPEN_THRESHOLD_PERCENTAGE: 18,
  /** Whether failures are a share of the outcomes. */
  RATE_OF_OUTCOMES: 19,
  /** So many outcomes are judged, the last ones; zero: those in the time of the window. */
  LAST_CALLS: 20,
  /** Whether decisions begin with an empty window when the circuit closes. */
  RESET_WINDOW_ON_CLOSE: 21,
  /** In a row, whatever the volume. Infinity: never. */
  CONSECUTIVE_FAILURES: 22,
  /** How long they are waited for; infinity: for ever. */
  HALF_OPEN_TIMEOUT: 23,
  /** Whether JavaScript probes in place of calls. */
  PROBED_BY_HOST: 24,
  /** For how long not all calls pass once the circuit has closed; not above zero: all do. */
  RAMP_UP: 25,
  /** Whether JavaScript gives what chance draws. */
  DRAWS_ARE_GIVEN: 26,
  /** How long a call takes at the most that is not slow; Infinity: as long as it likes. */
  SLOW_CALL_DURATION: 27,
  /** Above which share of slow calls the circuit opens, in percent. */
  SLOW_CALL_THRESHOLD_PERCENTAGE: 28,
  /** Whether a function of the user's is asked, too. */
  SHOULD_TRIP: 29,
  /** How many calls a throttle lets pass for each that succeeds; zero: there is none. */
  THROTTLE_K: 30,
  /** The greatest share of calls that it refuses. */
  THROTTLE_MAX_REJECTION: 31,
  /** Whether the timeout is learned; then what follows holds, and `TIMEOUT` says nothing. */
  TIMEOUT_ADAPTS: 32,
  /** The least. */
  TIMEOUT_MIN: 33,
  /** The greatest. */
  TIMEOUT_MAX: 34,
  /** So many times a quantile. */
  TIMEOUT_MULTIPLIER: 35,
  /** Which. */
  TIMEOUT_QUANTILE: 36,
  /** Whether the capacity adapts; then what follows holds, and `CAPACITY` says nothing. */
  CAPACITY_ADAPTS: 37,
  /** The fewest calls. */
  CAPACITY_MIN: 38,
  /** The most. */
  CAPACITY_MAX: 39,
  /** How many to begin with. */
  CAPACITY_INITIAL: 40,
  /** How many calls may wait for a place; zero: none. */
  QUEUE_SIZE: 41,
  /** For how long; infinity: for as long as it takes. */
  QUEUE_TIMEOUT: 42
})

/** The defaults of options that are numbers. */
const defaults = Object.freeze({
  timeout: 10000,
  stallThreshold: 50,
  errorThresholdPercentage: 50,
  volumeThreshold: 0,
  consecutiveFailures: Infinity,
  slowCallDuration: Infinity,
  slowCallThresholdPercentage: 50,
  maxFailures: Infinity,
  resetTimeout: 30000,
  halfOpenCalls: 1,
  halfOpenThresholdPercentage: 0,
  halfOpenTimeout: Infinity,
  rampUp: 0,
  rollingCountTimeout: 10000,
  rollingCountBuckets: 10,
  capacity: Number.MAX_SAFE_INTEGER,
  cacheTTL: 0,
  cacheSize: 16777215,
  coalesceSize: 16777215,
  'timeout.multiplier': 1.5,
  'timeout.quantile': 0.999,
  'capacity.min': 1,
  'resetTimeout.factor': 2,
  'resetTimeout.jitter': 0.5,
  'throttle.k': 2,
  'throttle.maxRejection': 0.9,
  'queue.size': 100,
  'queue.timeout': 100,
  'retry.attempts': 2,
  'retry.delay.initial': 100,
  'retry.delay.max': 2000,
  'retry.delay.factor': 2,
  'retry.budget.ratio': 0.1,
  'retry.budget.minPerSecond': 1,
  'retry.timeout': Infinity
})

/** What would make sense, where an option does not. */
const expected = Object.freeze({
  timeout: 'a number of milliseconds above 0, false for none, or { adaptive: true, min, max, multiplier, quantile }',
  timeoutClock: "'loop' or 'wall'",
  stallThreshold: 'a number of milliseconds, 1 or more',
  errorThresholdPercentage: 'a number (of percent)',
  volumeThreshold: 'a whole number of calls',
  rateOf: "'fires' or 'outcomes'",
  window: 'an object { calls }',
  consecutiveFailures: 'a whole number of failures in a row, 1 or more, or false for any',
  slowCallDuration: 'a number of milliseconds, 0 or more',
  slowCallThresholdPercentage: 'a number from 0 to 100 (percent)',
  shouldTrip: 'a function',
  classify: 'a function',
  maxFailures: 'a number of failures in a row, or false for any',
  resetTimeout: 'a number of milliseconds, 0 or more, { initial, max, factor, jitter }, or a function',
  halfOpenCalls: 'a whole number of calls, 1 or more',
  halfOpenThresholdPercentage: 'a number of percent, from 0 to 100',
  halfOpenTimeout: 'a number of milliseconds above 0, or false for none',
  probe: 'a function',
  throttle: 'true, false or an object { k, maxRejection }',
  rampUp: 'a number of milliseconds, 0 or more',
  random: 'a function',
  rollingCountTimeout: 'a number of milliseconds above 0',
  rollingCountBuckets: 'a whole number from 1 to 100000',
  capacity: 'a whole number of calls, or { adaptive: true, min, max, initial }',
  queue: 'an object { size, timeout }, or false',
  errorFilter: 'a function',
  preset: "the name of a preset: 'modern'",
  labels: "an object with up to 10 strings of up to 200 characters, by names of letters, digits and _ that are none of the server's own",
  rotateBucketController: 'an EventEmitter',
  retry: 'an object { attempts, delay, when, budget, timeout }, or false',
  cacheTTL: 'a number of milliseconds, or 0 for ever',
  cacheSize: 'a whole number of entries, 0 or more',
  cacheGetKey: 'a function',
  coalesceTTL: 'a number of milliseconds, or 0 for ever',
  coalesceSize: 'a whole number of entries, 0 or more',
  coalesceResetOn: 'an array',
  state: 'the `state` of a toJSON()',
  status: 'a Status or the `status` of a toJSON()',
  'timeout.adaptive': 'true (a timeout that is not learned is a number)',
  'timeout.min': 'a number of milliseconds above 0, up to 2147483647',
  'timeout.max': 'a number of milliseconds above 0, up to 2147483647',
  'timeout.multiplier': 'a number, 1 or more',
  'timeout.quantile': 'a number above 0 and below 1',
  'capacity.adaptive': 'true (a capacity that does not adapt is a number)',
  'capacity.min': 'a whole number of calls, from 1 to 1000000',
  'capacity.max': 'a whole number of calls, from 1 to 1000000',
  'capacity.initial': 'a whole number of calls, from 1 to 1000000',
  'window.calls': 'a whole number from 1 to 100000',
  'resetTimeout.initial': 'a number of milliseconds, 0 or more',
  'resetTimeout.max': 'a number of milliseconds, not below initial',
  'resetTimeout.factor': 'a number, 1 or more',
  'resetTimeout.jitter': 'a number from 0 to 1',
  'throttle.k': 'a number, 1 or more',
  'throttle.maxRejection': 'a number from 0 to 1',
  'queue.size': 'a whole number of calls, from 1 to 1000000',
  'queue.timeout': 'a number of milliseconds above 0, or false for none',
  'retry.attempts': 'a whole number of attempts, from 0 to 1000',
  'retry.delay': 'an object { initial, max, factor }',
  'retry.delay.initial': 'a number of milliseconds, from 0 to 2147483647',
  'retry.delay.max': 'a number of milliseconds, from delay.initial to 2147483647',
  'retry.delay.factor': 'a number, 1 or more',
  'retry.when': 'a function',
  'retry.budget': 'an object { ratio, minPerSecond } or a CircuitBreaker.retryBudget()',
  'retry.budget.ratio': 'a number, 0 or more',
  'retry.budget.minPerSecond': 'a number of attempts, 0 or more',
  'retry.timeout': 'a number of milliseconds above 0, or false for none'
})

/** The number of each counter. */
const kinds = Object.freeze({
  failures: 0,
  fallbacks: 1,
  successes: 2,
  rejects: 3,
  fires: 4,
  timeouts: 5,
  cacheHits: 6,
  cacheMisses: 7,
  coalesceCacheHits: 8,
  coalesceCacheMisses: 9,
  semaphoreRejections: 10
})

/** The options, in the order of the reference. */
const optionNames = Object.freeze([
  'timeout',
  'timeoutClock',
  'stallThreshold',
  'errorThresholdPercentage',
  'volumeThreshold',
  'rateOf',
  'window',
  'resetWindowOnClose',
  'consecutiveFailures',
  'slowCallDuration',
  'slowCallThresholdPercentage',
  'shouldTrip',
  'classify',
  'maxFailures',
  'resetTimeout',
  'halfOpenCalls',
  'halfOpenThresholdPercentage',
  'halfOpenTimeout',
  'probe',
  'throttle',
  'rampUp',
  'random',
  'rollingCountTimeout',
  'rollingCountBuckets',
  'capacity',
  'queue',
  'errorFilter',
  'allowWarmUp',
  'enabled',
  'metricsOnly',
  'stackTraces',
  'preset',
  'name',
  'group',
  'labels',
  'rollingPercentilesEnabled',
  'enableSnapshots',
  'rotateBucketController',
  'retry',
  'cache',
  'cacheTTL',
  'cacheSize',
  'cacheGetKey',
  'cacheTransport',
  'coalesce',
  'coalesceTTL',
  'coalesceSize',
  'coalesceResetOn',
  'abortController',
  'autoRenewAbortController',
  'state',
  'status',
  'stats'
])

/** The counters, in their order. */
const counters = Object.freeze(Object.keys(kinds))

/** What the counters say that begin at a place of `numbers`, and room for what opossum has beside them. */
function countsAt (numbers, place) {
  return {
    failures: numbers[place],
    fallbacks: numbers[place + 1],
    successes: numbers[place + 2],
    rejects: numbers[place + 3],
    fires: numbers[place + 4],
    timeouts: numbers[place + 5],
    cacheHits: numbers[place + 6],
    cacheMisses: numbers[place + 7],
    coalesceCacheHits: numbers[place + 8],
    coalesceCacheMisses: numbers[place + 9],
    semaphoreRejections: numbers[place + 10],
    percentiles: {}
  }
}

/** Quantiles that begin at a place of `numbers`, by their share. */
function quantilesAt (numbers, place) {
  return {
    0: numbers[place],
    0.25: numbers[place + 1],
    0.5: numbers[place + 2],
    0.75: numbers[place + 3],
    0.9: numbers[place + 4],
    0.95: numbers[place + 5],
    0.99: numbers[place + 6],
    0.995: numbers[place + 7],
    1: numbers[place + 8]
  }
}

module.exports = {
  BINS: 264,
  FINGERPRINT: 1744764784,
  NUMBERS: 296,
  STATS: 2,
  codes,
  counters,
  countsAt,
  defaults,
  expected,
  kinds,
  nativeOptions,
  optionNames,
  places,
  quantilesAt,
  words
}
