'use strict'

// What a breaker does with calls whatever its state: the words for it, the opening that only a
// hand ends, and the switch that lets every call of the process through. Used by the class.

const { env } = require('./builtins')
const { drainEvents } = require('./drain-events')
const { codes } = require('./native/abi')
const { bypassAll } = require('./native/crossings')

const { IS_CLOSED, IS_ENABLED, IS_FORCED_OPEN, IS_HALF_OPEN, IS_METRICS_ONLY, IS_OPEN, IS_SHUTDOWN } = codes

/** Where a breaker stands, in a word: what its calls meet. */
function stateOf (bits) {
  return (bits & (IS_ENABLED | IS_SHUTDOWN)) === 0 ? 'disabled' : circuitOf(bits)
}

/** The same of its circuit, though calls go by it. */
function circuitOf (bits) {
  if ((bits & IS_FORCED_OPEN) !== 0) return 'forcedOpen'
  if ((bits & IS_METRICS_ONLY) !== 0) return 'metricsOnly'
  if ((bits & IS_CLOSED) !== 0) return 'closed'
  if ((bits & IS_OPEN) !== 0) return 'open'
  return (bits & IS_HALF_OPEN) !== 0 ? 'halfOpen' : 'shutdown'
}

/**
 * Opens the circuit until it is closed by hand, and gives what ends that: when all of those are
 * disposed of that were given since, the last one closes it.
 *
 * @param {import('./inner').Inner} inner
 */
function forceOpen (breaker, inner) {
  // What ended the one before is told before.
  drainEvents(inner.breaker, inner.id)
  const holder = new Holder(breaker, inner)
  if (!breaker.isShutdown) (inner.holders ??= new Set()).add(holder)
  inner.handle.forceOpen()
  drainEvents(inner.breaker, inner.id)
  return holder
}

class Holder {
  #breaker
  #inner

  constructor (breaker, inner) {
    this.#breaker = breaker
    this.#inner = inner
  }

  /** Ends it, as far as this one goes. Once is enough. */
  dispose () {
    const { holders } = this.#inner
    if (holders?.delete(this) && holders.size === 0) this.#breaker.close()
  }
}

// What `using` calls at the end of a block, where Node.js knows of it.
if (Symbol.dispose) {
  Object.defineProperty(Holder.prototype, Symbol.dispose, { configurable: true, value: Holder.prototype.dispose, writable: true })
}

/** Whether a program was started with all breakers off. */
function isSwitchedOff ({ DIDELPHIS_DISABLED: word = '' }) {
  return !['', '0', 'false', 'no', 'off'].includes(word.toLowerCase())
}

if (isSwitchedOff(env)) bypassAll(true)

module.exports = { bypassAll, circuitOf, forceOpen, stateOf }
