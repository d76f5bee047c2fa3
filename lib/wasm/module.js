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
    const wake = () => setImmediate(this.#onWakeup)
    this.imports = {
      // Whoever fakes it later does not fake ours.
      now: () => now.call(performance),
      set_timer: surely(ms => this.#setTimer(ms), () => this.#setTimer(0)),
      hold: surely(holds => this.#hold(holds !== 0), () => this.#hold(this.#holds)),
      wake: surely(wake, wake),
      grown: surely(() => this.#look()),
      clock_now: surely(clock => this.#clockNow(clock), undefined, NaN),
      clock_set_timer: surely((clock, ms) => this.#clockSetTimer(clock, ms), undefined, 0),
      clock_drop: surely(clock => this.clocks.delete(clock))
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
    const shown = this.clocks.get(clock).now()
    return typeof shown === 'number' ? shown : NaN
  }

  #clockSetTimer (clock, ms) {
    this.clocks.get(clock).setTimer(ms < 0 ? undefined : ms)
    return 1
  }
}

// What the module calls: where that throws, for a host's clock does or the stack has no room for it, the module is
// told what it is then, and what is to be done all the same is as soon as the stack is empty. Nothing may throw into the module, whose frames would be gone in the middle of what they
// do: that there is room for this much, it has seen.
function surely (act, later, otherwise) {
  return (first, second) => {
    try {
      return act(first, second)
    } catch {
      if (later !== undefined) AT_ONCE.then(later)
      return otherwise
    }
  }
}

const AT_ONCE = Promise.resolve()

// V8 compiles a function as it is called first, which takes more of the stack than all that is asked for.
surely(() => {})()

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
