'use strict'

// A clock that stands still until a test steps it: it takes the place of `setTimeout`, `setInterval`
// and `Date`, and marks them as fake timers are marked, so breakers live by it.

const { setImmediate } = require('../builtins')
const { isDateFaked } = require('../fake-clock')
const { refuse } = require('../options')
const { Timer } = require('./timer')

class SteppedClock {
  #now = Math.floor(Date.now())
  // In the order in which they were set.
  #timers = new Set()
  #ids = 0
  // The step before, which ends first.
  #last = Promise.resolve()
  #restore

  constructor () {
    this.#restore = replaceGlobals(this.#globals())
  }

  /** What `Date.now()` gives. */
  get now () {
    return this.#now
  }

  /** Lets so many ms pass: timers go off, each at its moment, and promises settle after each. */
  step (ms = 0) {
    if (!(typeof ms === 'number' && ms >= 0 && ms < Infinity)) refuse('ms', 'a number of milliseconds', ms)
    const step = this.#last.then(() => this.#walk(ms))
    this.#last = step.catch(() => {})
    return step
  }

  /** Time is what it was. Timers that have not gone off never will. */
  end () {
    this.#timers.clear()
    this.#restore()
  }

  async #walk (ms) {
    const until = this.#now + ms
    await turn()
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#now = next.at
      this.#goOff(next)
      await turn()
    }
    this.#now = until
    await turn()
  }

  /** The timer that goes off first, if that is by then. */
  #next (until) {
    let first
    for (const timer of this.#timers) {
      if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer
    }
    return first
  }

  #goOff (timer) {
    this.#timers.delete(timer)
    if (timer.isRepeated) this.#set(timer)
    Reflect.apply(timer.callback, timer, timer.args)
  }

  #set (timer) {
    this.#timers.delete(timer)
    timer.at = this.#now + timer.wait
    this.#timers.add(timer)
    return timer
  }

  #byId (id) {
    if (typeof id !== 'number' && typeof id !== 'string') return undefined
    for (const timer of this.#timers) if (timer.id === Number(id)) return timer
  }

  #globals () {
    const clock = {
      refresh: timer => this.#set(timer),
      clear: timer => this.#timers.delete(timer)
    }
    const starter = isRepeated => (callback, wait, ...args) => {
      if (typeof callback !== 'function') refuse('callback', 'a function', callback)
      return this.#set(new Timer(clock, ++this.#ids, callback, wait, args, isRepeated))
    }
    const stopper = before => timer => {
      const mine = timer instanceof Timer ? timer : this.#byId(timer)
      // Others were set before the clock was in place.
      if (mine === undefined) before(timer)
      else this.#timers.delete(mine)
    }
    const setTimeout = Object.assign(starter(false), { clock: this })
    Object.defineProperty(setTimeout, PROMISIFIED, {
      value: (wait, value) => new Promise(resolve => { setTimeout(resolve, wait, value) })
    })
    return {
      setTimeout,
      clearTimeout: stopper(globalThis.clearTimeout),
      setInterval: starter(true),
      clearInterval: stopper(globalThis.clearInterval),
      Date: steppedDate(globalThis.Date, this)
    }
  }
}

if (Symbol.dispose) {
  Object.defineProperty(SteppedClock.prototype, Symbol.dispose, { configurable: true, value: SteppedClock.prototype.end, writable: true })
}

/** Stops time, which `step` moves on from now on and `end` lets go again. */
function steppedClock () {
  if (isDateFaked()) throw new Error('Timers are faked already: step the clock that is in place, or end it first')
  return new SteppedClock()
}

module.exports = { steppedClock }

const PROMISIFIED = Symbol.for('nodejs.util.promisify.custom')

// What is due in real life by then: promises, sockets, ticks.
function turn () {
  return new Promise(resolve => { setImmediate(resolve) })
}

/** Puts these in place, and gives what undoes it, for those that are still there. */
function replaceGlobals (globals) {
  const names = Object.keys(globals)
  const before = names.map(name => Object.getOwnPropertyDescriptor(globalThis, name))
  for (const name of names) Object.defineProperty(globalThis, name, { configurable: true, value: globals[name], writable: true })
  return () => names.forEach((name, i) => {
    if (globalThis[name] !== globals[name]) return
    // The global object of a worker inherits its own.
    if (before[i] === undefined) delete globalThis[name]
    else Object.defineProperty(globalThis, name, before[i])
  })
}

// A `Date` of the same kind, so that dates made before are dates.
function steppedDate (Before, clock) {
  const own = { __proto__: null, now: () => clock.now, isFake: true }
  const SteppedDate = new Proxy(Before, {
    apply: () => new Before(clock.now).toString(),
    construct (target, args, called) {
      return Reflect.construct(target, args.length === 0 ? [clock.now] : args, called === SteppedDate ? target : called)
    },
    get: (target, key) => own[key] ?? Reflect.get(target, key)
  })
  return SteppedDate
}
