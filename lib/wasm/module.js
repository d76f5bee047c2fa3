'use strict'

// The module of WebAssembly, instantiated: what it is given of JavaScript (a clock, a timer, the
// clocks of tests), and the memory that both sides see. One a load of this file. Used by the
// environment.

const { clearTimeout, performance, setImmediate, setTimeout } = require('../builtins')
const { NUMBERS } = require('../native/abi')
const { framesOnStack } = require('../stack-trace')
const { instanceWith } = require('./instance')
const { wakerOf } = require('./waker')

/**
 * Instantiates, at once: no file is read and nothing fetched.
 *
 * @param {string | undefined} carried the bytes, as text
 * @param {() => void} onWakeup called on the loop when there are wake-ups
 */
function instantiate (carried, onWakeup) {
  const host = new Host(onWakeup)
  return host.begin(instanceWith({ host: host.imports }, carried).exports)
}

const NEVER = Infinity
const DONE = Promise.resolve()

// Whoever fakes it later does not fake ours.
const { now } = performance
const present = () => now.call(performance)

class Host {
  /** The clocks of tests, by number: what shows the time, and what sets the timer. */
  clocks = new Map()

  /** The memory that both sides see, as it is now. */
  shared

  #exports
  #address
  // Where the stack of the module begins: there it is whenever nobody is in it.
  #stackBase
  #onWakeup
  // What the module has asked for, and nobody has done yet: a timer for that moment, and to be called as soon as
  // nothing of JavaScript's is on the stack.
  #timerAt = NEVER
  #wakes = false
  #isAsked = false
  // The one timer; undefined while none is set. One that is about to go off is left alone.
  #timer
  #isSoon = false
  #holds = false
  #isGivenUp = false
  // What the timer has of this: nothing that keeps it, unless calls wait. A timer lasts for as long as the
  // longest timeout, and whoever forgets a load of the package is to have its memory back before.
  #reached
  #goOff
  #fulfil = () => this.#doWhatIsAsked()
  #wake = () => {
    try {
      if (!this.#onWakeup()) this.imports.wake()
    } catch (error) {
      this.#onError(error)
    }
  }

  /** What the module calls. None of it throws: its frames would be gone in the middle of what they do. */
  imports = {
    now: present,
    set_timer: ms => {
      this.#timerAt = present() + ms
      this.#askLater()
    },
    hold: holds => {
      this.#holds = holds !== 0
      this.#reached.held = this.#holds ? this : undefined
      this.#askLater()
    },
    wake: () => {
      this.#wakes = true
      this.#askLater()
    },
    grown: () => this.#look(),
    clock_now: clock => {
      try {
        const shown = this.clocks.get(clock).now()
        return typeof shown === 'number' ? shown : NaN
      } catch {
        return NaN
      }
    },
    clock_set_timer: (clock, ms) => {
      try {
        this.clocks.get(clock).setTimer(ms < 0 ? undefined : ms)
        return 1
      } catch {
        return 0
      }
    },
    clock_drop: clock => this.clocks.delete(clock)
  }

  constructor (onWakeup) {
    this.#onWakeup = onWakeup
    this.#reached = { weak: new WeakRef(this), held: undefined }
    this.#goOff = wakerOf(this.#reached)
  }

  begin (exports) {
    // V8 compiles a function as it is called first, which takes more of the stack than the module has seen that
    // there is: so each is called here. Nothing comes of it yet.
    for (const call of Object.values(this.imports)) call(0)
    this.#timerAt = NEVER
    this.#wakes = false
    this.#exports = exports
    this.#stackBase = exports.__stack_pointer.value
    const [high, low] = chance()
    this.#address = exports.begin(high, low)
    const { buffer } = exports.memory
    const numbers = new Float64Array(buffer, this.#address, NUMBERS)
    // With what it is to hold from the beginning on: engines take what never changes for constant.
    this.shared = { numbers, words: new Int32Array(buffer, this.#address, 2 * NUMBERS) }
    return { exports, host: this, shared: this.shared }
  }

  onTime () {
    this.#timer = undefined
    this.#isSoon = false
    const { __stack_pointer: stack } = this.#exports
    const isCut = this.#exports.is_cut() !== 0
    if ((isCut || stack.value !== this.#stackBase) && !isWithin()) {
      // What V8 has thrown away, at the end of the stack or by the timeout of `node:vm`.
      stack.value = this.#stackBase
      if (isCut) this.letGo()
    }
    try {
      if (this.#exports.on_time()) this.#wake()
    } catch (error) {
      this.#onError(error)
    }
  }

  // Where V8 has stopped the module in the middle of something, who fires hears of it: it ends no process.
  #onError (error) {
    if (error.code !== 'EINTR' && error.name !== 'RuntimeError') throw error
    this.letGo()
  }

  /** Some of its calls may never end, for the module cannot go on with them: no process waits for them. */
  letGo () {
    this.#isGivenUp = true
    this.#askLater()
  }

  // A memory that has grown is another buffer. Until the environment has begun nobody looks at it.
  #look () {
    if (this.shared === undefined) return
    const { buffer } = this.#exports.memory
    this.shared.numbers = new Float64Array(buffer, this.#address, NUMBERS)
    this.shared.words = new Int32Array(buffer, this.#address, 2 * NUMBERS)
  }

  // As soon as the stack is empty: Node's timers, where it ends, are left half set.
  #askLater () {
    if (this.#isAsked) return
    DONE.then(this.#fulfil)
    this.#isAsked = true
  }

  #doWhatIsAsked () {
    this.#isAsked = false
    if (this.#wakes) setImmediate(this.#wake)
    this.#wakes = false
    if (this.#timerAt < NEVER) this.#setTimer(Math.max(this.#timerAt - present(), 0))
    this.#timerAt = NEVER
    if (this.#holds && !this.#isGivenUp) this.#timer?.ref?.()
    else this.#timer?.unref?.()
  }

  #setTimer (ms) {
    if (this.#isSoon) return
    clearTimeout(this.#timer)
    // What is nearer than a timer can tell is awaited turn by turn of the loop; which would not wake
    // one that nothing keeps alive.
    this.#isSoon = ms < 1 && this.#holds && !this.#isGivenUp
    this.#timer = this.#isSoon ? setImmediate(this.#goOff) : setTimeout(this.#goOff, Math.min(Math.ceil(ms), LONGEST_MS))
  }
}

// Whether the loop turns inside the module: an action, or a clock, that makes it do so.
function isWithin () {
  return framesOnStack(Infinity).some(frame => frame.includes('wasm-function'))
}

// 64 bits, as two numbers.
function chance () {
  try {
    return globalThis.crypto.getRandomValues(new Uint32Array(2))
  } catch {
    // workerd gives none before the first request.
    return [Math.random() * 2 ** 32, Math.random() * 2 ** 32]
  }
}

// Longer ones JavaScript's timers take for none.
const LONGEST_MS = 2 ** 31 - 1

module.exports = { instantiate }
