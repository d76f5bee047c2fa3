'use strict'

// Waiting for a transport that answers later, as one over a network does. Used by `call-cache.js`,
// and only where a `get` has given a promise.
//
// An answer has a deadline as a call has, and for the same reasons in loop time: a stall of the
// loop must not make a miss, and an uncaught exception, of what has long arrived. So it is a
// call, of a breaker that is made for it, guards nothing else and never opens.

const { throwAsync } = require('./emit')
const { isOurError } = require('./errors')
const { INNER } = require('./inner')
const { readTimeout } = require('./options')

// Where calls have none.
const TIMEOUT_MS = 10_000

// The class and the way of a call, which lead here, give themselves.
let CircuitBreaker, fire

/** Takes what the breakers are made of that guard lookups. */
function guardBy (parts) {
  CircuitBreaker = parts.CircuitBreaker
  fire = parts.fire
}

// Promises that transports were given to keep. One that comes back is a result, be it of a null.
const given = new WeakSet()

/** Notes that a transport is given this promise. */
function noteGiven (promise) {
  given.add(promise)
}

/** Whether an answer is still to be waited for. */
function isLater (answer) {
  return typeof answer?.then === 'function' && !given.has(answer)
}

/**
 * A promise of what an answer comes to, which always resolves: to undefined if that rejects or
 * takes too long, and then the reason surfaces.
 */
function waitFor (breaker, inner, answer) {
  const guard = (inner.guard ??= makeGuard(breaker, inner))
  const timeout = inner.timed ? readTimeout(inner.liveOptions.timeout).ms : TIMEOUT_MS
  guard.options.timeout = timeout
  return fire(guard, undefined, undefined, 1, answer).then(undefined, error => {
    throwAsync(isLate(guard, error) ? lateError(inner, timeout) : error)
  })
}

module.exports = { guardBy, isLater, noteGiven, waitFor }

function makeGuard (breaker, inner) {
  const guard = new CircuitBreaker(answer => answer, {
    name: `${inner.name}.cacheTransport.get`,
    errorThresholdPercentage: Infinity,
    rollingPercentilesEnabled: false,
    rollingCountBuckets: 1,
    stallThreshold: inner.stallThreshold,
    timeoutClock: breaker.options.timeoutClock === 'wall' ? 'wall' : 'loop'
  })
  // It is nobody's business.
  guard.hystrixStats.shutdown()
  guard[INNER].isGuard = true
  return guard
}

// A transport may have a breaker of its own.
function isLate (guard, error) {
  return isOurError(error) && error.code === 'ETIMEDOUT' && error.breaker === guard.name
}

function lateError ({ name }, timeout) {
  const message = `options.cacheTransport.get of ${name} gave no answer within ${timeout}ms, which is taken for a miss`
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' })
}
