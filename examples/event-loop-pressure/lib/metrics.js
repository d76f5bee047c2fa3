'use strict'

// What Prometheus is told of the proxy. Used by it alone.

const prometheus = require('prom-client')
const { isLetOff, OUTCOMES, outcomeOf } = require('./verdict')

const STATES = { closed: 0, halfOpen: 1, open: 2 }
const EVENTS = ['fire', 'success', 'failure', 'timeout', 'reject', 'open', 'halfOpen', 'close']

// In seconds, closest around the timeout.
const BUCKETS = [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 1, 1.5, 2, 3, 5]

// For how long the longest response is remembered, in ms.
const LONGEST_OF = 10_000

class Metrics {
  #registry = new prometheus.Registry()
  #recent = []

  /** Of a proxy with that breaker, called so, with that loop clock, and under that pressure. */
  constructor ({ breaker, loop, name, pressure }) {
    const registers = [this.#registry]
    this.#registry.setDefaultLabels({ breaker: name })
    // Memory, CPU, garbage collection, and the lag of the event loop.
    prometheus.collectDefaultMetrics({ register: this.#registry })

    this.state = new prometheus.Gauge({
      name: 'circuit_state',
      help: 'Where the circuit stands: 0 closed, 1 half open, 2 open',
      registers
    })
    this.events = new prometheus.Counter({
      name: 'circuit_events_total',
      help: 'What the breaker emitted, by event',
      labelNames: ['event'],
      registers
    })
    this.calls = new prometheus.Counter({
      name: 'circuit_calls_total',
      help: 'Calls by outcome; a late one is a true timeout, a blamed one a false timeout',
      labelNames: ['outcome'],
      registers
    })
    this.letOff = new prometheus.Counter({
      name: 'circuit_calls_let_off_total',
      help: 'Good answers that the backend gave after the timeout',
      registers
    })
    this.responses = new prometheus.Histogram({
      name: 'proxy_response_seconds',
      help: 'How long /api/data took to answer, by status',
      labelNames: ['status'],
      buckets: BUCKETS,
      registers
    })
    this.#gauge('proxy_response_longest_seconds', 'The longest of them in the last ten seconds', () => this.#longest())
    this.#gauge('pressure_stall_seconds', 'For how long the event loop is held each time',
      () => (pressure.settings?.stall ?? 0) / 1000)
    this.#counter('pressure_stalls_total', 'How many times it was held', () => pressure.stalls)
    this.#counter('pressure_stalled_seconds_total', 'For how long together', () => pressure.stalled / 1000)
    if (loop) {
      this.#counter('circuit_loop_stalls_total', 'Stalls of the event loop that the breaker saw', () => loop.total.stalls)
      this.#counter('circuit_loop_stalled_seconds_total', 'Their length together', () => loop.total.stalled / 1000)
    }

    // A rate needs a beginning: what has not happened yet is counted, too.
    for (const event of EVENTS) {
      this.events.inc({ event }, 0)
      breaker.on(event, () => this.events.inc({ event }))
    }
    for (const outcome of OUTCOMES) this.calls.inc({ outcome }, 0)
    this.state.set(STATES.closed)
    breaker.on('open', () => this.state.set(STATES.open))
    breaker.on('halfOpen', () => this.state.set(STATES.halfOpen))
    breaker.on('close', () => this.state.set(STATES.closed))
  }

  /** A call is over, and what the backend said of it is known. */
  count (call) {
    this.calls.inc({ outcome: outcomeOf(call) })
    if (isLetOff(call)) this.letOff.inc()
  }

  /** A request has been answered. */
  respond (status, ms) {
    this.responses.observe({ status }, ms / 1000)
    this.#recent.push({ at: performance.now(), ms })
    this.#forget()
  }

  /** All of it, in Prometheus' words, and how they are called. */
  async read () {
    return { text: await this.#registry.metrics(), type: this.#registry.contentType }
  }

  #longest () {
    this.#forget()
    return this.#recent.reduce((longest, { ms }) => Math.max(longest, ms / 1000), 0)
  }

  #forget () {
    const since = performance.now() - LONGEST_OF
    const gone = this.#recent.findIndex(({ at }) => at >= since)
    this.#recent.splice(0, gone < 0 ? this.#recent.length : gone)
  }

  #gauge (name, help, read) {
    return new prometheus.Gauge({
      name,
      help,
      registers: [this.#registry],
      collect () { this.set(read()) }
    })
  }

  #counter (name, help, read) {
    return new prometheus.Counter({
      name,
      help,
      registers: [this.#registry],
      collect () {
        this.reset()
        this.inc(read())
      }
    })
  }
}

module.exports = Metrics
