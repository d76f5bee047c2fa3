'use strict'

// The options that users may change on a living `breaker.options`: how a change is
// noticed, and told to the native half. Used by the class and the way of a call.

const { throwAsync } = require('./emit')
const { nativeOptions: places } = require('./native/abi')
const { changeLiveOptions } = require('./native/instances')
const { liveOptions, putLiveOptions } = require('./native-options')

/** Takes over what has changed. Throws a TypeError if it makes no sense. */
function applyLiveOptions (breaker, inner) {
  if (inner.invalid || haveChanged(breaker.options, inner.liveOptions)) setLiveOptions(inner, copyOf(breaker.options))
}

/**
 * The same as a call ends, which nothing may keep from doing so: nonsense is an error of
 * whoever fires next, and what has begun goes on with the options that were. What getters
 * throw surfaces.
 */
function tryApplyLiveOptions (breaker, inner) {
  let given
  try {
    given = copyOf(breaker.options)
  } catch (error) {
    return throwAsync(error)
  }
  const changed = haveChanged(given, inner.liveOptions) || given.maxFailures !== inner.liveOptions.maxFailures
  if (!changed) return
  try {
    setLiveOptions(inner, given)
  } catch {
    inner.invalid = true
  }
}

/** @param {import('./inner').Inner} inner */
function setLiveOptions (inner, given) {
  putLiveOptions(inner.nativeOptions, liveOptions(given))
  changeLiveOptions(inner.handle, inner.nativeOptions)
  noteLiveOptions(inner, given)
}

/** Notes what the native half has been told, and what of it was given. */
function noteLiveOptions (inner, given) {
  const timeout = inner.nativeOptions[places.TIMEOUT]
  inner.liveOptions = copyOf(given)
  inner.timed = timeout > 0 && timeout < Infinity
  inner.learnsTimeout = inner.nativeOptions[places.TIMEOUT_ADAPTS] !== 0
  inner.invalid = false
}

function copyOf ({ errorFilter, errorThresholdPercentage, maxFailures, resetTimeout, timeout }) {
  return { errorFilter, errorThresholdPercentage, maxFailures, resetTimeout, timeout }
}

function haveChanged (options, seen) {
  return options.timeout !== seen.timeout || options.resetTimeout !== seen.resetTimeout ||
    options.errorThresholdPercentage !== seen.errorThresholdPercentage ||
    options.errorFilter !== seen.errorFilter
}

module.exports = { applyLiveOptions, noteLiveOptions, tryApplyLiveOptions }
