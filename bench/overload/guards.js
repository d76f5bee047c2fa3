'use strict'

// Who stands between the callers and the backend. Each has a timeout, and a request whose time is up is
// aborted, so that no socket is held for nothing.

const Opossum = require('opossum')
const CircuitBreaker = require('../..')

const TIMEOUT = 500
const QUEUE = { size: 100, timeout: 100 }
const LEARNED = { adaptive: true, min: 50, max: 5000 }
// An outage is looked at often while it lasts.
const SOON = { preset: 'modern', resetTimeout: { initial: 1000, max: 5000 } }
// Who knows that calls take 20 to 60 ms may well set that.
const FIXED = 200

/** By load: what they are called, and their options. */
const GUARDS = {
  flood: {
    none: { name: 'a timeout alone', make: alone(TIMEOUT) },
    opossum: { name: 'opossum', make: withOpossum(TIMEOUT) },
    defaults: { name: 'didelphis, defaults', make: ours({ timeout: TIMEOUT }) },
    modern: { name: "preset: 'modern'", make: ours({ timeout: TIMEOUT, preset: 'modern' }) },
    adaptive: { name: 'adaptive capacity', make: ours({ timeout: TIMEOUT, capacity: { adaptive: true } }) },
    queue: { name: 'adaptive capacity, queue', make: ours({ timeout: TIMEOUT, capacity: { adaptive: true }, queue: QUEUE }) },
    throttle: { name: 'throttle', make: ours({ timeout: TIMEOUT, throttle: true }) },
    together: { name: 'all but the throttle', make: ours({ preset: 'modern', timeout: LEARNED, capacity: { adaptive: true }, queue: QUEUE }) }
  },
  shift: {
    opossum: { name: `opossum, ${FIXED} ms`, make: withOpossum(FIXED) },
    learned: { name: 'learned timeout', make: ours({ ...SOON, timeout: LEARNED }) },
    together: {
      name: 'learned timeout, adaptive capacity, queue',
      make: ours({ ...SOON, timeout: LEARNED, capacity: { adaptive: true }, queue: QUEUE })
    },
    stalled: { name: 'learned timeout, a loop that stalls', make: ours({ ...SOON, timeout: LEARNED }), stall: { ms: 800, every: 4000 } }
  }
}

// `ask(path, signal)` asks the backend. Each `make` returns how to call, and what a guard shows of itself.

function alone (timeout) {
  return ask => ({ fire: path => ask(path, AbortSignal.timeout(timeout)) })
}

function withOpossum (timeout) {
  return ask => {
    const breaker = new Opossum(path => ask(path, AbortSignal.timeout(timeout)), { timeout })
    return { fire: path => breaker.fire(path), end: () => breaker.shutdown() }
  }
}

function ours (options) {
  return ask => {
    const breaker = new CircuitBreaker(path => ask(path, breaker.getSignal()), options)
    return {
      fire: path => breaker.fire(path),
      look: () => ({ limit: breaker.stats.capacityLimit, timeout: breaker.stats.learnedTimeout }),
      end: () => breaker.shutdown()
    }
  }
}

module.exports = { GUARDS }
