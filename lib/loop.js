'use strict'

// What the event loop did: its lag and its stalls, as the loop clock measures them once a
// turn. `CircuitBreaker.loop`; also tells breakers whose users listen to `stall`.

const { EventEmitter } = require('./builtins')
const { emit } = require('./emit')
const { INSPECT, shownAs } = require('./inspect')
const { places: { LAG_BUSY, LAG_MEAN, LAG_QUANTILES, LAG_STALLS, LAG_TOTAL } } = require('./native/abi')
const { loop: clock, quantiles, stat } = require('./native/crossings')
const { handlers } = require('./native/pump')
const { refuse } = require('./options')
const { StallProfile } = require('./stall-profile')

/**
 * Has a breaker emit `stall` for as long as somebody listens to it there. A function, for the
 * loop is shown to users.
 */
let tellToo

class Loop extends EventEmitter {
  // Those whose users listen to stalls: weakly, for a breaker nobody uses is collected.
  #breakers = new Set()
  // While somebody wants to know what held the loop: the profile, and whose it is.
  #profile
  #profiling

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

  /** Has long stalls told with the function that held the loop; `false` ends that. */
  profile (options = {}) {
    if (options === false) return this.#endProfile()
    const above = readAbove(options)
    this.#profile ??= new StallProfile()
    if (this.#profile.runs) clock.lookIntoStalls(above)
    clock.hearStalls(true)
    const profiling = this.#profiling = new Profiling(above, () => {
      if (this.#profiling === profiling) this.#endProfile()
    })
    return profiling
  }

  #endProfile () {
    if (this.#profile === undefined) return
    this.#profile.end()
    this.#profile = this.#profiling = undefined
    clock.lookIntoStalls()
    this.#hearStalls()
  }

  #tellToo (breaker) {
    if (breaker.listenerCount('stall') === 0) this.#breakers.add(new WeakRef(breaker))
    clock.hearStalls(true)
  }

  #tell (length) {
    const heldBy = this.#heldBy(length)
    const told = heldBy === undefined ? [length] : [length, heldBy]
    if (this.listenerCount('stall') > 0) emit(this, 'stall', ...told)
    for (const weak of this.#breakers) {
      const breaker = weak.deref()
      if (breaker !== undefined && breaker.listenerCount('stall') > 0) emit(breaker, 'stall', ...told)
      else this.#breakers.delete(weak)
    }
    this.#hearStalls()
  }

  #heldBy (length) {
    if (!(length >= this.#profiling?.above)) return undefined
    const heldBy = this.#profile.heldBy(length, clock.stallEndedAgo())
    clock.onLongStall(heldBy)
    return heldBy
  }

  #hearStalls () {
    clock.hearStalls(this.#profile !== undefined || this.listenerCount('stall') > 0 || this.#breakers.size > 0)
  }
}

/** What `profile` gives: whoever holds it can end it, for as long as nobody has asked anew. */
class Profiling {
  constructor (above, stop) {
    /** From how many milliseconds on stalls are looked into. */
    this.above = above
    /** Ends it. Needs no `this`. */
    this.stop = stop
  }
}

// What `using` calls at the end of a block, where Node.js knows of it.
if (Symbol.dispose) {
  Object.defineProperty(Profiling.prototype, Symbol.dispose, {
    configurable: true,
    value () { this.stop() },
    writable: true
  })
}

Object.defineProperty(Loop.prototype, INSPECT, {
  configurable: true,
  value: shownAs(loop => loop.toJSON()),
  writable: true
})

const loop = new Loop()

module.exports = { loop, tellToo: breaker => tellToo(loop, breaker) }

function readAbove (options) {
  if (options === null || typeof options !== 'object' || Array.isArray(options)) refuse('options', 'an object or false', options)
  const { above = 200, ...others } = options
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new TypeError(`options.${unknown} is no option of loop.profile(): it knows above`)
  if (typeof above !== 'number' || !(above >= LEAST && above < Infinity)) refuse('options.above', `a number of milliseconds, ${LEAST} or more`, above)
  return above
}

// What is shorter is no stall.
const LEAST = 50

function read (place) {
  clock.read()
  return stat(place)
}
