'use strict'

// The options: which values make sense, and what is put in the place of none. Used by the class and the status.

const { prepareAbort } = require('./abort')
const builtins = require('./builtins')
const { defaults: DEFAULTS, expected } = require('./native/abi')
const { labels } = require('./native/metrics')
const { noteNames } = require('./option-names')
const { isPreset, presetFor } = require('./presets')
const { isOn, readWords } = require('./switches')
const { warnOnce } = require('./warnings')

const entries = value => integer(value) >= 0 || value === Infinity ? value : undefined

// Numbers by name, with the function that reads what the user wrote: it returns the number for the
// native side, or undefined if it makes no sense.
const NUMBERS = {
  timeout: value => value ? finite(value, 1e-6) ?? infinite(value) : none(value),
  'timeout.min': someTime,
  'timeout.max': someTime,
  'timeout.multiplier': value => finite(value, 1),
  'timeout.quantile': value => number(value) > 0 && value < 1 ? Number(value) : undefined,
  resetTimeout: wait,
  'resetTimeout.initial': wait,
  'resetTimeout.max': wait,
  'resetTimeout.factor': value => finite(value, 1),
  'resetTimeout.jitter': value => share(value, 1),
  halfOpenCalls: value => integer(value) >= 1 && value <= 1_000_000 ? value : undefined,
  halfOpenThresholdPercentage: value => share(value, 100),
  halfOpenTimeout: value => value === false ? Infinity : finite(value, 1e-6) ?? infinite(value),
  rampUp: value => value === false ? 0 : finite(value, 0),
  errorThresholdPercentage: number,
  maxFailures: value => value === false ? Infinity : number(value),
  slowCallDuration: value => value === false ? Infinity : finite(value, 0) ?? infinite(value),
  slowCallThresholdPercentage: value => share(value, 100),
  'window.calls': value => positive(value) <= 100_000 ? value : undefined,
  consecutiveFailures: value => value === false || value === Infinity ? Infinity : positive(value),
  rollingCountTimeout: value => finite(value === 0 ? DEFAULTS.rollingCountTimeout : value, 1e-6) ?? infinite(value),
  rollingCountBuckets: value => buckets(finite(value === 0 ? DEFAULTS.rollingCountBuckets : value, 1)),
  capacity: value => integer(value) ?? (value === Infinity ? Number.MAX_SAFE_INTEGER : undefined),
  'capacity.min': someCalls,
  'capacity.max': someCalls,
  'capacity.initial': someCalls,
  cacheTTL: number,
  coalesceTTL: value => none(value) ?? number(value),
  cacheSize: entries,
  coalesceSize: entries,
  stallThreshold: value => finite(value, 1) ?? infinite(value),
  volumeThreshold: integer,
  'queue.size': value => positive(value) <= 1_000_000 ? value : undefined,
  'queue.timeout': value => value === false ? Infinity : finite(value, 1e-6) ?? infinite(value),
  'throttle.k': value => finite(value, 1),
  'throttle.maxRejection': value => share(value, 1),
  'retry.attempts': value => integer(value) >= 0 && value <= 1000 ? value : undefined,
  'retry.delay.initial': ofTimer,
  'retry.delay.max': ofTimer,
  'retry.delay.factor': value => finite(value, 1),
  'retry.budget.ratio': value => finite(value, 0),
  'retry.budget.minPerSecond': value => finite(value, 0),
  'retry.timeout': value => value ? finite(value, 1e-6) ?? infinite(value) : none(value) === 0 ? Infinity : undefined
}

// What is read most often: the defaults.
const PRESETS = Object.fromEntries(Object.entries(NUMBERS).map(([name, read]) => [name, read(DEFAULTS[name])]))

const DEPRECATION = 'options.maxFailures is deprecated. Please use options.errorThresholdPercentage'

/** The filter that lets every error count. */
const NO_FILTER = () => false

/** The same where `classify` has the say, or `shouldTrip` is asked: functions of the user's. */
const NO_FILTER_BUT_OTHERS = () => false

const argumentsAsKey = (...args) => JSON.stringify(args)

const RESET_REASONS = ['error', 'success', 'timeout']

/**
 * What an option says, as a number. Throws a TypeError when it says nothing sensible, which says
 * what would be.
 */
function readNumber (name, value, sensible = expected[name]) {
  const given = value ?? DEFAULTS[name]
  if (given === DEFAULTS[name]) return PRESETS[name]
  return NUMBERS[name](given) ?? refuse(`options.${name}`, sensible, value)
}

/** How many outcomes `options.window` has judged; 0: those in the time of the window. */
function readLastCalls (window) {
  if (window === undefined || window === null) return 0
  expect('window', window, isObject)
  const { calls, ...others } = window
  refuseUnknown('window', others, 'calls')
  return readField('window.calls', calls)
}

/** What `volumeThreshold` says: where it is left out, all of the last calls, or none. */
function readVolume ({ volumeThreshold, window }) {
  return volumeThreshold === undefined || volumeThreshold === null
    ? readLastCalls(window)
    : readNumber('volumeThreshold', volumeThreshold)
}

/** What `queue` says, as an object with everything in it; undefined where no call waits. */
function readQueue (given) {
  if (given == null || given === false) return undefined
  if (!isObject(given) || Array.isArray(given)) refuse('options.queue', expected.queue, given)
  const { size, timeout, ...others } = given
  refuseUnknown('queue', others, 'size and timeout')
  return { size: readNumber('queue.size', size), timeout: readNumber('queue.timeout', timeout) }
}

/** What `throttle` says, as an object with everything in it; undefined where there is none. */
function readThrottle (given) {
  if (given == null || given === false) return undefined
  if (given !== true && (!isObject(given) || Array.isArray(given))) refuse('options.throttle', expected.throttle, given)
  const { k, maxRejection, ...others } = given === true ? {} : given
  refuseUnknown('throttle', others, 'k and maxRejection')
  return { k: readNumber('throttle.k', k), maxRejection: readNumber('throttle.maxRejection', maxRejection) }
}

// What a circuit does that opens by itself: a throttle is in its place. Each of these that says
// what it would say if it were left out, says nothing.
const OF_OPENING = [
  'halfOpenCalls', 'halfOpenThresholdPercentage', 'halfOpenTimeout', 'rampUp', 'consecutiveFailures', 'maxFailures',
  'slowCallDuration', 'slowCallThresholdPercentage'
]

// Whether a capacity, as it was read, leaves anybody out.
function isLimited (capacity) {
  return typeof capacity === 'object' ? capacity !== null : capacity < Number.MAX_SAFE_INTEGER
}

function refuseBesideThrottle (options) {
  const name = ['probe', 'shouldTrip'].find(name => options[name]) ??
    OF_OPENING.find(name => readNumber(name, options[name]) !== PRESETS[name])
  if (name !== undefined) {
    throw new TypeError(`options.throttle cannot stand with options.${name}: the circuit does not open by itself`)
  }
}

// Without a filter, one that tells whoever looks whether other functions of the user's run as a
// call ends.
function filterOf ({ classify, errorFilter, shouldTrip }) {
  if (errorFilter && errorFilter !== NO_FILTER && errorFilter !== NO_FILTER_BUT_OTHERS) return errorFilter
  return classify || shouldTrip ? NO_FILTER_BUT_OTHERS : NO_FILTER
}

// Options that cannot stand together.
function checkCombinations (options) {
  const { classify, errorFilter } = options
  if (classify && errorFilter !== NO_FILTER_BUT_OTHERS) {
    throw new TypeError('options.classify cannot stand with options.errorFilter: classify says what errors count as')
  }
  if (readQueue(options.queue) !== undefined && !isLimited(options.capacity)) {
    throw new TypeError('options.queue cannot stand without options.capacity: nobody waits where there is room for all')
  }
  if (readThrottle(options.throttle) !== undefined) refuseBesideThrottle(options)
  const calls = readLastCalls(options.window)
  if (calls === 0) return
  if (options.rateOf === 'fires') {
    throw new TypeError("options.window cannot stand with options.rateOf: 'fires': the last calls are outcomes")
  }
  const volume = readVolume(options)
  if (volume > calls) {
    throw new TypeError(`options.volumeThreshold must not be above options.window.calls; got ${volume} and ${calls}`)
  }
}

/**
 * What `resetTimeout` says, as an object with everything in it. A plain number is a wait that is always the same.
 * Throws a TypeError that names the field which makes no sense.
 */
function readResetTimeout (value) {
  if (typeof value !== 'object' || value === null) {
    // A function says it as the circuit opens.
    const wait = readNumber('resetTimeout', typeof value === 'function' ? undefined : value)
    return { initial: wait, max: wait, factor: 1, jitter: 0 }
  }
  const { initial, max, factor, jitter, ...others } = value
  refuseUnknown('resetTimeout', others, 'initial, max, factor and jitter')
  const first = readField('resetTimeout.initial', initial)
  const longest = max == null ? Math.max(first, LONGEST_WAIT) : readField('resetTimeout.max', max)
  if (longest < first) refuse('options.resetTimeout.max', expected['resetTimeout.max'], max)
  return {
    initial: first,
    max: longest,
    factor: readNumber('resetTimeout.factor', factor),
    jitter: readNumber('resetTimeout.jitter', jitter)
  }
}

/** What a function that is given for `resetTimeout` returns. Throws a TypeError when that makes no sense. */
function readWait (value) {
  return wait(value) ?? refuse('what options.resetTimeout returns', expected['resetTimeout.initial'], value)
}

/**
 * What `timeout` says, in milliseconds, of one that is learned the longest, and how that is done: an object with
 * everything in it, or undefined. Throws a TypeError that names the field which makes no sense.
 */
function readTimeout (value) {
  if (!isAdaptive('timeout', value)) return { ms: readNumber('timeout', value), learned: undefined }
  const { adaptive, min, max, multiplier, quantile, ...others } = value
  refuseUnknown('timeout', others, 'adaptive, min, max, multiplier and quantile')
  const least = readOr('timeout.min', min, undefined)
  const longest = readOr('timeout.max', max, Math.max(DEFAULTS.timeout, least ?? 0))
  const shortest = least ?? Math.min(SHORTEST_LEARNED, longest)
  if (longest < shortest) {
    throw new TypeError(`options.timeout.max must not be below options.timeout.min; got ${longest} and ${shortest}`)
  }
  return {
    ms: longest,
    learned: {
      min: shortest,
      max: longest,
      multiplier: readNumber('timeout.multiplier', multiplier),
      quantile: readNumber('timeout.quantile', quantile)
    }
  }
}

/** What `capacity` says, as `readTimeout`: how many calls and, where that adapts, in what bounds. */
function readCapacity (value) {
  if (!isAdaptive('capacity', value)) return { calls: readNumber('capacity', value), bounds: undefined }
  const { adaptive, min, max, initial, ...others } = value
  refuseUnknown('capacity', others, 'adaptive, min, max and initial')
  const least = readNumber('capacity.min', min)
  const first = readOr('capacity.initial', initial, undefined)
  const most = readOr('capacity.max', max, Math.max(MOST_CALLS, least, first ?? 0))
  if (most < least) {
    throw new TypeError(`options.capacity.max must not be below options.capacity.min; got ${most} and ${least}`)
  }
  if (first < least || first > most) {
    throw new TypeError(`options.capacity.initial must not be outside options.capacity.min and max; got ${first}, and ${least} to ${most}`)
  }
  return { calls: most, bounds: { min: least, max: most, initial: first ?? Math.min(Math.max(FIRST_CALLS, least), most) } }
}

// Whether an option is an object that says so: one that does not is none at all.
function isAdaptive (name, value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  if (value.adaptive !== true) refuse(`options.${name}.adaptive`, expected[`${name}.adaptive`], value.adaptive)
  return true
}

/** Whether failures are a share of outcomes where nothing else is said: so that refusals do not open the circuit. */
function judgesOutcomes ({ capacity, rateOf }) {
  return rateOf ? rateOf === 'outcomes' : typeof capacity === 'object' && capacity !== null
}

const SHORTEST_LEARNED = 50
const MOST_CALLS = 1000
const FIRST_CALLS = 20

// That of Finagle.
const LONGEST_WAIT = 300_000

// A field without a default.
function readField (name, value) {
  return NUMBERS[name](value) ?? refuse(`options.${name}`, expected[name], value)
}

// One whose default depends on others.
function readOr (name, value, otherwise) {
  return value == null ? otherwise : readField(name, value)
}

/** The labels of a breaker, each name with its value behind it. */
function readLabels (given) {
  if (given === undefined || given === null) return []
  const entries = isObject(given) && !Array.isArray(given) ? Object.entries(given) : undefined
  if (!entries?.every(isLabel) || entries.length > labels.MOST_LABELS) refuse('options.labels', expected.labels, given)
  return entries.flat()
}

function isLabel ([name, value]) {
  return /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && !labels.OWN_LABELS.includes(name) &&
    typeof value === 'string' && value.length <= labels.MOST_CHARACTERS
}

function refuseUnknown (option, others, known) {
  const [name] = Object.keys(others)
  if (name !== undefined) throw new TypeError(`options.${option} has no ${name}: it may have ${known}`)
}

/**
 * Fills in the defaults, on the user's own object: it stays the breaker's live options. Where
 * that cannot be written to, on a copy. Throws a TypeError for the first option that makes no
 * sense.
 */
function prepare (given) {
  if (given === null || typeof given !== 'object') refuse('options', 'an object', given)
  noteNames(given)
  const options = completeOrCopy(given)
  noteDeprecated(options)
  return options
}

function completeOrCopy (given) {
  if (!Object.isExtensible(given)) return complete(copyOf(given))
  try {
    return complete(given)
  } catch (error) {
    if (isWritable(given)) throw error
    return complete(copyOf(given))
  }
}

/** Fills in the defaults where they are left out. Throws a TypeError for the first that makes no sense. */
function complete (options) {
  expect('preset', options.preset, isPreset)
  if (options.preset) Object.assign(options, presetFor(options.preset, options))
  // Name by name: V8 looks up a name that it knows in a fifth of the time.
  const { ms } = readTimeout(options.timeout)
  options.timeout ??= DEFAULTS.timeout
  readResetTimeout(options.resetTimeout)
  options.resetTimeout ??= DEFAULTS.resetTimeout
  noteShare(readNumber('errorThresholdPercentage', options.errorThresholdPercentage))
  options.errorThresholdPercentage ??= DEFAULTS.errorThresholdPercentage
  readNumber('rollingCountTimeout', options.rollingCountTimeout)
  options.rollingCountTimeout ??= DEFAULTS.rollingCountTimeout
  readNumber('rollingCountBuckets', options.rollingCountBuckets)
  options.rollingCountBuckets ??= DEFAULTS.rollingCountBuckets
  options.cacheTTL ??= DEFAULTS.cacheTTL
  options.cacheGetKey ??= argumentsAsKey
  options.coalesce = isOn('coalesce', options.coalesce)
  // As long as the call that others join may take.
  options.coalesceTTL ??= typeof options.timeout === 'object' ? ms : options.timeout
  readNumber('maxFailures', options.maxFailures)
  readNumber('volumeThreshold', options.volumeThreshold)
  readNumber('consecutiveFailures', options.consecutiveFailures)
  readNumber('slowCallDuration', options.slowCallDuration)
  readNumber('slowCallThresholdPercentage', options.slowCallThresholdPercentage)
  expect('shouldTrip', options.shouldTrip, isFunction)
  expect('classify', options.classify, isFunction)
  expect('rateOf', options.rateOf, isRateOf)
  readLastCalls(options.window)
  readNumber('stallThreshold', options.stallThreshold)
  readNumber('halfOpenCalls', options.halfOpenCalls)
  readNumber('halfOpenThresholdPercentage', options.halfOpenThresholdPercentage)
  readNumber('halfOpenTimeout', options.halfOpenTimeout)
  readNumber('rampUp', options.rampUp)
  expect('probe', options.probe, isFunction)
  expect('random', options.random, isFunction)
  readLabels(options.labels)
  readNumber('cacheTTL', options.cacheTTL)
  readNumber('cacheSize', options.cacheSize)
  readNumber('coalesceTTL', options.coalesceTTL)
  readNumber('coalesceSize', options.coalesceSize)
  options.rollingPercentilesEnabled = isOn('rollingPercentilesEnabled', options.rollingPercentilesEnabled)
  const { calls, bounds } = readCapacity(options.capacity)
  if (bounds === undefined) options.capacity = calls
  options.errorFilter = filterOf(options)
  options.enableSnapshots = isOn('enableSnapshots', options.enableSnapshots)
  readWords(options)
  if (options.metricsOnly && isOn('metricsOnly', options.metricsOnly) && !isOn('enabled', options.enabled)) {
    throw new TypeError('options.metricsOnly counts what options.enabled: false does not: give one of them')
  }
  expect('errorFilter', options.errorFilter, isFunction)
  expect('cacheGetKey', options.cacheGetKey, isFunction)
  if (!Array.isArray(options.coalesceResetOn ?? [])) refuse('options.coalesceResetOn', expected.coalesceResetOn, options.coalesceResetOn)
  expect('timeoutClock', options.timeoutClock, isClock)
  options.coalesceResetOn = options.coalesceResetOn?.filter(reason => RESET_REASONS.includes(reason)) ?? []
  if (options.cacheTransport !== undefined && isOn('cache', options.cache) && !isTransport(options.cacheTransport)) {
    throw new TypeError('options.cacheTransport should be an object with `get`, `set` and `flush` methods')
  }
  options.rotateBucketController ??= undefined
  expect('rotateBucketController', options.rotateBucketController, isEmitter)
  expect('state', options.state, isObject)
  expect('status', options.status, isObject)
  checkCombinations(options)
  prepareAbort(options)
  return options
}

// 0 and 1 are percentages that somebody may mean.
function noteShare (threshold) {
  if (threshold > 0 && threshold < 1) {
    warnOnce(
      'DIDELPHIS_SHARE_AS_PERCENTAGE',
      `options.errorThresholdPercentage is ${threshold}, which is less than one percent: half of the calls are 50`,
      'errorThresholdPercentage'
    )
  }
}

/** Says what opossum says, at each breaker that is given one. */
function noteDeprecated ({ maxFailures }) {
  if (maxFailures) console.error(DEPRECATION)
}

// With what it inherits: options may be an object with getters, of a class.
function copyOf (given) {
  const copy = {}
  for (let object = given; object !== null; object = Object.getPrototypeOf(object)) {
    for (const name of Object.getOwnPropertyNames(object)) {
      if (!(name in copy)) copy[name] = given[name]
    }
  }
  return copy
}

// Asked only when something went wrong: whether what is filled in can be written, which it
// cannot where there is but a getter, a read-only value, be it inherited, or a Proxy's no. One
// that throws says no, too.
function isWritable (given) {
  try {
    return WRITTEN.every(name => !(name in given) || Reflect.set(given, name, given[name]))
  } catch {
    return false
  }
}

const WRITTEN = [
  'rateOf', 'volumeThreshold', 'resetWindowOnClose', 'halfOpenTimeout',
  'timeout', 'resetTimeout', 'errorThresholdPercentage', 'rollingCountTimeout', 'rollingCountBuckets', 'cacheTTL',
  'cacheGetKey', 'coalesce', 'coalesceTTL', 'rollingPercentilesEnabled', 'capacity', 'errorFilter', 'enableSnapshots',
  'coalesceResetOn', 'rotateBucketController', 'allowWarmUp', 'cache', 'enabled', 'metricsOnly', 'stackTraces', 'autoRenewAbortController',
  'abortController'
]

/** A timeout beyond it is none. */
const A_CENTURY = 100 * 365 * 24 * 3_600_000

module.exports = {
  A_CENTURY,
  NO_FILTER,
  complete,
  expect,
  isEmitter,
  isFunction,
  judgesOutcomes,
  noteDeprecated,
  prepare,
  readCapacity,
  readLabels,
  readLastCalls,
  readNumber,
  readQueue,
  readResetTimeout,
  readThrottle,
  readTimeout,
  readVolume,
  readWait,
  refuse,
  refuseUnknown
}

function expect (name, value, holds) {
  if (value && !holds(value)) refuse(`options.${name}`, expected[name], value)
}

function refuse (what, sensible, value) {
  throw new TypeError(`${what} must be ${sensible}; got ${builtins.inspect(value, { depth: 0 })}`)
}

// Numbers, and what a setTimeout or a comparison would take for one: '500'.
function number (value) {
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof parsed === 'number' && !Number.isNaN(parsed) ? parsed : undefined
}

function finite (value, least) {
  const parsed = number(value)
  return Number.isFinite(parsed) && parsed >= least ? parsed : undefined
}

function infinite (value) {
  return number(value) === Infinity ? Infinity : undefined
}

function wait (value) {
  return finite(value, 0) ?? infinite(value)
}

function share (value, most) {
  const parsed = number(value)
  return parsed >= 0 && parsed <= most ? parsed : undefined
}

// What a timeout may be that is learned.
function someTime (value) {
  return ofTimer(value) >= 1e-6 ? ofTimer(value) : undefined
}

function someCalls (value) {
  return positive(value) <= 1_000_000 ? value : undefined
}

// What a timer can hold.
function ofTimer (value) {
  const parsed = finite(value, 0)
  return parsed <= 2 ** 31 - 1 ? parsed : undefined
}

function integer (value) {
  return Number.isInteger(value) ? value : undefined
}

function positive (value) {
  return Number.isInteger(value) && value >= 1 ? value : undefined
}

function buckets (value) {
  return Number.isInteger(value) && value <= 100_000 ? value : undefined
}

function none (value) {
  return value === false || value === 0 || value === '' ? 0 : undefined
}

function isFunction (value) {
  return typeof value === 'function'
}

function isObject (value) {
  return typeof value === 'object'
}

function isRateOf (value) {
  return value === 'fires' || value === 'outcomes'
}

function isClock (value) {
  return value === 'loop' || value === 'wall'
}

function isTransport (value) {
  return isObject(value) && Boolean(value?.get && value.set && value.flush)
}

function isEmitter (value) {
  return isFunction(value.on) && isFunction(value.removeListener)
}
