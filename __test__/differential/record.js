'use strict'

// Runs one scenario on one circuit breaker class and writes down, line by line, what a
// program could have seen of it: events, results, state, statistics. Two classes are
// interchangeable in a scenario when they leave the same lines.
//
// Latencies, times and generated names are no part of that; they are written down as
// what they are, not how much. A scenario keeps to two rules so that its lines are not
// a matter of luck: calls that are in flight together settle in different turns of the
// event loop, and waiting is for a result, an event or a state, not for a time.

const { setImmediate: turn, setTimeout: sleep } = require('timers/promises')
const { inspect } = require('util')

const EVENTS = [
  'fire', 'success', 'failure', 'timeout', 'reject', 'open', 'close', 'halfOpen',
  'fallback', 'semaphoreLocked', 'cacheHit', 'cacheMiss', 'coalesceCacheHit',
  'coalesceCacheMiss', 'healthCheckFailed', 'shutdown'
]
const TRANSITIONS = ['open', 'close', 'halfOpen', 'shutdown']
const EVENTS_WITH_LATENCY = ['success', 'failure', 'timeout', 'semaphoreLocked']
const LATENCY_POSITION = 1

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/
const POLL_MS = 5
const GIVE_UP_MS = 10000

/**
 * Plays a scenario with a class and returns the lines it leaves.
 *
 * With `listening: false` the recorder attaches no listener, so what is left are the
 * results, notes and checkpoints. They must not depend on somebody listening.
 */
async function run (CircuitBreaker, scenario, { listening = true } = {}) {
  const recorder = new Recorder(CircuitBreaker, listening)
  try {
    await Promise.race([recorder.play(scenario), recorder.giveUp()])
    return recorder.lines
  } catch (cause) {
    throw new Error(`${cause.message}; the lines so far:\n${recorder.lines.join('\n')}`, { cause })
  } finally {
    recorder.finish()
  }
}

/** What a scenario is given; its functions may be taken apart from it. */
class Recorder {
  lines = []
  breakers = []

  #listening
  #lastTransition = new Map()
  #over = new AbortController()

  constructor (CircuitBreaker, listening) {
    this.CircuitBreaker = CircuitBreaker
    this.#listening = listening
  }

  // ---- making breakers

  breaker = (...args) => this.adopt(new this.CircuitBreaker(...args))

  /** Records a breaker the scenario has made itself, one of a subclass for example. */
  adopt = breaker => {
    this.breakers.push(breaker)
    if (this.#listening) this.#listenTo(breaker)
    return breaker
  }

  // ---- writing down

  /** Runs `fire` at once; the promise it gives is done when its result is written down. */
  watch = (label, fire) => {
    let promise
    try {
      promise = fire()
    } catch (error) {
      this.#write(`${label} threw`, error)
      return Promise.resolve()
    }
    return Promise.resolve(promise).then(
      value => this.#write(`${label} resolved`, value),
      error => this.#write(`${label} rejected`, error)
    )
  }

  note = (label, ...values) => this.#write(label, ...values)

  /** Writes down the error `make` throws, or that it threw none. */
  refusal = (label, make) => {
    try {
      make()
      this.#write(`${label} threw nothing`)
    } catch (error) {
      this.#write(`${label} threw`, error)
    }
  }

  /** Writes down what every breaker says of itself. */
  checkpoint = label => this.breakers.forEach((breaker, index) => {
    const at = `${label}: #${index + 1}`
    this.#write(`${at} is`, stateOf(breaker))
    this.#write(`${at} restores from`, describeJSONState(breaker.toJSON().state))
    this.#write(`${at} has counted`, describeStats(breaker.stats))
  })

  // ---- waiting

  sleep = ms => sleep(ms)

  /** Lets everything that has been resolved, rejected or thrown come to rest. */
  settle = async () => {
    await turn()
    await turn()
  }

  defer = () => {
    const deferred = {}
    deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }))
    return deferred
  }

  until = async condition => {
    while (!condition() && !this.#over.signal.aborted) await sleep(POLL_MS)
  }

  // The state may be seen before its event is heard where it follows the clock.
  halfOpened = breaker => this.until(() => breaker.halfOpen && this.#hasHeard(breaker, 'halfOpen'))

  // ---- called by run

  async play (scenario) {
    await scenario(this)
    await this.settle()
    this.checkpoint('at the end')
  }

  async giveUp () {
    await sleep(GIVE_UP_MS, null, { signal: this.#over.signal })
    throw new Error('The scenario does not end')
  }

  finish () {
    this.#over.abort()
    for (const breaker of this.breakers) breaker.shutdown()
  }

  // ---- inside

  #write (text, ...values) {
    if (this.#over.signal.aborted) return
    const described = values.map(value => oneLine(describe(value, this.CircuitBreaker)))
    this.lines.push([text, described.join(', ')].join(' ').trim())
  }

  #listenTo (breaker) {
    const number = this.breakers.length
    for (const event of EVENTS) {
      breaker.on(event, (...args) => {
        if (TRANSITIONS.includes(event)) this.#lastTransition.set(breaker, event)
        this.#write(`#${number} emits ${event}`, ...withoutLatency(event, known(event, args)))
      })
    }
  }

  #hasHeard (breaker, transition) {
    return !this.#listening || this.#lastTransition.get(breaker) === transition
  }
}

function stateOf (breaker) {
  const { closed, opened, halfOpen, pendingClose, enabled, warmUp, isShutdown } = breaker
  const permits = breaker.semaphore.count
  return without(false, { closed, opened, halfOpen, pendingClose, enabled, warmUp, isShutdown, permits })
}

function describeJSONState (state) {
  return without(false, {
    ...state,
    name: generalName(state.name),
    lastTimerAt: Number.isFinite(state.lastTimerAt) ? '<time>' : state.lastTimerAt
  })
}

function describeStats ({ latencyTimes, latencyMean, percentiles, ...counts }) {
  return {
    ...without(0, counts),
    latencyTimes: latencyTimes.length,
    latencyMean: measured(latencyMean),
    percentiles: [...new Set(Object.values(percentiles).map(measured))]
  }
}

// Short lines are readable ones. That no key is missing is a scenario of its own.
function without (unremarkable, object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== unremarkable))
}

// -1 is no measurement but says that nothing is measured.
function measured (value) {
  return Number.isFinite(value) && value >= 0 ? '<measured>' : value
}

// Why a circuit opened, ours alone says.
function known (event, args) {
  return event === 'open' ? [] : args
}

function withoutLatency (event, args) {
  if (!EVENTS_WITH_LATENCY.includes(event)) return args
  const latency = args[LATENCY_POSITION]
  const described = Number.isInteger(latency) && latency >= 0 ? '<latency>' : latency
  return args.map((arg, position) => position === LATENCY_POSITION ? described : arg)
}

function generalName (name) {
  return UUID.test(name) ? '<uuid>' : name
}

function describe (value, CircuitBreaker) {
  if (value instanceof Error) return describeError(value, CircuitBreaker)
  if (value instanceof CircuitBreaker) return '<breaker>'
  if (value instanceof Promise) return '<promise>'
  if (typeof value === 'function') return '<function>'
  if (Array.isArray(value)) return value.map(item => describe(item, CircuitBreaker))
  if (isPlainObject(value)) return mapValues(value, item => describe(item, CircuitBreaker))
  return value
}

function describeError (error, CircuitBreaker) {
  const { name, message, code } = error
  // Without its symbols: by which mark a class knows its errors is its own affair. What they
  // say of the breaker and the loop, ours alone say.
  const { breaker, retryAfter, stalled, ...fields } = Object.fromEntries(Object.entries(error))
  return { error: name, message, code, ours: CircuitBreaker.isOurError(error), ...fields }
}

function isPlainObject (value) {
  return value !== null && typeof value === 'object' &&
    Object.getPrototypeOf(value) === Object.prototype
}

function mapValues (object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))
}

function oneLine (value) {
  return inspect(value, { sorted: true, depth: 8, compact: true, breakLength: Infinity, maxArrayLength: null })
}

module.exports = { run, describeStats, generalName }
