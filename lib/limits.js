'use strict'

// The limits that users may change on a living `breaker.options`: how a change is
// noticed, and told to the native half. Used by the class and the way of a call.

const { HANDLE, LIMITS, TIMED } = require('./fields')
const { limits } = require('./options')

/** Takes over what has changed. Throws a TypeError if it makes no sense. */
function updateLimits (breaker) {
  if (limitsChanged(breaker)) setLimits(breaker)
}

function setLimits (breaker) {
  const now = limits(breaker.options)
  const { consecutiveFailures, errorThresholdPercentage, resetTimeout, timeout } = now
  breaker[HANDLE].setLimits(timeout, resetTimeout, errorThresholdPercentage, consecutiveFailures)
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

/**
 * The same at a failure, where what only a failure asks for is looked at too: calls that
 * succeed do not pay for it. Nonsense in it is an error of whoever fires next.
 */
function tryUpdateAtFailure (breaker) {
  const seen = breaker[LIMITS]
  if (breaker.options.maxFailures !== seen.maxFailures) breaker[LIMITS] = { ...seen, errorFilter: OUTDATED }
  return tryUpdateLimits(breaker)
}

/** Notes what the native half has been told. */
function noteLimits (breaker, now) {
  const { errorFilter, errorThresholdPercentage, maxFailures, resetTimeout, timeout } = breaker.options
  breaker[LIMITS] = { errorFilter, errorThresholdPercentage, maxFailures, resetTimeout, timeout }
  breaker[TIMED] = now.timeout > 0 && now.timeout < Infinity
}

function limitsChanged ({ options, [LIMITS]: seen }) {
  return options.timeout !== seen.timeout || options.resetTimeout !== seen.resetTimeout ||
    options.errorThresholdPercentage !== seen.errorThresholdPercentage ||
    options.errorFilter !== seen.errorFilter
}

// No filter is this: it tells that there is a change.
const OUTDATED = Symbol('outdated')

module.exports = { noteLimits, tryUpdateAtFailure, tryUpdateLimits, updateLimits }
