'use strict'

// The module of WebAssembly, instantiated: what it is given of JavaScript (a clock, a timer, the
// clocks of tests), and the memory that both sides see. One a load of this file. Used by the
// environment.

const { clearTimeout, performance, setImmediate, setTimeout } = require('../builtins')
const { NUMBERS } = require('../native/abi')
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

class Host {
  /** The clocks of tests, by number: what shows the time, and what sets the timer. */
  clocks = new Map()

  #exports
  /** The memory that both sides see, as it is now. */
  shared
  #address
  #onWakeup
  // The one timer; undefined while none is set. One that is about to go off is left alone.
  #timer
  #isSoon = false
  #holds = false
  // What the timer has of this: nothing that keeps it, unless calls wait. A timer lasts for as long as the
  // longest timeout, and whoever forgets a load of the package is to have its memory back before.
  #reached
  #goOff

  constructor (onWakeup) {
    this.#onWakeup = onWakeup
    this.#reached = { weak: new WeakRef(this), held: undefined }
    this.#goOff = wakerOf(this.#reached)
    const { now } = performance
    this.imports = {
      // Whoever fakes it later does not fake ours.
      now: () => now.call(performance),
      set_timer: ms => this.#setTimer(ms),
      hold: holds => this.#hold(holds !== 0),
      wake: () => setImmediate(this.#onWakeup),
      grown: () => this.#look(),
      clock_now: clock => this.#clockNow(clock),
      clock_set_timer: (clock, ms) => this.#clockSetTimer(clock, ms),
      clock_drop: clock => this.clocks.delete(clock)
    }
  }

  begin (exports) {
    this.#exports = exports
    const [high, low] = chance()
    this.#address = exports.begin(high, low)
    const { buffer } = exports.memory
    const numbers = new Float64Array(buffer, this.#address, NUMBERS)
    // With what it is to hold from the beginning on: engines take what never changes for constant.
    this.shared = { numbers, words: new Int32Array(buffer, this.#address, 2 * NUMBERS) }
    return { exports, host: this, shared: this.shared }
  }

  // A memory that has grown is another buffer. Until the environment has begun nobody looks at it.
  #look () {
    if (this.shared === undefined) return
    const { buffer } = this.#exports.memory
    this.shared.numbers = new Float64Array(buffer, this.#address, NUMBERS)
    this.shared.words = new Int32Array(buffer, this.#address, 2 * NUMBERS)
  }

  #setTimer (ms) {
    if (this.#isSoon) return
    clearTimeout(this.#timer)
    // What is nearer than a timer can tell is awaited turn by turn of the loop; which would not wake
    // one that nothing keeps alive.
    if (ms < 1 && this.#holds) {
      this.#isSoon = true
      this.#timer = setImmediate(this.#goOff)
    } else {
      this.#timer = setTimeout(this.#goOff, Math.min(Math.ceil(ms), LONGEST_MS))
      if (!this.#holds) this.#timer.unref?.()
    }
  }

  #hold (holds) {
    this.#holds = holds
    this.#reached.held = holds ? this : undefined
    if (holds) this.#timer?.ref?.()
    else this.#timer?.unref?.()
  }

  onTime () {
    this.#timer = undefined
    this.#isSoon = false
    if (this.#exports.on_time()) this.#onWakeup()
  }

  #clockNow (clock) {
    try {
      const shown = this.clocks.get(clock).now()
      return typeof shown === 'number' ? shown : NaN
    } catch {
      return NaN
    }
  }

  #clockSetTimer (clock, ms) {
    try {
      this.clocks.get(clock).setTimer(ms < 0 ? undefined : ms)
      return 1
    } catch {
      return 0
    }
  }
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
