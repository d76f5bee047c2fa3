'use strict'

// The class: what a user holds. What a breaker decides it asks of its native half; what
// happens to a call is in `call.js`.

const { randomUUID } = require('node:crypto')
const { EventEmitter } = require('node:events')
const { prepareAbort, renew } = require('./abort')
const { ANNOUNCE, codes, create, owners, poll, state } = require('./binding')
const { fire, timeOutCall } = require('./call')
const { BUILD, callable } = require('./callable')
const { followClock, noteClock } = require('./clock')
const { emit } = require('./emit')
const { isOurError } = require('./errors')
const {
  CACHE, CALLS, COALESCE_CACHE, FALLBACK, GROUP, HEALTH_CHECKS, HANDLE, ID, LAST_TIMER_AT, NAME, OWNER, SEMAPHORE, STALL_THRESHOLD, STATUS,
  VOLUME_THRESHOLD
} = require('./fields')
const { startHealthCheck, stopHealthChecks } = require('./health-check')
const hystrix = require('./hystrix-stats')
const loop = require('./loop')
const { noteLimits, updateLimits } = require('./limits')
const { forget, prepareMemory } = require('./memo')
const { limits, prepare, readNumber, refuse, windowOptions } = require('./options')
const promisify = require('./promisify')
const Semaphore = require('./semaphore')
const Status = require('./status')

const {
  CLOSED, HALF_OPENED, IS_CLOSED, IS_ENABLED, IS_HALF_OPEN, IS_OPEN, IS_PENDING_CLOSE, IS_SHUTDOWN, IS_WARM_UP,
  NONE, OPENED, SNAPSHOT
} = codes

// Events that opossum itself listens to. Metrics exporters walk `eventNames()` and
// listen to what they find there.
const ALWAYS_NAMED = [
  'success', 'failure', 'fallback', 'timeout', 'fire', 'reject', 'cacheHit', 'cacheMiss', 'coalesceCacheHit',
  'coalesceCacheMiss', 'open', 'close', 'semaphoreLocked'
]

class CircuitBreaker extends EventEmitter {
  static isOurError (error) {
    return isOurError(error)
  }

  static newStatus (options) {
    return new Status(options)
  }

  static promisify (action) {
    return promisify(action)
  }

  static loop = loop

  static get stats () {
    return hystrix.stream()
  }

  // The constructor: `callable` calls it on a new EventEmitter.
  [BUILD] (action, options) {
    if (!action) {
      throw new TypeError('No action provided. Cannot construct a CircuitBreaker without an invocable action.')
    }
    this.options = prepare(options)
    prepareAbort(this.options)
    this.action = typeof action === 'function' ? action : () => Promise.resolve(action)
    this[NAME] = options.name || action.name || randomUUID()
    this[GROUP] = options.group || this[NAME]
    this[VOLUME_THRESHOLD] = readNumber('volumeThreshold', options.volumeThreshold)
    this[FALLBACK] = null
    this[SEMAPHORE] = undefined
    this[STATUS] = undefined
    this[LAST_TIMER_AT] = Date.now()
    this[CACHE] = undefined
    this[COALESCE_CACHE] = undefined
    this[HEALTH_CHECKS] = undefined
    // By permit.
    this[CALLS] = []
    prepareMemory(this)
    noteClock(this)
    connect(this)
    if (options.state) restore(this, options.state)
    hystrix.join(this)
  }

  get name () {
    return this[NAME]
  }

  get group () {
    return this[GROUP]
  }

  get closed () {
    return (state(this[ID]) & IS_CLOSED) !== 0
  }

  get opened () {
    return (state(this[ID]) & IS_OPEN) !== 0
  }

  get halfOpen () {
    return (state(this[ID]) & IS_HALF_OPEN) !== 0
  }

  get pendingClose () {
    return (state(this[ID]) & IS_PENDING_CLOSE) !== 0
  }

  get isShutdown () {
    return (state(this[ID]) & IS_SHUTDOWN) !== 0
  }

  get enabled () {
    return (state(this[ID]) & IS_ENABLED) !== 0
  }

  get warmUp () {
    return (state(this[ID]) & IS_WARM_UP) !== 0
  }

  get volumeThreshold () {
    return this[VOLUME_THRESHOLD]
  }

  get status () {
    return (this[STATUS] ??= new Status(this.options, this, this[HANDLE]))
  }

  get stats () {
    return this.status.stats
  }

  get hystrixStats () {
    return hystrix.statsOf(this)
  }

  get semaphore () {
    return (this[SEMAPHORE] ??= new Semaphore(this[HANDLE]))
  }

  toJSON () {
    return {
      state: {
        name: this.name,
        enabled: this.enabled,
        closed: this.closed,
        open: this.opened,
        halfOpen: this.halfOpen,
        warmUp: this.warmUp,
        shutdown: this.isShutdown,
        lastTimerAt: this[LAST_TIMER_AT]
      },
      status: this.stats
    }
  }

  // `arguments` costs nothing where only its length is asked for; a rest array costs as
  // much as a crossing.
  fire (first, second) {
    // The action is its own `this`, as in opossum. A subclass that overrides `call`
    // expects to see what is fired.
    if (this.call !== plainCall) return this.call(this.action, ...arguments)
    const { length } = arguments
    return fire(this, this.action, length, first, second, length > 2 ? slice.call(arguments) : undefined)
  }

  call (context, ...args) {
    return fire(this, context, args.length, args[0], args[1], args)
  }

  fallback (fallback) {
    if (fallback && typeof fallback !== 'function' && typeof fallback.fire !== 'function') {
      refuse('fallback', 'a function or a CircuitBreaker', fallback)
    }
    this[FALLBACK] = typeof fallback?.fire === 'function' ? (...args) => fallback.fire(...args) : fallback || null
    return this
  }

  open () {
    followClock(this)
    updateLimits(this)
    this[HANDLE].open()
    this[ANNOUNCE]()
  }

  close () {
    this[HANDLE].close()
    this[ANNOUNCE]()
  }

  enable () {
    this[HANDLE].setEnabled(true)
    this[STATUS]?.startListeneningForRotateEvent()
  }

  disable () {
    this[HANDLE].setEnabled(false)
    this[STATUS]?.removeRotateBucketControllerListener()
  }

  shutdown () {
    emit(this, 'shutdown')
    this.disable()
    this.removeAllListeners()
    this[STATUS]?.shutdown()
    this[HANDLE].shutdown()
    stopHealthChecks(this)
    this.clearCache()
  }

  clearCache () {
    forget(this)
  }

  healthCheck (check, interval) {
    startHealthCheck(this, check, interval)
  }

  getSignal () {
    return this.getAbortController()?.signal || undefined
  }

  getAbortController () {
    // The circuit may be half open by the clock, and who asks is about to fire: the
    // controller is renewed as that is announced.
    if (this.options.autoRenewAbortController) this[ANNOUNCE]()
    return this.options.abortController
  }

  on (name, listener) {
    if (name === 'stall') loop.tellToo(this)
    return super.on(name, listener)
  }

  addListener (name, listener) {
    return this.on(name, listener)
  }

  prependListener (name, listener) {
    if (name === 'stall') loop.tellToo(this)
    return super.prependListener(name, listener)
  }

  eventNames () {
    const names = super.eventNames()
    return this.isShutdown ? names : [...new Set([...ALWAYS_NAMED, ...names])]
  }

  // Announces what the native half has to tell, in the order in which it happened. Calls
  // that time out together are told one after the other: none inside another one's events,
  // which announce, too.
  [ANNOUNCE] () {
    let late
    for (let news = poll(this[ID]); news !== NONE; news = poll(this[ID])) {
      switch (news) {
        case OPENED:
          this[LAST_TIMER_AT] = Date.now()
          emit(this, 'open')
          break
        case CLOSED:
          renew(this)
          emit(this, 'close')
          break
        case HALF_OPENED:
          renew(this)
          emit(this, 'halfOpen', this.options.resetTimeout)
          break
        case SNAPSHOT:
          this.status.snapshot()
          break
        default:
          late ??= []
          late.push(news)
      }
    }
    if (late !== undefined) for (const permit of late) timeOutCall(this, permit)
  }
}

module.exports = callable(CircuitBreaker)

const { call: plainCall } = CircuitBreaker.prototype
const { slice } = Array.prototype

// Gives the breaker its native half, and the stats it is to begin with.
function connect (breaker) {
  const { options } = breaker
  const now = limits(options)
  const warmsUp = options.allowWarmUp === true || options.state?.warmUp
  const handle = create(breaker, now, windowOptions(options), {
    volumeThreshold: breaker[VOLUME_THRESHOLD],
    capacity: options.capacity,
    warmUp: warmsUp ? readNumber('rollingCountTimeout', options.rollingCountTimeout) : 0,
    enabled: (options.state ?? options).enabled !== false,
    byWallClock: options.timeoutClock === 'wall',
    stallThreshold: breaker[STALL_THRESHOLD]
  })
  breaker[HANDLE] = handle
  breaker[ID] = handle.id
  breaker[OWNER] = owners[handle.id]
  noteLimits(breaker, now)

  const { rotateBucketController, stats, status } = options
  if (status instanceof Status && status.handOver(breaker, handle)) {
    breaker[STATUS] = status
  } else if (rotateBucketController || stats) {
    // Made now, for it has to hear the controller, and to begin with the stats.
    breaker[STATUS] = new Status(options, breaker, handle)
  }
  if (status && !(status instanceof Status)) breaker.status.prime(status)
}

function restore (breaker, { closed, halfOpen, lastTimerAt, shutdown }) {
  const handle = breaker[HANDLE]
  if (shutdown) {
    breaker.shutdown()
  } else if (closed === false && halfOpen) {
    handle.restoreHalfOpen()
  } else if (closed === false) {
    // What is left of the time it has to stay open. JSON and databases change types.
    const openedAt = lastTimerAt === undefined || isNaN(lastTimerAt) ? Date.now() : Number(lastTimerAt)
    const passed = Math.max(0, Date.now() - openedAt)
    const { resetTimeout } = limits(breaker.options)
    breaker[LAST_TIMER_AT] = openedAt
    if (passed > resetTimeout) {
      handle.restoreHalfOpen()
      renew(breaker)
    } else {
      handle.restoreOpen(resetTimeout - passed)
    }
  }
}
