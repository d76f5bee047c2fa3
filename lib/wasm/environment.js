'use strict'

// What the addon gives (`src/node/binding.d.ts`), by the module of WebAssembly: the same objects with
// the same methods. Used in the place of the addon where there is none.

const { instantiate } = require('./module')
const { BINS, FINGERPRINT } = require('../native/abi')

// One load of this file is one environment: budgets for retries are made of it, too.
let wasm
let host
let carried

/** Takes the bytes of the module, as text. */
function carry (bytes) {
  carried = bytes
}

/** One load of the module: what all its breakers share. */
class Environment {
  /** The memory that both sides see, as it is now. */
  shared

  constructor (onWakeup) {
    const loaded = instantiate(carried, onWakeup)
    if (loaded.exports.fingerprint() >>> 0 !== FINGERPRINT) {
      throw new Error('didelphis: its WebAssembly is of another version than its JavaScript')
    }
    ;({ host, shared: this.shared } = loaded)
    wasm = Object.fromEntries(Object.entries(loaded.exports).map(([name, call]) => [name, clearly(call)]))
  }

  /** The raw functions. */
  hot () {
    const { abandon, admit, count, delay, enter, expire, leave, poll, settle, state } = wasm
    return {
      abandon,
      admit,
      admitAgain: wasm.admit_again,
      admitWithin: wasm.admit_within,
      count,
      delay,
      enter,
      evaluateTrip: wasm.evaluate_trip,
      expire,
      leave,
      nextOut: wasm.next_out,
      nextUnderWay: wasm.next_under_way,
      nextWakeup: wasm.next_wakeup,
      poll,
      settle,
      state
    }
  }

  create () {
    return made(wasm.create(NONE))
  }

  createHosted (now, setTimer) {
    return made(wasm.create(enter(now, setTimer)))
  }

  /** There is no thread whose work could be done. */
  work () {
    return -1
  }

  hearStalls (wanted) {
    wasm.hear_stalls(wanted)
  }

  readLag () {
    wasm.read_lag()
  }

  /** Something of a call may have been lost: it is looked for in the next turn. */
  look () {
    wasm.look()
  }

  bypassAll (bypassed) {
    wasm.bypass_all(bypassed)
  }

  uuid () {
    const [a, b, c, d] = Array.from({ length: 4 }, () => (wasm.random() >>> 0).toString(16).padStart(8, '0'))
    const variant = '89ab'[parseInt(c[0], 16) & 3]
    return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-${variant}${c.slice(1, 4)}-${c.slice(4)}${d}`
  }

  midpoints () {
    return Array.from({ length: BINS }, (_, bin) => wasm.midpoint(bin))
  }
}

// An engine that has stopped the module in the middle of something has left it as it was there: what touches that
// again traps. Only V8 does so, where a script has used up the `timeout` of `node:vm`.
function clearly (call) {
  if (typeof call !== 'function') return call
  return (...numbers) => {
    try {
      return call(...numbers)
    } catch (error) {
      throw error instanceof /** @type {any} */ (globalThis).WebAssembly.RuntimeError ? stopped(error) : error
    }
  }
}

function stopped (cause) {
  host.letGo()
  const message = 'The WebAssembly of didelphis was stopped in the middle of a call, by a timeout of node:vm, and cannot go on'
  return Object.assign(new Error(`${message} (${cause.message})`, { cause }), { code: 'EINTR' })
}

/** No clock of JavaScript's. */
const NONE = -1

let clocks = 0

// Returns the number of a clock of JavaScript's, which the module gives back.
function enter (now, setTimer) {
  host.clocks.set(++clocks, { now, setTimer })
  return clocks
}

// Those that JavaScript has forgotten.
const forgotten = new FinalizationRegistry(id => wasm.remove(id))

function made (id) {
  if (id < 0) throw new Error('didelphis: a defect')
  host.shared.words[0] = id
  return new Handle(id)
}

/** A breaker; forgotten with the JavaScript object that owns it. */
class Handle {
  #id
  /** What it is called: name, group and labels. */
  names

  constructor (id) {
    this.#id = id
    forgotten.register(this, id)
  }

  get id () {
    return this.#id
  }

  open () { wasm.open(this.#id) }
  close () { wasm.close(this.#id) }
  setEnabled (enabled) { wasm.set_enabled(this.#id, enabled) }
  forceOpen () { wasm.force_open(this.#id) }
  countOnly () { wasm.count_only(this.#id) }
  drain () { wasm.drain(this.#id) }
  shutdown () { wasm.shutdown(this.#id) }
  restoreOpen (remaining) { wasm.restore_open(this.#id, remaining) }
  restoreHalfOpen () { wasm.restore_half_open(this.#id) }
  setLiveOptions () { wasm.set_live_options(this.#id) }
  describe (name, group, labels) { this.names = { name, group, labels } }

  update () {
    if (!wasm.update(this.#id)) throw new Error('didelphis: a defect')
  }

  wait () { return wasm.wait(this.#id) }
  setWait (wait) { wasm.set_wait(this.#id, wait) }
  resumeWaits (attempt, wait) { wasm.resume_waits(this.#id, attempt, wait) }
  attempt () { return wasm.attempt(this.#id) }
  timeoutGiven (permit) { return orNull(wasm.timeout_given(this.#id, permit)) }
  rememberTimeout (timeout) { wasm.remember_timeout(this.#id, timeout) }
  rememberCapacity (limit, usual) { wasm.remember_capacity(this.#id, limit, usual ?? NaN) }
  giveDraw (draw) { wasm.give_draw(this.#id, draw) }

  beginProbe () {
    const permit = wasm.begin_probe(this.#id)
    return permit < 0 ? null : permit
  }

  endProbe (permit, succeeded) { return wasm.end_probe(this.#id, permit, succeeded) !== 0 }
  retryAfter () { return orNull(wasm.retry_after(this.#id)) }
  setSnapshots (wanted) { wasm.set_snapshots(this.#id, wanted) }
  available () { return wasm.available(this.#id) }
  takeCapacity () { return wasm.take_capacity(this.#id) !== 0 }
  releaseCapacity () { return wasm.release_capacity(this.#id) !== 0 }
  queued () { return orNull(wasm.queued(this.#id)) }
  isWaiting () { return wasm.is_waiting(this.#id) !== 0 }
  copyWindow (other) { wasm.copy_window(this.#id, other.id) }
  rotate () { wasm.rotate(this.#id) }
  readStats () { return wasm.read_stats(this.#id) }
  readTrip () { return wasm.read_trip(this.#id) !== 0 }

  judged () {
    wasm.judged(this.#id)
    return [wasm.scratch(0), wasm.scratch(1), wasm.scratch(2)]
  }

  rejection () { return orNull(wasm.rejection(this.#id)) }
  answer (trips) { wasm.answer(this.#id, trips) }

  windowRange () {
    wasm.window_range(this.#id)
    return [wasm.scratch(0), wasm.scratch(1)]
  }

  readBucket (serial) { return wasm.read_bucket(this.#id, serial) !== 0 }
  writeBucket (serial, kind, value) { wasm.write_bucket(this.#id, serial, kind, value) }
  markCircuit (open) { wasm.mark_circuit(this.#id, open) }
  readBucketLatencies (serial) { return wasm.read_bucket_latencies(this.#id, serial) }

  setLatencies (serial, latencies) {
    wasm.begin_list()
    for (const latency of latencies) wasm.push(latency)
    wasm.set_latencies(this.#id, serial)
  }

  record (kind, latencies) {
    wasm.begin_list()
    for (const latency of latencies) wasm.push(latency)
    wasm.record(this.#id, kind ?? -1)
  }

  onTimer () { return wasm.on_timer(this.#id) !== 0 }
  followHost (now, setTimer) { wasm.follow(this.#id, enter(now, setTimer), 0) }
  followLoop (stallThreshold) { wasm.follow(this.#id, NONE, stallThreshold) }

  setRetry (attempts, initial, max, factor, timeout, budget) {
    wasm.set_retry(this.#id, attempts, initial, max, factor, timeout, budget.number)
  }

  clearRetry () { wasm.clear_retry(this.#id) }
  retry (attempts, began, retryAfter) { return wasm.retry(this.#id, attempts, began, retryAfter) }
  admitsRetry () { return wasm.admits_retry(this.#id) !== 0 }
  momentBefore (ms) { return wasm.moment_before(this.#id, ms) }
}

// As the addon gives nothing.
function orNull (number) {
  return Number.isNaN(number) ? null : number
}

const budgetsForgotten = new FinalizationRegistry(number => wasm.remove_budget(number))

/** What retries are paid from. */
class RetryBudget {
  constructor (ratio, perSecond) {
    /** What the module knows it by. */
    this.number = wasm.create_budget(ratio, perSecond)
    budgetsForgotten.register(this, this.number)
  }
}

/** Nobody reads other threads. */
class Readings {
  constructor () {
    throw withCode(new Error('The metrics of all breakers need the native half of didelphis, and this is its WebAssembly: CircuitBreaker.binding says why'))
  }
}

/** There is no thread to serve on. */
class Server {
  constructor () {
    throw withCode(new Error('CircuitBreaker.serve() needs the native half of didelphis, and this is its WebAssembly: CircuitBreaker.binding says why'))
  }
}

function withCode (error) {
  return Object.assign(error, { code: 'ENATIVE' })
}

module.exports = { Environment, Handle, Readings, RetryBudget, Server, carry }
