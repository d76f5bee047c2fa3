'use strict'

// The class. It holds what has to hold JavaScript values: the action, the promise of a
// call, the listeners. What it decides, it asks its native half.

const { randomUUID } = require('node:crypto')
const { EventEmitter } = require('node:events')
const {
  ANNOUNCE, admit, admitCounted, codes, count, create, judge, latency, poll, rooted, settle, state
} = require('./binding')
const { emit, hears, surface } = require('./emit')
const { buildError, isOurError } = require('./errors')
const { limits, prepare, readNumber, refuse, windowOptions } = require('./options')
const Semaphore = require('./semaphore')
const { COUNTS, Status } = require('./status')

const {
  CAPACITY, CLOSED, EVENTS, EVENTS_FIRST, FAILURE, HALF_OPENED, IDLE, IS_CLOSED, IS_ENABLED, IS_HALF_OPEN,
  IS_OPEN, IS_PENDING_CLOSE, IS_SHUTDOWN, IS_WARM_UP, LATE, NONE, OPEN, OPENED, SHUTDOWN, SNAPSHOT,
  SUCCESS, TIMEOUT, UNGUARDED
} = codes

const FALLBACKS = COUNTS.indexOf('fallbacks')
const FIRES = COUNTS.indexOf('fires')

// Events that opossum itself listens to. Metrics exporters walk `eventNames()` and
// listen to what they find there.
const ALWAYS_NAMED = [
  'success', 'failure', 'fallback', 'timeout', 'fire', 'reject', 'cacheHit', 'cacheMiss', 'coalesceCacheHit',
  'coalesceCacheMiss', 'open', 'close', 'semaphoreLocked'
]

const FALLBACK = Symbol('fallback')
const GROUP = Symbol('group')
const HANDLE = Symbol('handle')
const ID = Symbol('id')
const LAST_TIMER_AT = Symbol('last-timer-at')
const LIMITS = Symbol('limits')
const NAME = Symbol('name')
const SEMAPHORE = Symbol('semaphore')
const STATUS = Symbol('status')
const TIMED = Symbol('timed')
const VOLUME_THRESHOLD = Symbol('volume-threshold')
const WAITING = Symbol('waiting')

class CircuitBreaker extends EventEmitter {
  static isOurError (error) {
    return isOurError(error)
  }

  static newStatus (options) {
    return new Status(options)
  }

  constructor (action, options = {}) {
    super()
    if (!action) {
      throw new TypeError('No action provided. Cannot construct a CircuitBreaker without an invocable action.')
    }
    this.options = prepare(options)
    this.action = typeof action === 'function' ? action : () => Promise.resolve(action)
    this[NAME] = options.name || action.name || randomUUID()
    this[GROUP] = options.group || this[NAME]
    this[VOLUME_THRESHOLD] = readNumber('volumeThreshold', options.volumeThreshold)
    this[FALLBACK] = null
    this[SEMAPHORE] = undefined
    this[STATUS] = undefined
    this[LAST_TIMER_AT] = Date.now()
    // By permit, the function that tells a call that it has timed out.
    this[WAITING] = []
    connect(this)
    if (options.state) restore(this, options.state)
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

  fire (...args) {
    // The action is its own `this`, as in opossum. A subclass that overrides `call`
    // expects to see what is fired.
    return this.call === call ? guard(this, this.action, args) : this.call(this.action, ...args)
  }

  call (context, ...args) {
    return guard(this, context, args)
  }

  fallback (fallback) {
    if (fallback && typeof fallback !== 'function' && typeof fallback.fire !== 'function') {
      refuse('fallback', 'a function or a CircuitBreaker', fallback)
    }
    this[FALLBACK] = typeof fallback?.fire === 'function' ? (...args) => fallback.fire(...args) : fallback
    return this
  }

  open () {
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
    this.status.shutdown()
    this[HANDLE].shutdown()
  }

  eventNames () {
    const names = super.eventNames()
    return this.isShutdown ? names : [...new Set([...ALWAYS_NAMED, ...names])]
  }

  // Announces what the native half has to tell, in the order in which it happened.
  [ANNOUNCE] () {
    for (let news = poll(this[ID]); news !== NONE; news = poll(this[ID])) {
      switch (news) {
        case OPENED:
          this[LAST_TIMER_AT] = Date.now()
          emit(this, 'open')
          break
        case CLOSED:
          emit(this, 'close')
          break
        case HALF_OPENED:
          emit(this, 'halfOpen', this.options.resetTimeout)
          break
        case SNAPSHOT:
          this.status.snapshot()
          break
        default:
          // A call has timed out. Its handlers, attached when it was fired, go on from
          // here in the async context of its caller.
          this[WAITING][news]?.(TIMED_OUT)
      }
    }
  }
}

module.exports = CircuitBreaker

const { call } = CircuitBreaker.prototype
const { then: plainThen } = Promise.prototype

// What a call's promise is rejected with to say that its deadline came first.
const TIMED_OUT = Symbol('timed-out')

// --- A breaker's beginning.

// Gives the breaker its native half, and the stats it is to begin with.
function connect (breaker) {
  const { options } = breaker
  const now = limits(options)
  const warmsUp = options.allowWarmUp === true || options.state?.warmUp
  const handle = create(breaker, {
    ...now,
    ...windowOptions(options),
    volumeThreshold: breaker[VOLUME_THRESHOLD],
    capacity: options.capacity,
    warmUp: warmsUp ? readNumber('rollingCountTimeout', options.rollingCountTimeout) : 0,
    enabled: (options.state ?? options).enabled !== false
  })
  breaker[HANDLE] = handle
  breaker[ID] = handle.id
  noteLimits(breaker, now)

  const { rotateBucketController, status } = options
  if (status instanceof Status && status.handOver(breaker, handle)) {
    breaker[STATUS] = status
  } else if (rotateBucketController) {
    // Made now, for it has to hear the controller.
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
    // What is left of the time it has to stay open.
    const openedAt = Number.isFinite(lastTimerAt) ? lastTimerAt : Date.now()
    const passed = Math.max(0, Date.now() - openedAt)
    const { resetTimeout } = limits(breaker.options)
    breaker[LAST_TIMER_AT] = openedAt
    if (passed > resetTimeout) handle.restoreHalfOpen()
    else handle.restoreOpen(resetTimeout - passed)
  }
}

// --- Limits that users may change on `breaker.options`.

function limitsChanged ({ options, [LIMITS]: seen }) {
  return options.timeout !== seen.timeout || options.resetTimeout !== seen.resetTimeout ||
    options.errorThresholdPercentage !== seen.errorThresholdPercentage
}

function updateLimits (breaker) {
  if (!limitsChanged(breaker)) return
  const now = limits(breaker.options)
  breaker[HANDLE].setLimits(now.timeout, now.resetTimeout, now.errorThresholdPercentage)
  noteLimits(breaker, now)
}

// Nonsense among the limits is an error of whoever fires next. What has begun goes on
// with the limits that were.
function tryUpdateLimits (breaker) {
  if (!limitsChanged(breaker)) return undefined
  try {
    updateLimits(breaker)
  } catch (error) {
    return error
  }
}

function noteLimits (breaker, now) {
  const { errorThresholdPercentage, resetTimeout, timeout } = breaker.options
  breaker[LIMITS] = { errorThresholdPercentage, resetTimeout, timeout }
  breaker[TIMED] = now.timeout > 0 && now.timeout < Infinity
}

// --- The way of a call.

function guard (breaker, context, args) {
  const nonsense = tryUpdateLimits(breaker)
  if (nonsense) return Promise.reject(nonsense)
  const aloud = hears(breaker, 'fire')
  const permit = aloud ? admitAloud(breaker, args) : admit(breaker[ID])
  return permit >= 0 ? run(breaker, permit, context, args) : turnAway(breaker, permit, aloud, context, args)
}

// Listeners to `fire` hear of it before the breaker decides, and may still change what
// it decides.
function admitAloud (breaker, args) {
  if (breaker.isShutdown) return SHUTDOWN
  while (!count(breaker[ID], FIRES)) breaker[ANNOUNCE]()
  emit(breaker, 'fire', args)
  return admitCounted(breaker[ID])
}

// `aloud` calls have been counted.
function turnAway (breaker, code, aloud, context, args) {
  while (code === EVENTS_FIRST) {
    breaker[ANNOUNCE]()
    code = aloud ? admitCounted(breaker[ID]) : admit(breaker[ID])
  }
  if (code >= 0) return run(breaker, code, context, args)
  if (code === OPEN) return reject(breaker, args)
  if (code === UNGUARDED) return toPromise(breaker.action.apply(context, args))
  if (code === SHUTDOWN) return Promise.reject(buildError('ESHUTDOWN'))
  return lock(breaker, CAPACITY - code, args)
}

function run (breaker, permit, context, args) {
  // The action may change the timeout, for calls after this one.
  const timed = breaker[TIMED]
  let result
  try {
    result = toPromise(breaker.action.apply(context, args))
  } catch (error) {
    return fail(breaker, permit, args, error)
  }
  if (timed) result = untilDeadline(breaker, permit, result)
  return result.then(
    value => succeed(breaker, permit, args, value),
    error => error === TIMED_OUT ? timeOut(breaker, permit, args) : fail(breaker, permit, args, error)
  )
}

// A promise of what the action promises, which the timer thread can reject before.
function untilDeadline (breaker, permit, result) {
  const promise = new Promise(capture)
  breaker[WAITING][permit] = rejectCaptured
  rooted[breaker[ID]] = breaker
  result.then(resolveCaptured, rejectCaptured)
  return promise
}

let resolveCaptured, rejectCaptured

// One executor for all promises: no closure for each.
function capture (resolve, reject) {
  resolveCaptured = resolve
  rejectCaptured = reject
}

// Plain promises are used as they are. Anything else that has a `then` is adopted by
// one, which settles once whatever the other does.
function toPromise (result) {
  return result instanceof Promise && result.then === plainThen ? result : Promise.resolve(result)
}

function succeed (breaker, permit, args, value) {
  const bits = settle(breaker[ID], permit, SUCCESS)
  if (bits !== 0 && (bits & LATE) !== 0) return timeOut(breaker, permit, args)
  const ms = latency()
  end(breaker, permit, bits)
  if (hears(breaker, 'success')) emit(breaker, 'success', value, ms)
  return value
}

function timeOut (breaker, permit, args) {
  const error = buildError('ETIMEDOUT', breaker.options.timeout)
  settle(breaker[ID], permit, TIMEOUT)
  const ms = latency()
  serveTakers(breaker)
  if (hears(breaker, 'timeout')) emit(breaker, 'timeout', error, ms, args)
  return fail(breaker, permit, args, error, ms)
}

// `known` is the latency of a call that has timed out, which has been told already.
function fail (breaker, permit, args, error, known) {
  const filtered = isFiltered(breaker, error, args)
  const bits = settle(breaker[ID], permit, filtered ? SUCCESS : FAILURE)
  if ((bits & LATE) !== 0) return timeOut(breaker, permit, args)
  const ms = known ?? latency()
  if (filtered) {
    end(breaker, permit, bits)
    if (hears(breaker, 'success')) emit(breaker, 'success', error, ms)
    return Promise.reject(error)
  }
  serveTakers(breaker)
  if (hears(breaker, 'failure')) emit(breaker, 'failure', error, ms, args)
  tryUpdateLimits(breaker)
  end(breaker, permit, judge(breaker[ID], permit))
  return fallBack(breaker, error, args)
}

function reject (breaker, args) {
  const error = buildError('EOPENBREAKER')
  if (hears(breaker, 'reject')) emit(breaker, 'reject', error)
  return fallBack(breaker, error, args)
}

// No place is free: the call fails without having begun.
function lock (breaker, permit, args) {
  const error = buildError('ESEMLOCKED')
  if (hears(breaker, 'semaphoreLocked')) emit(breaker, 'semaphoreLocked', error, 0)
  return fail(breaker, permit, args, error)
}

// The permit is spent: does what the bits of its last crossing ask for.
function end (breaker, permit, bits) {
  breaker[WAITING][permit] = undefined
  if ((bits & IDLE) !== 0) rooted[breaker[ID]] = undefined
  if ((bits & EVENTS) !== 0) breaker[ANNOUNCE]()
  serveTakers(breaker)
}

function serveTakers (breaker) {
  if (breaker[SEMAPHORE] !== undefined) breaker[SEMAPHORE].serve()
}

// A filter that throws has not said that the error is harmless.
function isFiltered (breaker, error, args) {
  try {
    return Boolean(breaker.options.errorFilter(error, ...args))
  } catch (thrown) {
    surface(thrown)
    return false
  }
}

function fallBack (breaker, error, args) {
  const fallback = breaker[FALLBACK]
  if (!fallback) return Promise.reject(error)
  let result
  try {
    result = fallback.apply(fallback, [...args, error])
  } catch (thrown) {
    return Promise.reject(thrown)
  }
  while (!count(breaker[ID], FALLBACKS)) breaker[ANNOUNCE]()
  if (hears(breaker, 'fallback')) emit(breaker, 'fallback', result, error)
  return toPromise(result)
}
