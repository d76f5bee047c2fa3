'use strict'

// The calls of a cell through one library, and what became of them, judged by what the
// backend and the journal have noted.

const { now } = require('../clock')

class Calls {
  #calls = []
  #told = []
  #openings = []

  /**
   * `get` sends a request that is answered after so many milliseconds, or never with -1. A
   * call makes so many of them, one after another, of `timeout * share` together; where the
   * backend hangs, the last one does.
   */
  constructor (name, Breaker, get, { backend, legs, share, timeout }, options) {
    this.name = name
    this.timeout = timeout
    this.hangs = backend === 'hangs'
    const delay = Math.round(timeout * share / legs)
    const action = async call => {
      for (let leg = 1; leg <= legs; leg++) {
        const { id, done } = get(this.hangs && leg === legs ? -1 : delay)
        call.ids.push(id)
        await done
      }
    }
    // Where all calls hang, each is to be told so.
    this.breaker = new Breaker(action, { timeout, ...(this.hangs && { errorThresholdPercentage: 100 }), ...options })
    this.breaker.on('open', () => this.#openings.push(now()))
  }

  fire () {
    const { breaker } = this
    // So that what comes after a false opening is seen too.
    if (breaker.opened) breaker.close()
    const call = { fired: now(), ids: [] }
    const told = (code, error) => {
      call.told = now()
      call.code = code
      call.stalled = error?.stalled
    }
    this.#calls.push(call)
    this.#told.push(breaker.fire(call).then(() => told('OK'), error => told(error.code ?? error.message, error)))
  }

  get count () {
    return this.#calls.length
  }

  /** Once every caller has been told how it went. */
  told () {
    return Promise.all(this.#told)
  }

  /** When the call has to be told of its timeout, which it deserves. */
  #bound ({ fired }, journal, { forgiven }) {
    return journal.awake(journal.due(fired, this.timeout, forgiven), LOOK * journal.turn + SLACK)
  }

  judge (notes, journal, { forgiven, margin, until }) {
    const { hangs, name, timeout } = this
    const result = {
      name, calls: 0, judged: 0, falsely: 0, opened: 0, hung: 0, missed: 0, late: [], bound: [], over: [], phantom: 0, errors: []
    }
    for (const call of this.#calls) {
      const { code, fired, ids, stalled, told } = call
      result.calls++
      call.truly = code === 'ETIMEDOUT'
      if (code !== undefined && code !== 'OK' && code !== 'ETIMEDOUT') result.errors.push(code)
      if (call.truly && told - fired < timeout - EARLY) result.errors.push('early')
      if (call.truly && stalled > 0) result.phantom = Math.max(result.phantom, stalled - journal.forgiven(fired, told, Infinity))
      if (hangs) {
        result.hung++
        const bound = this.#bound(call, journal, { forgiven })
        // What is told once the pressure is over has been missed under it.
        if (code !== 'ETIMEDOUT' || told > until) {
          if (until > bound) result.missed++
          else result.hung--
          continue
        }
        result.late.push(told - fired - timeout)
        result.bound.push(bound - fired - timeout)
        result.over.push(told - bound)
        continue
      }
      const note = notes[ids.at(-1)]
      if (note === undefined) continue
      // By the wall clock, or leaving out what was in the way of the requests.
      const took = note.sent - fired - journal.forgiven(fired, note.received, forgiven)
      if (took + ids.length * margin > timeout) continue
      result.judged++
      result.falsely += Number(call.truly)
      if (call.code === undefined) result.errors.push('never told')
      call.truly = false
    }
    if (!hangs) result.opened = this.#openings.filter(at => !this.#isDue(at)).length
    return result
  }

  // Whether the true timeouts by then are reason enough for the circuit to be open.
  #isDue (at) {
    const recent = this.#calls.filter(({ fired }) => fired <= at && fired > at - WINDOW)
    const failures = recent.filter(({ told, truly }) => truly && told <= at + 5)
    return failures.length > recent.length / 2
  }
}

// What a true timeout may be late by, on top of what was forgiven: turns, and ms.
const LOOK = 5
const SLACK = 50

// Node's timers, by which a peer counts, may be a millisecond early.
const EARLY = 1.5

// The defaults of both libraries.
const WINDOW = 10_000

module.exports = { Calls, LOOK, SLACK }
