'use strict'

// The limits that users may change on a living `breaker.options`: how a change is
// noticed, and told to the native half. Used by the class and the way of a call.

const { HANDLE, LIMITS, TIMED } = require('./fields')
const { limits } = require('./options')

/** Takes over what has changed. Throws a TypeError if it makes no sense. */
function updateLimits (breaker) {
  if (!limitsChanged(breaker)) return
  const now = limits(breaker.options)
  breaker[HANDLE].setLimits(now.timeout, now.resetTimeout, now.errorThresholdPercentage)
  noteLimits(breaker, now)
}

/**
 * The same, but gives the error back: nonsense is an error of whoever fires next, and
 * what has begun goes on with the limits that were.
 */
function tryUpdateLimits (breaker) {
  try {
    updateLimits(breaker)
  } catch (error) {
    return error
  }
}

/** Notes what the native half has been told. */
function noteLimits (breaker, now) {
  const { errorFilter, errorThresholdPercentage, resetTimeout, timeout } = breaker.options
  breaker[LIMITS] = { errorFilter, errorThresholdPercentage, resetTimeout, timeout }
  breaker[TIMED] = now.timeout > 0 && now.timeout < Infinity
}

function limitsChanged ({ options, [LIMITS]: seen }) {
  return options.timeout !== seen.timeout || options.resetTimeout !== seen.resetTimeout ||
    options.errorThresholdPercentage !== seen.errorThresholdPercentage ||
    options.errorFilter !== seen.errorFilter
}

module.exports = { noteLimits, tryUpdateLimits, updateLimits }
