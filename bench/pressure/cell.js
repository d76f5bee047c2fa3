'use strict'

// One cell of the matrix, in whichever thread calls it: calls through both libraries,
// fired side by side in one loop at one backend, under one kind of stall. What is true
// of a call is judged by what the backend has noted.

const { dice, now, sleep } = require('./clock')
const { LIBRARIES } = require('./libraries')
const { profile } = require('./profile')
const { Ledger, lay } = require('./stalls')
const { TRANSPORTS } = require('./transports')

// How many calls are fired at once through each library; the last of them hangs.
const GUST = { 10: 6, 2_000_000: 3 }

// A call that hangs is given so much longer, by the wall clock and without a stall, to
// be told of its timeout.
const GRACE = 2000

/** Runs a cell. `stop` has the process stopped from outside. */
async function runCell (cell, { options, ports, stop }) {
  const { answer, budget, run, seed, share, timeout } = cell
  const transport = TRANSPORTS[cell.transport](ports)
  const control = TRANSPORTS.http(ports)
  const ledger = new Ledger()
  const delay = Math.round(timeout * share)
  const count = cell.gust ?? GUST[answer]
  const roll = dice(seed)
  let calls = 0
  const get = delay => {
    const id = `${run}.${calls++}`
    return { id, done: transport.get(`/${id}/${delay}/${answer}`) }
  }

  const margin = await calibrate()
  const subjects = Object.entries(LIBRARIES).map(([name, path]) =>
    new Subject(name, require(path), { timeout, options, get }))
  const fire = () => {
    for (let i = 0; i < count; i++) {
      for (const subject of i % 2 ? subjects : subjects.toReversed()) {
        if (i === count - 1) subject.fire(-1, 1)
        else subject.fire(delay, answer > 10 ? 1 : 1 + i % 2)
      }
    }
  }

  const until = now() + budget
  const client = { get: wait => control.get(`/${run}.control/${wait}/1`) }
  const endProfile = cell.profile && await profile()
  for (let round = 0; round < cell.rounds || now() < until; round++) {
    fire()
    const wait = cell.early ? 0 : Math.max(2, Math.round(delay * 0.4))
    await lay({ ...cell, wait }, { client, every: timeout / 2, fire, ledger, roll, stop })
    await Promise.race([Promise.all(subjects.map(subject => subject.told())), sleep(2 * timeout + GRACE)])
    await control.get(`/release/${run}`)
    await Promise.all(subjects.map(subject => subject.answered()))
  }

  const took = endProfile && await endProfile()
  const notes = await (await fetch(`${control.origin}/notes/${run}`)).json()
  transport.close()
  return { margin, took, results: subjects.map(subject => subject.judge(notes, ledger, margin)) }

  // How long after it was sent an answer is read where nothing is in its way: by the
  // median of a few gusts, and half as much again for the luck of the others.
  async function calibrate () {
    const worst = []
    const gust = async () => {
      const asked = Array.from({ length: 2 * count }, () => get(delay))
      const read = await Promise.all(asked.map(({ done }) => done.then(now)))
      const notes = await (await fetch(`${control.origin}/notes/${run}`)).json()
      worst.push(Math.max(...asked.map(({ id }, i) => read[i] - notes[id].sent)))
    }
    for (let i = 0; i < 5; i++) await gust()
    return 2 + 1.5 * worst.slice(2).sort((a, b) => a - b)[1]
  }
}

class Subject {
  #calls = []
  #told = []
  #openings = []

  constructor (name, Breaker, { timeout, options, get }) {
    this.name = name
    this.timeout = timeout
    const ask = async (call, delay) => {
      const { id, done } = get(delay)
      call.ids.push(id)
      return done
    }
    this.breaker = new Breaker((call, delay) => {
      call.action = call.asks === 1 ? ask(call, delay) : ask(call, delay / 2).then(() => ask(call, delay / 2))
      return call.action
    }, { timeout, ...(name === 'didelphis' && options) })
    this.breaker.on('open', () => this.#openings.push(now()))
  }

  // Every other call for a small answer asks the backend twice: it needs the loop again after a stall.
  fire (delay, asks) {
    const { breaker } = this
    // So that what comes after a false opening is seen too.
    if (breaker.opened) breaker.close()
    const call = { asks, hangs: delay === -1, fired: now(), ids: [] }
    const told = code => {
      call.told = now()
      call.code = code
    }
    this.#told.push(breaker.fire(call, delay).then(() => told('OK'), error => told(error.code ?? error.message)))
    this.#calls.push(call)
  }

  /** Once the breaker has told every caller how it went. */
  async told () {
    await Promise.all(this.#told)
    this.#told = []
  }

  /** Once the backend has answered every call, whatever was told of it. */
  async answered () {
    await this.told()
    await Promise.all(this.#calls.map(({ action }) => action))
  }

  judge (notes, ledger, margin) {
    const { name, timeout } = this
    const result = {
      name, calls: 0, judged: 0, falsely: 0, opened: 0, hung: 0, missed: 0, refused: 0, delayed: 0, delayedLate: 0, errors: [], late: [], after: []
    }
    for (const call of this.#calls) {
      const { asks, code, fired, hangs, ids, told } = call
      const asked = ids.map(id => notes[id])
      const note = asked.at(-1)
      result.calls++
      call.truly = code === 'ETIMEDOUT'
      if (code === 'EOPENBREAKER') result.refused++
      else if (code !== 'OK' && code !== 'ETIMEDOUT') result.errors.push(code)
      if (note === undefined) continue
      if (hangs) {
        result.hung++
        if (code !== 'ETIMEDOUT') {
          result.missed++
          continue
        }
        // By the wall clock, and in loop time.
        result.after.push(told - fired - timeout)
        result.late.push(told - fired - timeout - ledger.stalled(fired, told))
        continue
      }
      // What backend and network took. A loop that was stalled could not send; one that
      // was busy in pieces too short for a stall could, and what it sent late counts.
      const took = note.sent - fired - ledger.stalled(fired, note.received)
      const late = code === 'ETIMEDOUT'
      const network = asks * margin
      if (took + network <= timeout) {
        result.judged++
        result.falsely += Number(late)
        call.truly = false
      } else if (asked.reduce((sum, { received, sent }) => sum + sent - received, network) <= timeout) {
        result.delayed++
        result.delayedLate += Number(late)
      }
    }
    result.opened = this.#openings.filter(at => !this.#isDue(at)).length
    return result
  }

  // Whether the true timeouts by then are reason enough for the circuit to be open: on a
  // busy machine the backend may be late, too.
  #isDue (at) {
    const recent = this.#calls.filter(({ fired }) => fired <= at && fired > at - WINDOW)
    const failures = recent.filter(({ told, truly }) => truly && told <= at + 5)
    return failures.length > recent.length / 2
  }
}

// The defaults of both libraries.
const WINDOW = 10_000

module.exports = { runCell }
