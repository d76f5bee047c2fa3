'use strict'

// The options as the native half takes them: numbers, each at its place in the border. What a
// user may write for one is read in `options.js`. Used by the class, the status, and by what
// changes options.

const { nativeOptions: places } = require('./native/abi')
const {
  A_CENTURY, expect, isEmitter, isFunction, judgesOutcomes, readCapacity, readLastCalls, readNumber, readQueue,
  readResetTimeout, readThrottle, readTimeout, readVolume
} = require('./options')
const { isOn } = require('./switches')

/**
 * Those of a breaker. Throws a TypeError for the first that makes no sense.
 *
 * @param {any} options
 */
function nativeOptions (options) {
  const numbers = windowNumbers(options)
  putLiveOptions(numbers, liveOptions(options))
  numbers[places.VOLUME_THRESHOLD] = readVolume(options)
  numbers[places.RATE_OF_OUTCOMES] = Number(judgesOutcomes(options))
  numbers[places.LAST_CALLS] = readLastCalls(options.window)
  numbers[places.RESET_WINDOW_ON_CLOSE] = Number(isOn('resetWindowOnClose', options.resetWindowOnClose))
  numbers[places.SLOW_CALL_DURATION] = readNumber('slowCallDuration', options.slowCallDuration)
  numbers[places.SLOW_CALL_THRESHOLD_PERCENTAGE] = readNumber('slowCallThresholdPercentage', options.slowCallThresholdPercentage)
  numbers[places.SHOULD_TRIP] = Number(Boolean(options.shouldTrip))
  numbers[places.CONSECUTIVE_FAILURES] = readNumber('consecutiveFailures', options.consecutiveFailures)
  const throttle = readThrottle(options.throttle)
  numbers[places.THROTTLE_K] = throttle?.k ?? 0
  numbers[places.THROTTLE_MAX_REJECTION] = throttle?.maxRejection ?? 0
  const queue = readQueue(options.queue)
  numbers[places.QUEUE_SIZE] = queue?.size ?? 0
  numbers[places.QUEUE_TIMEOUT] = orForever(queue?.timeout ?? 0)
  putCapacity(numbers, readCapacity(options.capacity))
  numbers[places.WARM_UP] = warmsUp(options) ? readNumber('rollingCountTimeout', options.rollingCountTimeout) : 0
  numbers[places.ENABLED] = Number(isEnabled(options))
  numbers[places.BY_WALL_CLOCK] = Number(options.timeoutClock === 'wall')
  numbers[places.STALL_THRESHOLD] = readNumber('stallThreshold', options.stallThreshold)
  numbers[places.HALF_OPEN_TIMEOUT] = readNumber('halfOpenTimeout', options.halfOpenTimeout)
  numbers[places.RAMP_UP] = readNumber('rampUp', options.rampUp)
  numbers[places.PROBED_BY_HOST] = Number(Boolean(options.probe))
  numbers[places.DRAWS_ARE_GIVEN] = Number(Boolean(options.random))
  numbers[places.HALF_OPEN_CALLS] = readNumber('halfOpenCalls', options.halfOpenCalls)
  numbers[places.HALF_OPEN_THRESHOLD_PERCENTAGE] = readNumber('halfOpenThresholdPercentage', options.halfOpenThresholdPercentage)
  return numbers
}

/** Those of a window that is nobody's: of a breaker without calls. */
function windowNumbers (options) {
  expect('rotateBucketController', options.rotateBucketController, isEmitter)
  const numbers = NO_CALLS.slice()
  numbers[places.ROLLING_COUNT_TIMEOUT] = readNumber('rollingCountTimeout', options.rollingCountTimeout)
  numbers[places.ROLLING_COUNT_BUCKETS] = readNumber('rollingCountBuckets', options.rollingCountBuckets)
  numbers[places.LATENCIES] = Number(isOn('rollingPercentilesEnabled', options.rollingPercentilesEnabled))
  numbers[places.ROTATED_BY_HAND] = Number(Boolean(options.rotateBucketController))
  return numbers
}

/** The part that is looked for on `breaker.options` by every call; the filter is, too. */
function liveOptions ({ errorFilter, timeout, resetTimeout, errorThresholdPercentage, maxFailures }) {
  expect('errorFilter', errorFilter, isFunction)
  return {
    timeout: readTimeout(timeout),
    resetTimeout: readResetTimeout(resetTimeout),
    errorThresholdPercentage: readNumber('errorThresholdPercentage', errorThresholdPercentage),
    maxFailures: readNumber('maxFailures', maxFailures)
  }
}

/** Puts that part into its places among the numbers of `nativeOptions`. */
function putLiveOptions (numbers, live) {
  putTimeout(numbers, live.timeout)
  numbers[places.RESET_TIMEOUT] = live.resetTimeout.initial
  numbers[places.RESET_TIMEOUT_MAX] = live.resetTimeout.max
  numbers[places.RESET_TIMEOUT_FACTOR] = live.resetTimeout.factor
  numbers[places.RESET_TIMEOUT_JITTER] = live.resetTimeout.jitter
  numbers[places.ERROR_THRESHOLD_PERCENTAGE] = live.errorThresholdPercentage
  numbers[places.MAX_FAILURES] = live.maxFailures
}

function putTimeout (numbers, { ms, learned }) {
  numbers[places.TIMEOUT] = orForever(ms)
  numbers[places.TIMEOUT_ADAPTS] = Number(learned !== undefined)
  if (learned === undefined) return
  numbers[places.TIMEOUT_MIN] = learned.min
  numbers[places.TIMEOUT_MAX] = learned.max
  numbers[places.TIMEOUT_MULTIPLIER] = learned.multiplier
  numbers[places.TIMEOUT_QUANTILE] = learned.quantile
}

function putCapacity (numbers, { calls, bounds }) {
  numbers[places.CAPACITY] = calls
  numbers[places.CAPACITY_ADAPTS] = Number(bounds !== undefined)
  if (bounds === undefined) return
  numbers[places.CAPACITY_MIN] = bounds.min
  numbers[places.CAPACITY_MAX] = bounds.max
  numbers[places.CAPACITY_INITIAL] = bounds.initial
}

// One that goes on from an earlier breaker's state does so in this, too.
function warmsUp ({ allowWarmUp, state }) {
  return isOn('allowWarmUp', allowWarmUp) || isOn('state.warmUp', state?.warmUp)
}

function isEnabled ({ enabled, state }) {
  return state ? isOn('state.enabled', state.enabled) : isOn('enabled', enabled)
}

// A timeout that no process lives to see is none.
function orForever (ms) {
  return ms < A_CENTURY ? ms : Infinity
}

const NO_CALLS = new Array(Object.keys(places).length).fill(0)
NO_CALLS[places.MAX_FAILURES] = Infinity
NO_CALLS[places.CONSECUTIVE_FAILURES] = Infinity
NO_CALLS[places.SLOW_CALL_DURATION] = Infinity
NO_CALLS[places.ENABLED] = 1
NO_CALLS[places.STALL_THRESHOLD] = readNumber('stallThreshold')

module.exports = { liveOptions, nativeOptions, putLiveOptions, windowNumbers }
