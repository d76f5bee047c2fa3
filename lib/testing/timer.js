'use strict'

// What the `setTimeout` of a stepped clock gives: what Node's gives, without a hold on the process.

class Timer {
  #clock
  #isRef = true

  constructor (clock, id, callback, wait, args, isRepeated) {
    this.#clock = clock
    this.id = id
    this.callback = callback
    this.args = args
    this.isRepeated = isRepeated
    // As in Node: whole milliseconds, at least one, and one in place of what is too long or no number.
    this.wait = wait >= 1 && wait <= LONGEST ? Math.trunc(wait) : 1
    this.at = 0
  }

  ref () {
    this.#isRef = true
    return this
  }

  unref () {
    this.#isRef = false
    return this
  }

  hasRef () {
    return this.#isRef
  }

  refresh () {
    return this.#clock.refresh(this)
  }

  close () {
    this.#clock.clear(this)
    return this
  }

  [Symbol.toPrimitive] () {
    return this.id
  }
}

if (Symbol.dispose) {
  Object.defineProperty(Timer.prototype, Symbol.dispose, { configurable: true, value () { this.close() }, writable: true })
}

module.exports = { Timer }

const LONGEST = 2 ** 31 - 1
