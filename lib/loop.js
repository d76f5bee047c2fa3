'use strict'

// What the event loop did: its lag and its stalls, as the loop clock measures them once a
// turn. `CircuitBreaker.loop`; also tells breakers whose users listen to `stall`.

const { EventEmitter } = require('./builtins')
const { emit } = require('./emit')
const { INSPECT, shownAs } = require('./inspect')
const { places: { LAG_BUSY, LAG_MEAN, LAG_QUANTILES, LAG_STALLS, LAG_TOTAL } } = require('./native/abi')
const { loop: clock, quantiles, stat } = require('./native/crossings')
const { handlers } = require('./native/pump')

/**
 * Has a breaker emit `stall` for as long as somebody listens to it there. A function, for the
 * loop is shown to users.
 */
let tellToo

class Loop extends EventEmitter {
  // Those whose users listen to stalls: weakly, for a breaker nobody uses is collected.
  #breakers = new Set()

  static {
    tellToo = (loop, breaker) => loop.#tellToo(breaker)
  }

  constructor () {
    super()
    handlers.onStall = length => this.#tell(length)
  }

  /** How long the loop has been busy by now without a look at timers or sockets, in ms. */
  get lag () {
    return read(LAG_BUSY)
  }

  /** How many stalls there were in the last ten seconds. */
  get stalls () {
    return read(LAG_STALLS)
  }

  /** How long they were together, in ms. */
  get stalled () {
    return read(LAG_STALLS + 1)
  }

  /** The length of the longest, in ms. */
  get longestStall () {
    return read(LAG_STALLS + 2)
  }

  /** The mean busy time of the loop's turns in the last ten seconds, in ms. */
  get lagMean () {
    return read(LAG_MEAN)
  }

  /** Quantiles of the same, by quantile, in ms. */
  get percentiles () {
    clock.read()
    return quantiles(LAG_QUANTILES)
  }

  /** The stalls since the module was loaded. */
  get total () {
    clock.read()
    return { stalls: stat(LAG_TOTAL), stalled: stat(LAG_TOTAL + 1), longestStall: stat(LAG_TOTAL + 2) }
  }

  toJSON () {
    const { lag, stalls, stalled, longestStall, lagMean, percentiles, total } = this
    return { lag, stalls, stalled, longestStall, lagMean, percentiles, total }
  }

  on (name, listener) {
    if (name === 'stall') clock.hearStalls(true)
    return super.on(name, listener)
  }

  addListener (name, listener) {
    return this.on(name, listener)
  }

  prependListener (name, listener) {
    if (name === 'stall') clock.hearStalls(true)
    return super.prependListener(name, listener)
  }

  #tellToo (breaker) {
    if (breaker.listenerCount('stall') === 0) this.#breakers.add(new WeakRef(breaker))
    clock.hearStalls(true)
  }

  #tell (length) {
    if (this.listenerCount('stall') > 0) emit(this, 'stall', length)
    for (const weak of this.#breakers) {
      const breaker = weak.deref()
      if (breaker !== undefined && breaker.listenerCount('stall') > 0) emit(breaker, 'stall', length)
      else this.#breakers.delete(weak)
    }
    if (this.listenerCount('stall') === 0 && this.#breakers.size === 0) clock.hearStalls(false)
  }
}

Object.defineProperty(Loop.prototype, INSPECT, {
  configurable: true,
  value: shownAs(loop => loop.toJSON()),
  writable: true
})

const loop = new Loop()

module.exports = { loop, tellToo: breaker => tellToo(loop, breaker) }

function read (place) {
  clock.read()
  return stat(place)
}
