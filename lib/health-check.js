'use strict'

// Health checks: functions of the user's that are called again and again, and open the
// circuit when they fail. Used by the class.

const { emit } = require('./emit')
const { INNER } = require('./inner')
const { circuitOf } = require('./modes')
const { state } = require('./native/crossings')
const { refuse } = require('./options')

const INTERVAL_MS = 5000

// What a timer can hold; it takes anything beyond for one millisecond.
const LONGEST_MS = 2 ** 31 - 1

/**
 * Checks now, and every `interval` milliseconds until the breaker is shut down. Where a check
 * `closes`, one that passes closes a circuit that is open or half open, unless that is forced.
 */
function startHealthCheck (breaker, check, options) {
  const { interval, closes } = optionsOf(options)
  const ms = interval || INTERVAL_MS
  // In opossum's words.
  if (typeof check !== 'function') throw new TypeError('Health check function must be a function')
  if (!(Number(ms) > 0)) throw new TypeError('Health check interval must be a number')
  if (breaker.isShutdown) return
  const healthCheck = new HealthCheck(breaker, check, closes)
  breaker[INNER].healthChecks = [...(breaker[INNER].healthChecks ?? []), healthCheck]
  healthCheck.start(Math.min(Number(ms), LONGEST_MS))
}

// opossum's is the interval alone.
function optionsOf (options) {
  const isInterval = options === null || typeof options !== 'object' || Array.isArray(options) || Object.keys(options).length === 0
  if (isInterval) return { interval: options, closes: false }
  const { interval, closes = false, ...others } = options
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new TypeError(`Health checks have no option ${unknown}: there are interval and closes`)
  if (typeof closes !== 'boolean') refuse('options.closes', 'true or false', closes)
  return { interval, closes }
}

/** Ends all checks of a breaker. */
function stopHealthChecks (breaker) {
  for (const healthCheck of breaker[INNER].healthChecks ?? []) healthCheck.stop()
  breaker[INNER].healthChecks = undefined
}

class HealthCheck {
  constructor (breaker, check, closes) {
    this.breaker = breaker
    this.check = check
    this.closes = closes
    this.timer = undefined
    this.isRunning = false
    // One is due that waits for the one before.
    this.isDue = false
  }

  start (ms) {
    // The timer must not keep alive a breaker that nobody uses.
    const weak = new WeakRef(this)
    const timer = setInterval(() => {
      const healthCheck = weak.deref()
      if (healthCheck) healthCheck.run()
      else clearInterval(timer)
    }, ms)
    // A faked timer may be a number.
    timer.unref?.()
    this.timer = timer
    this.run()
  }

  stop () {
    clearInterval(this.timer)
    this.isDue = false
  }

  // However long a check takes, there is one at a time: what is checked may be slow because it
  // is ill. Of those that come due meanwhile, one follows.
  async run () {
    this.isDue = true
    if (this.isRunning) return
    this.isRunning = true
    try {
      while (this.isDue) {
        this.isDue = false
        await this.#runOnce()
      }
    } finally {
      this.isRunning = false
    }
  }

  // A check that throws has failed as one that rejects.
  async #runOnce () {
    const { breaker, check } = this
    try {
      // What was well before the circuit opened says nothing.
      const mayClose = this.closes && isTried(breaker[INNER])
      await check.call(breaker)
      if (mayClose && isTried(breaker[INNER])) breaker.close()
    } catch (error) {
      if (breaker.isShutdown) return
      emit(breaker, 'healthCheckFailed', error)
      // Its name in opossum 1: for its listeners, and not for whoever overrides `emit`.
      if (breaker.listenerCount('health-check-failed') > 0) emit(breaker, 'health-check-failed', error)
      breaker.open()
    }
  }
}

function isTried ({ id }) {
  const circuit = circuitOf(state(id))
  return circuit === 'open' || circuit === 'halfOpen'
}

module.exports = { startHealthCheck, stopHealthChecks }
