'use strict'

// Breakers by key: one for each host, tenant or table of a program, made when it is first asked
// for. A Map to whoever reads it. Used by the class.

const { NONE, IS_CLOSED, IS_FORCED_OPEN, IS_SHUTDOWN, IS_SWITCHED_ON } = require('./native/abi').codes
const { INNER } = require('./inner')
const { nextOut, state } = require('./native/crossings')
const { complete, refuse } = require('./options')
const { presetFor } = require('./presets')

class Registry {
  #CircuitBreaker
  #action
  #breakers = new Map()

  constructor (CircuitBreaker, options) {
    if (options === null || typeof options !== 'object') refuse('options', 'an object', options)
    const { action, defaults = {}, max = Infinity } = options
    if (action !== undefined && typeof action !== 'function') refuse('options.action', 'a function', action)
    if (defaults === null || typeof defaults !== 'object') refuse('options.defaults', 'an object', defaults)
    if (max !== Infinity && !(Number.isInteger(max) && max > 0)) refuse('options.max', 'a whole number of breakers, 1 or more', max)
    // Nonsense is heard of here, and not when the first breaker is made.
    complete({ ...defaults })
    this.#CircuitBreaker = CircuitBreaker
    this.#action = action
    /** What breakers that are made from now on have where they have nothing of their own. */
    this.defaults = { ...defaults }
    /** So many are kept; more, where none of them can go. */
    this.max = max
  }

  /**
   * The breaker of a key, made when it is not there, or has been shut down. Its name is the key,
   * unless options say otherwise.
   */
  for (key, action, options) {
    if (typeof action === 'object' && options === undefined) return this.for(key, undefined, action ?? {})
    const known = this.get(key)
    if (known !== undefined && !known.isShutdown) return known
    const breaker = new this.#CircuitBreaker(action ?? this.#action, this.#optionsOf(key, options ?? {}))
    this.#breakers.delete(key)
    this.#makeRoom()
    this.#breakers.set(key, breaker)
    return breaker
  }

  /** That of a key, if it is there. */
  get (key) {
    const breaker = this.#breakers.get(key)
    if (breaker === undefined) return undefined
    // The last is that which was used last.
    this.#breakers.delete(key)
    this.#breakers.set(key, breaker)
    return breaker
  }

  has (key) {
    return this.#breakers.has(key)
  }

  /** Forgets one; whoever holds it may go on using it. Whether it was there. */
  delete (key) {
    return this.#breakers.delete(key)
  }

  clear () {
    this.#breakers.clear()
  }

  get size () {
    return this.#breakers.size
  }

  keys () {
    return this.#breakers.keys()
  }

  values () {
    return this.#breakers.values()
  }

  entries () {
    return this.#breakers.entries()
  }

  forEach (act, context) {
    for (const [key, breaker] of this.#breakers) act.call(context, breaker, key, this)
  }

  [Symbol.iterator] () {
    return this.entries()
  }

  get [Symbol.toStringTag] () {
    return 'CircuitBreakerRegistry'
  }

  #optionsOf (key, options) {
    if (options === null || typeof options !== 'object') refuse('options', 'an object', options)
    const { timeout, window } = this.defaults
    const said = presetFor(options.preset, { ...options, window: options.window === undefined ? window : options.window }, options.timeout ?? timeout)
    const own = { name: String(key), ...this.defaults, ...said }
    for (const name of Object.keys(options)) if (options[name] !== undefined) own[name] = options[name]
    return own
  }

  // Those that were used longest ago come first. One that guards nothing at the moment and knows
  // of no trouble is as good made anew; of another, what it knows would be forgotten.
  #makeRoom () {
    for (const [key, breaker] of this.#breakers) {
      if (this.#breakers.size < this.max) return
      if (canGo(breaker[INNER])) this.#breakers.delete(key)
    }
  }
}

module.exports = { Registry }

/** @param {import('./inner').Inner} inner */
function canGo ({ id }) {
  const bits = state(id)
  if ((bits & IS_SHUTDOWN) !== 0) return true
  const isClosed = (bits & (IS_CLOSED | IS_FORCED_OPEN | IS_SWITCHED_ON)) === (IS_CLOSED | IS_SWITCHED_ON)
  return isClosed && nextOut(id, 0) === NONE
}
