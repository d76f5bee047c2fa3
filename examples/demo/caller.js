'use strict'

// One library's breaker, the calls that are made through it, and what became of them: in
// slices of time for the pictures, and step by step for the summary.

const http = require('node:http')
const { SLICE } = require('./time')

const OPTIONS = {
  timeout: 300,
  resetTimeout: 1500,
  errorThresholdPercentage: 50,
  volumeThreshold: 10,
  rollingCountTimeout: 1000,
  rollingCountBuckets: 10
}

const OUTCOMES = ['ok', 'failed', 'timed out', 'spared']

class Caller {
  #agent = new http.Agent({ keepAlive: true })
  #breaker
  #calls = []

  /** `url` is called; `time` tells the time and the step of the demo. */
  constructor (name, CircuitBreaker, url, time) {
    this.name = name
    this.time = time
    this.slices = []
    this.records = new Map()
    this.#breaker = new CircuitBreaker(call => this.#request(url, call), OPTIONS)
    for (const event of ['open', 'halfOpen', 'close']) {
      this.#breaker.on(event, () => {
        this.slice().states.push(this.state)
        this.record().changes.push({ event, at: time.now() })
      })
    }
  }

  get state () {
    return this.#breaker.opened ? 'open' : this.#breaker.halfOpen ? 'half open' : 'closed'
  }

  /** Makes so many calls. */
  fire (count) {
    for (let i = 0; i < count; i++) this.#calls.push(this.#fire())
  }

  /** When all calls have ended. */
  async ended () {
    await Promise.all(this.#calls)
    this.#breaker.shutdown()
  }

  /** Ends what is still asked of the backend. */
  destroy () {
    this.#agent.destroy()
  }

  /** How many calls there were. */
  get calls () {
    return this.#calls.length
  }

  /** The present slice of time, after those that nobody has looked at. */
  slice () {
    const index = Math.floor(this.time.now() / SLICE)
    while (this.slices.length <= index) {
      this.slices.push({ states: [this.state], ok: 0, failed: 0, 'timed out': 0, spared: 0 })
    }
    return this.slices[index]
  }

  /** What happened in a step, the present one unless another is asked for. */
  record (step = this.time.step) {
    if (!this.records.has(step)) this.records.set(step, { calls: 0, outcomes: {}, falseTimeouts: 0, changes: [] })
    return this.records.get(step)
  }

  async #fire () {
    const record = this.record()
    const call = { record, code: undefined }
    record.calls++
    call.code = await this.#breaker.fire(call).then(() => 'ok', error => error.code ?? error.name)
    const outcome = { ok: 'ok', EOPENBREAKER: 'spared', ETIMEDOUT: 'timed out' }[call.code] ?? 'failed'
    this.slice()[outcome]++
    record.outcomes[outcome] = (record.outcomes[outcome] ?? 0) + 1
  }

  #request (url, call) {
    return new Promise((resolve, reject) => {
      http.get(url, { agent: this.#agent }, response => {
        const took = Number(response.headers['x-took'])
        response.on('error', reject).on('end', () => {
          // The breaker has said that the backend was late. It was not.
          if (call.code === 'ETIMEDOUT' && took < OPTIONS.timeout) call.record.falseTimeouts++
          resolve()
        }).resume()
      }).on('error', reject)
    })
  }
}

module.exports = { Caller, OPTIONS, OUTCOMES }
