'use strict'

// What happened in the proxy, one thing after another: calls, what the circuit did, and
// by how much the event loop was late. Read by the comparison when all is over.

const now = require('./clock')

// As many of each as an hour of the comparison has; older ones are forgotten.
const KEPT = 200_000

// How often it is looked whether the loop is late, in ms.
const LAG_INTERVAL = 10

class Journal {
  #began = performance.now()
  #underWay = 0
  #looked

  constructor () {
    // Told of each call when all about it is known.
    this.onOver = () => {}
    this.calls = []
    this.circuit = []
    this.lags = []
    this.pressure = []
    this.#look()
  }

  get now () {
    return performance.now() - this.#began
  }

  /** A call of the breaker: `run` starts it, and is given the call to note on it. */
  async follow (run) {
    const call = { at: this.now, began: now(), took: 0, code: undefined, answeredAfter: undefined, backendFailed: undefined }
    let action
    keep(this.calls, call)
    this.#underWay++
    try {
      const result = await run(call, promise => { action = promise; return promise })
      call.code = 'OK'
      return result
    } catch (error) {
      call.code = error.code ?? error.name
      throw error
    } finally {
      call.took = this.now - call.at
      // What the breaker did not wait for tells who was to blame.
      const over = () => {
        this.#underWay--
        this.onOver(call)
      }
      Promise.resolve(action).then(over, over)
    }
  }

  /** The circuit opened, half opened or closed. */
  note (name, stats) {
    const { name: before, at: halfOpenAt } = this.circuit.at(-1) ?? {}
    keep(this.circuit, {
      name,
      at: this.now,
      failures: stats.failures,
      fires: stats.fires,
      halfOpenAt: before === 'halfOpen' ? halfOpenAt : undefined
    })
  }

  /** The loop is held for so long each time from now on; for 0 ms: no more. */
  notePressure (stall) {
    keep(this.pressure, { at: this.now, stall })
  }

  /** Everything, as soon as no call is under way. */
  async read () {
    while (this.#underWay > 0) await new Promise(resolve => setTimeout(resolve, 20))
    const { calls, circuit, lags, pressure } = this
    return { calls, circuit, lags, pressure }
  }

  #look () {
    const now = this.now
    if (this.#looked !== undefined) keep(this.lags, [now, Math.max(0, now - this.#looked - LAG_INTERVAL)])
    this.#looked = now
    setTimeout(() => this.#look(), LAG_INTERVAL).unref()
  }
}

module.exports = Journal

function keep (list, entry) {
  list.push(entry)
  if (list.length > KEPT) list.splice(0, KEPT / 10)
}
