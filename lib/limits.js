'use strict'

// The limits that users may change on a living `breaker.options`: how a change is
// noticed, and told to the native half. Used by the class and the way of a call.

const { surface } = require('./emit')
const { changeLimits } = require('./native/instances')
const { limits } = require('./options')

/** Takes over what has changed. Throws a TypeError if it makes no sense. */
function updateLimits (breaker, inner) {
  if (limitsChanged(breaker.options, inner.limits)) setLimits(inner, copyOf(breaker.options))
}

/**
 * The same as a call ends, which nothing may keep from doing so: nonsense is an error of
 * whoever fires next, and what has begun goes on with the limits that were. What getters
 * throw surfaces.
 */
function tryUpdateLimits (breaker, inner) {
  let given
  try {
    given = copyOf(breaker.options)
  } catch (error) {
    return surface(error)
  }
  const changed = limitsChanged(given, inner.limits) || given.maxFailures !== inner.limits.maxFailures
  if (!changed) return
  try {
    setLimits(inner, given)
  } catch {
    // Only failures look at `maxFailures`, so that calls which succeed do not pay for it:
    // whoever fires next is to see that something has changed.
    inner.limits = { ...inner.limits, errorFilter: OUTDATED }
  }
}

/** @param {import('./inner').Inner} inner */
function setLimits (inner, given) {
  const now = limits(given)
  changeLimits(inner.handle, now)
  noteLimits(inner, given, now)
}

/** Notes what the native half has been told, and what of it was given. */
function noteLimits (inner, given, now) {
  inner.limits = copyOf(given)
  inner.timed = now.timeout > 0 && now.timeout < Infinity
}

function copyOf ({ errorFilter, errorThresholdPercentage, maxFailures, resetTimeout, timeout }) {
  return { errorFilter, errorThresholdPercentage, maxFailures, resetTimeout, timeout }
}

function limitsChanged (options, seen) {
  return options.timeout !== seen.timeout || options.resetTimeout !== seen.resetTimeout ||
    options.errorThresholdPercentage !== seen.errorThresholdPercentage ||
    options.errorFilter !== seen.errorFilter
}

// No filter is this: it tells that there is a change.
const OUTDATED = Symbol('outdated')

module.exports = { noteLimits, tryUpdateLimits, updateLimits }
