'use strict'

// opossum, mended: what a random program is compared with. Every way in which ours is to
// differ is in one table here, and nowhere else: opossum is made to do the same, as far as
// its methods and events let us. So all that a program does is compared, also after it has
// come to a place where the two differ.

const Opossum = require('opossum')

/** Why ours differs, by the name under which the reference does the same. */
const MENDS = {
  generations: 'calls of an earlier generation move no state',
  probe: 'a half-open circuit whose probe fails during warm-up opens again',
  hung: 'where nothing else ends a probe that hangs, one more may try after the reset timeout',
  place: 'a probe that finds no place is not spent, and moves no state',
  volume: 'the rate is of the calls that began in the window, or of those that ended in it, whichever are more',
  shutdown: '`open()` and late failures take no breaker out of its shutdown',
  pendingClose: 'a breaker that is shut down waits for no probe',
  warmUp: 'the warm-up of a breaker that is shut down ends, too',
  lastTimerAt: '`lastTimerAt` is the time of opening',
  refused: 'nobody joins a call that `capacity` refused',
  throwing: '`fire` rejects where it threw, with a disabled breaker',
  thrown: 'an action that throws is to `coalesceResetOn` what one that rejects is',
  latencies: 'no bucket keeps latencies that `rollingPercentilesEnabled: false` says are of no interest',
  permits: 'a permit is released before `success` is heard'
}

const NONE = -1
const PENDING_CLOSE = ownSymbol('pending-close')

/** opossum with all mends but one, which is to be seen to matter. */
function reference (left) {
  const mended = name => name !== left

  return class Reference extends Opossum {
    constructor (action, options) {
      const { errorFilter = () => false } = options
      super(function (call) {
        self.generations.set(call.id, self.generation)
        if (self.halfOpen && self.enabled) self.probeBegan()
        try {
          return action.call(this, call)
        } catch (error) {
          self.thrown.add(call)
          throw error
        }
      }, {
        ...options,
        // It is asked of every failure, right before that is announced.
        errorFilter (error, call) {
          if (error.code === 'ESEMLOCKED') {
            self.refused.add(call)
            self.generations.set(call.id, self.lockedIn)
          }
          const filtered = errorFilter(error, call)
          if (filtered) self.ending = { generation: self.generations.get(call.id), released: true }
          return filtered
        }
      })
      const self = this
      // How often the state has moved; and when calls were admitted.
      this.generation = 0
      this.generations = new Map()
      this.lockedIn = 0
      this.refused = new WeakSet()
      this.thrown = new WeakSet()
      this.madeAt = this.openedAt = Date.now()
      // A call that succeeds: set while opossum's own listener is running.
      this.ending = undefined
      this.succeeding = undefined
      // The generation of a call that has failed, until opossum has judged it.
      this.judging = undefined
      // It comes right after opossum's.
      this.on('success', () => { this.succeeding = undefined })
      if (this.options.coalesce) this.mendCoalescing()
      if (!this.options.rollingPercentilesEnabled && mended('latencies')) this.mendLatencies()
      this.mendRelease()
    }

    emit (event, ...args) {
      this.judging = undefined
      if (event === 'success') return this.emitSuccess(args)
      if (event === 'failure') return this.emitFailure(args)
      if (event === 'semaphoreLocked') this.lockOut()
      if (event === 'open' || event === 'close' || event === 'halfOpen') this.generation++
      if (event === 'open') this.openedAt = Date.now()
      return super.emit(event, ...args)
    }

    // The call that is told so is none of any generation, if it was to be a probe.
    lockOut () {
      const kept = this.halfOpen && mended('place')
      this.lockedIn = kept ? NONE : this.generation
      if (kept) this[PENDING_CLOSE] = true
    }

    probeBegan () {
      const { generation, options } = this
      if (options.timeout || !mended('hung')) return
      setTimeout(() => {
        if (generation !== this.generation || this.isShutdown) return
        this[PENDING_CLOSE] = true
        // The state does not move.
        super.emit('halfOpen', options.resetTimeout)
      }, options.resetTimeout)
    }

    emitSuccess (args) {
      const { generation, released } = this.ending ?? { generation: this.generations.get(args[0].call) }
      this.ending = undefined
      this.succeeding = generation
      if (!released && mended('permits')) this.semaphore.release()
      const heard = super.emit('success', ...args)
      this.succeeding = undefined
      if (!released && mended('permits')) this.released = true
      return heard
    }

    emitFailure (args) {
      const heard = super.emit('failure', ...args)
      const generation = this.generations.get(args[2][0].id)
      if (this.warmUp && this.halfOpen && generation === this.generation && mended('probe')) super.open()
      this.judging = generation
      queueMicrotask(() => { this.judging = undefined })
      return heard
    }

    open () {
      const { judging } = this
      this.judging = undefined
      if (this.isShutdown && mended('shutdown')) return
      if (judging !== undefined && judging !== this.generation && mended('generations')) return
      super.open()
    }

    close () {
      const { succeeding } = this
      this.succeeding = undefined
      if (this.isShutdown && mended('shutdown')) return
      if (succeeding !== undefined && succeeding !== this.generation && mended('generations')) return
      super.close()
    }

    fire (call) {
      try {
        return super.fire(call)
      } catch (error) {
        if (!mended('throwing')) throw error
        return Promise.reject(error)
      }
    }

    call (context, call) {
      this.firing = { call, outer: this.firing }
      try {
        return super.call(context, call)
      } finally {
        this.firing = this.firing.outer
      }
    }

    // What opossum judges a failure by.
    get stats () {
      const { stats } = super.status
      if (this.judging === undefined || !mended('volume')) return stats
      const { cacheHits, coalesceCacheHits, failures, fires, rejects, successes } = stats
      return { ...stats, fires: Math.max(fires, failures + successes + rejects + cacheHits + coalesceCacheHits) }
    }

    get pendingClose () {
      return super.pendingClose && !(this.isShutdown && mended('pendingClose'))
    }

    get warmUp () {
      const ended = Date.now() >= this.madeAt + this.options.rollingCountTimeout
      return super.warmUp && !(this.isShutdown && ended && mended('warmUp'))
    }

    toJSON () {
      const json = super.toJSON()
      if (mended('lastTimerAt')) json.state.lastTimerAt = this.openedAt
      return json
    }

    // A call is remembered at the very end of `call`.
    mendCoalescing () {
      const { coalesceCache, coalesceResetOn } = this.options
      const { set } = coalesceCache
      const forget = coalesceCache.delete
      coalesceCache.delete = key => {
        // It is not the refused call that is remembered, but another one.
        if (this.firing && this.refused.has(this.firing.call) && mended('refused')) return
        forget.call(coalesceCache, key)
      }
      coalesceCache.set = (...args) => {
        const { call } = this.firing
        if (this.refused.has(call) && mended('refused')) return
        if (this.thrown.has(call) && coalesceResetOn.includes('error') && mended('thrown')) return
        set.apply(coalesceCache, args)
      }
    }

    mendLatencies () {
      const { status } = this
      const { increment } = status
      status.increment = (...args) => {
        increment.apply(status, args)
        status.window[0].latencyTimes.length = 0
      }
    }

    // The release that opossum makes after `success` has been made before.
    mendRelease () {
      const { release } = this.semaphore
      this.semaphore.release = () => {
        if (!this.released) return release()
        this.released = false
      }
    }
  }
}

function ownSymbol (name) {
  const breaker = new Opossum(() => {})
  breaker.shutdown()
  return Object.getOwnPropertySymbols(breaker).find(({ description }) => description === name)
}

module.exports = { MENDS, reference }
