'use strict'

// What retries are paid from, as users hold it to have several breakers share one. Used by the
// class, and by whoever reads the option.

const { RetryBudget: NativeBudget } = require('./native/load')

// In the registry of symbols, for there may be two loads of this module: a budget of the other one
// is to be told from an object with options.
const BUDGET = Symbol.for('didelphis.retryBudget')

class RetryBudget {
  #native
  #ratio
  #minPerSecond

  constructor (ratio, minPerSecond) {
    this.#native = new NativeBudget(ratio, minPerSecond)
    this.#ratio = ratio
    this.#minPerSecond = minPerSecond
  }

  get ratio () {
    return this.#ratio
  }

  get minPerSecond () {
    return this.#minPerSecond
  }

  /** The native half; undefined for what is no budget of this load. */
  static nativeOf (budget) {
    return #native in budget ? budget.#native : undefined
  }

  /** Whether it is one, of any load. */
  static is (value) {
    return value?.[BUDGET] === true
  }
}

Object.defineProperty(RetryBudget.prototype, BUDGET, { value: true })

module.exports = { RetryBudget }
