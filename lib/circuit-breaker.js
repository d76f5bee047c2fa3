'use strict'

// The class: what a user holds. What a breaker decides it asks of its native half; what
// happens to a call is in `call.js`.

const { renew } = require('./abort')
const { tellTransition } = require('./channels')
const { TELL, drainEvents } = require('./drain-events')
const { EventEmitter } = require('./builtins')
const { giveDraw } = require('./chance')
const { abortCalls, fire, fireIn, timeOutCall } = require('./call')
const { runningSignal } = require('./call-signal')
const { BUILD, callable } = require('./callable')
const { followClock, noteClock } = require('./clock')
const { describe } = require('./describe')
const { drainCalls } = require('./drain')
const { emit, hasListeners, throwAsync } = require('./emit')
const { buildError, isOurError } = require('./errors')
const { fireWith } = require('./fire-with')
const { explain, trace } = require('./explain')
const { INNER, Inner } = require('./inner')
const { INSPECT, ratesOf, shownAs } = require('./inspect')
const { startHealthCheck, stopHealthChecks } = require('./health-check')
const hystrix = require('./hystrix-stats')
const { loop, tellToo } = require('./loop')
const { applyLiveOptions, noteLiveOptions } = require('./live-options')
const { guardBy } = require('./lookup')
const { forget, prepareMemory } = require('./call-cache')
const { bypassAll, circuitOf, forceOpen, stateOf } = require('./modes')
const { codes } = require('./native/abi')
const { lost, state, uuid } = require('./native/crossings')
const { create, instances } = require('./native/instances')
const { binding } = require('./native/load')
const { liveOptions, nativeOptions } = require('./native-options')
const { keepWhileOpen } = require('./keep')
const { lastTrip } = require('./last-trip')
const { rememberLearned } = require('./learned')
const { prepare, readVolume, refuse } = require('./options')
const { acquire } = require('./permit')
require('./lost-calls')
require('./no-thread')
const { abortProbe, beginProbe, noteProbe } = require('./probe')
const promisify = require('./promisify')
const { Registry } = require('./registry')
const { endWaits } = require('./retry')
const { applyRetry, makeBudget, noFallback, readRetry } = require('./retry-options')
const { Semaphore } = require('./semaphore')
const { serve } = require('./serve')
const { isOn } = require('./switches')
const { toEach } = require('./to-each')
const { tellWait } = require('./told-wait')
const { update } = require('./update')
const { Status, followSwitch, handOver, prime, readTogether, tellSnapshot } = require('./status')
const { dismiss, endQueue, endWait, takeTurn } = require('./waiter')

const {
  CLOSED, DISMISSED, DRAW, HALF_OPENED, IS_CLOSED, IS_ENABLED, IS_HALF_OPEN, IS_OPEN, IS_PENDING_CLOSE, IS_SHUTDOWN, IS_WARM_UP,
  IS_SWITCHED_ON, OPENED, PROBE, SNAPSHOT, STEERED, TURN, WAITED, WOULD_OPEN
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

  static registry (options = {}) {
    return new Registry(typeof this === 'function' ? this : Callable, options)
  }

  static disableAll () {
    bypassAll(true)
  }

  static enableAll () {
    bypassAll(false)
  }

  static serve (options) {
    return serve(options)
  }

  static retryBudget (options) {
    return makeBudget(options)
  }

  static loop = loop

  static binding = binding

  static get stats () {
    return hystrix.stream()
  }

  // The constructor: `callable` calls it on a new EventEmitter.
  [BUILD] (action, options) {
    if (!action) {
      throw new TypeError('No action provided. Cannot construct a CircuitBreaker without an invocable action.')
    }
    this.options = prepare(options)
    this.action = typeof action === 'function' ? action : () => Promise.resolve(action)
    const name = options.name || action.name || uuid()
    this[INNER] = new Inner(this, name, options.group || name, readVolume(options))
    this[INNER].lastTimerAt = Date.now()
    // Its own: the prototype is anybody's to change while calls are under way.
    this[TELL] = tell
    prepareMemory(this)
    noteClock(this)
    connect(this)
    if (options.state) restore(this, options.state)
    if (options.metricsOnly && isOn('metricsOnly', options.metricsOnly)) beginCountingOnly(this[INNER])
    hystrix.join(this)
  }

  get name () {
    return this[INNER].name
  }

  get group () {
    return this[INNER].group
  }

  get state () {
    return stateOf(state(this[INNER].id))
  }

  get closed () {
    return (state(this[INNER].id) & IS_CLOSED) !== 0
  }

  get opened () {
    return (state(this[INNER].id) & IS_OPEN) !== 0
  }

  get halfOpen () {
    return (state(this[INNER].id) & IS_HALF_OPEN) !== 0
  }

  get pendingClose () {
    return (state(this[INNER].id) & IS_PENDING_CLOSE) !== 0
  }

  get isShutdown () {
    return (state(this[INNER].id) & IS_SHUTDOWN) !== 0
  }

  get enabled () {
    return (state(this[INNER].id) & IS_ENABLED) !== 0
  }

  get warmUp () {
    return (state(this[INNER].id) & IS_WARM_UP) !== 0
  }

  get nextAttemptAt () {
    const ms = this[INNER].handle.retryAfter()
    return ms === null ? undefined : Date.now() + Math.ceil(ms)
  }

  get volumeThreshold () {
    return this[INNER].volumeThreshold
  }

  get lastTrip () {
    return lastTrip(this[INNER])
  }

  get lastFailure () {
    return this[INNER].lastFailure
  }

  get status () {
    return (this[INNER].status ??= new Status(this.options, this, this[INNER].handle))
  }

  get stats () {
    return this.status.stats
  }

  get hystrixStats () {
    return hystrix.statsOf(this)
  }

  get semaphore () {
    return (this[INNER].semaphore ??= new Semaphore(this[INNER]))
  }

  // One look: between two of them an open circuit may become half open.
  toJSON () {
    const { bits, learned, stats } = readTogether(this.status)
    return {
      state: {
        name: this.name,
        // Its own: that all are disabled is no state of this one.
        enabled: (bits & IS_SWITCHED_ON) !== 0,
        closed: (bits & IS_CLOSED) !== 0,
        open: (bits & IS_OPEN) !== 0,
        halfOpen: (bits & IS_HALF_OPEN) !== 0,
        warmUp: (bits & IS_WARM_UP) !== 0,
        shutdown: (bits & IS_SHUTDOWN) !== 0,
        lastTimerAt: this[INNER].lastTimerAt,
        ...waitsOf(this, bits),
        ...learned
      },
      status: stats
    }
  }

  // `arguments` costs nothing where only its length is asked for; a rest array costs as
  // much as a crossing.
  fire (first, second) {
    const { length } = arguments
    return fire(this, plainCall, undefined, length, first, second, length > 2 ? slice.call(arguments) : undefined)
  }

  call (context, ...args) {
    return fireIn(this, context, args)
  }

  fireWith (options, ...args) {
    return fireWith(this, options, args)
  }

  acquire (options = {}) {
    return acquire(this, options)
  }

  fallback (fallback) {
    if (fallback && typeof fallback !== 'function' && typeof fallback.fire !== 'function') {
      refuse('fallback', 'a function or a CircuitBreaker', fallback)
    }
    const inner = this[INNER]
    inner.fallback = typeof fallback?.fire === 'function' ? (...args) => fallback.fire(...args) : fallback || noFallback(inner.retry)
    return this
  }

  open () {
    const inner = this[INNER]
    followClock(inner)
    applyLiveOptions(this, inner)
    inner.handle.open()
    drainEvents(inner.breaker, inner.id)
  }

  close () {
    const inner = this[INNER]
    inner.handle.close()
    drainEvents(this, inner.id)
  }

  enable () {
    this[INNER].handle.setEnabled(true)
    // What is shut down is so for good, and must not be held by a controller.
    if (!this.isShutdown) this[INNER].status?.startListeneningForRotateEvent()
  }

  disable () {
    const inner = this[INNER]
    inner.handle.setEnabled(false)
    // Those who wait for a place begin, whatever the controller of a window throws.
    drainEvents(inner.breaker, inner.id)
    inner.status?.removeRotateBucketControllerListener()
  }

  forceOpen () {
    const inner = this[INNER]
    followClock(inner)
    const holder = forceOpen(this, inner)
    // No timer ends it any more.
    keepWhileOpen(inner)
    return holder
  }

  metricsOnly () {
    const inner = this[INNER]
    inner.handle.countOnly()
    if (!this.isShutdown) inner.status?.startListeneningForRotateEvent()
    drainEvents(inner.breaker, inner.id)
  }

  explain () {
    return explain(this, this[INNER])
  }

  update (options) {
    update(this, this[INNER], options)
  }

  shutdown () {
    emit(this, 'shutdown')
    const inner = this[INNER]
    try {
      // Before it is disabled: that lets calls begin, and guards none.
      inner.handle.shutdown()
      // The controller of a window may throw, and a frozen breaker keeps its listeners.
      this.disable()
      this.removeAllListeners()
    } finally {
      inner.owner.awaited = undefined
      toEach([
        () => stopHealthChecks(this),
        () => endWaits(inner),
        () => endQueue(inner),
        () => abortCalls(inner, buildError(this, 'ESHUTDOWN')),
        () => this.clearCache(),
        () => inner.status?.shutdown()
      ], end => end())
    }
  }

  async drain (options = {}) {
    return drainCalls(this, options)
  }

  clearCache () {
    forget(this)
  }

  healthCheck (check, options) {
    startHealthCheck(this, check, options)
  }

  // The user's own controller is one for all calls, as in opossum.
  getSignal () {
    const controller = this.getAbortController()
    return controller ? controller.signal || undefined : runningSignal(this[INNER])
  }

  getAbortController () {
    // The circuit may be half open by the clock, and who asks is about to fire: the
    // controller is renewed as that is announced.
    if (isOn('autoRenewAbortController', this.options.autoRenewAbortController)) drainEvents(this, this[INNER].id)
    return this.options.abortController
  }

  on (name, listener) {
    if (name === 'stall') tellToo(this)
    super.on(name, listener)
    if (name === 'halfOpen') keepWhileOpen(this[INNER])
    return this
  }

  addListener (name, listener) {
    return this.on(name, listener)
  }

  prependListener (name, listener) {
    if (name === 'stall') tellToo(this)
    super.prependListener(name, listener)
    if (name === 'halfOpen') keepWhileOpen(this[INNER])
    return this
  }

  eventNames () {
    const names = super.eventNames()
    return this.isShutdown ? names : [...new Set([...ALWAYS_NAMED, ...names])]
  }
}

// Not every version of Node.js 20 has it.
if (Symbol.asyncDispose) {
  Object.defineProperty(CircuitBreaker.prototype, Symbol.asyncDispose, {
    configurable: true,
    value () { return this.drain() },
    writable: true
  })
}

Object.defineProperty(CircuitBreaker.prototype, INSPECT, {
  configurable: true,
  value: shownAs(breaker => {
    const { name, stats } = breaker
    // Of one moment: circuits go half open while they are looked at.
    const bits = state(breaker[INNER].id)
    const summary = { name, state: circuitOf(bits) }
    if ((bits & (IS_ENABLED | IS_SHUTDOWN)) === 0) summary.enabled = false
    if ((bits & IS_WARM_UP) !== 0) summary.warmUp = true
    if ((bits & (IS_OPEN | IS_HALF_OPEN)) !== 0) Object.assign(summary, tripOf(breaker[INNER]))
    return { ...summary, ...ratesOf(stats) }
  }),
  writable: true
})

// Why it is not closed, and when a call may try, in words.
function tripOf (inner) {
  const trip = {}
  const reason = lastTrip(inner)?.reason
  if (reason !== undefined) trip.openedBy = reason
  const ms = inner.handle.retryAfter()
  if (ms > 0 && ms < Infinity) trip.nextAttemptIn = `${(ms / 1000).toFixed(1)} s`
  return trip
}

// Tells what the native half has to tell: that the call with that permit is late, or an event.
function tell (next) {
  const inner = this[INNER]
  if (next >= 0) tellLate(this, inner, next)
  else tellEvent(this, inner, next)
}

function tellLate (breaker, inner, permit) {
  try {
    timeOutCall(breaker, inner, permit)
  } catch (error) {
    throwAsync(error)
  }
}

function tellEvent (breaker, inner, next) {
  try {
    switch (next) {
      case OPENED:
        inner.lastTimerAt = Date.now()
        abortProbe(inner)
        tellWait(breaker, inner)
        break
      case CLOSED:
        inner.holders?.clear()
        abortProbe(inner)
        renew(breaker)
        break
      case HALF_OPENED:
        renew(breaker)
        break
      case PROBE: return beginProbe(breaker, inner)
      case DRAW: return giveDraw(breaker, inner)
      case TURN: return takeTurn(inner)
      case WAITED: return endWait(inner)
      case DISMISSED: return dismiss(inner)
      case STEERED:
        followSwitch(inner)
        return keepWhileOpen(inner)
    }
  } catch (error) {
    // Those who listen are told all the same.
    if (inner.waiters?.size > 0) lost()
    throwAsync(error)
  }
  if (trace !== undefined) traceEvent(breaker, next)
  try {
    if (next === OPENED || next === CLOSED || next === HALF_OPENED) {
      tellTransition(breaker, inner, next)
      keepWhileOpen(inner)
    }
    switch (next) {
      // Nobody listens mostly, and why it opened is asked of the native half.
      case OPENED: return emit(breaker, 'open', hasListeners(breaker, 'open') ? lastTrip(inner) : undefined)
      case CLOSED: return emit(breaker, 'close')
      case HALF_OPENED: return emit(breaker, 'halfOpen', resetTimeoutOf(breaker))
      case WOULD_OPEN: return emit(breaker, 'wouldOpen')
      case SNAPSHOT: return tellSnapshot(breaker.status)
    }
  } catch (error) {
    throwAsync(error)
  }
}

function traceEvent (breaker, next) {
  try {
    if (next === OPENED || next === CLOSED || next === HALF_OPENED) trace(breaker)
  } catch (error) {
    throwAsync(error)
  }
}

// Of waits that are not always the same: how many there were in a row, and the last.
function waitsOf (breaker, bits) {
  const { resetTimeout } = breaker.options
  if (isAlwaysSame(resetTimeout) || (bits & (IS_OPEN | IS_HALF_OPEN)) === 0) return undefined
  const { handle } = breaker[INNER]
  return { attempt: handle.attempt(), wait: handle.wait() }
}

// What listeners to `halfOpen` get: the option, as in opossum, or the wait that came of it.
function resetTimeoutOf (breaker) {
  const { resetTimeout } = breaker.options
  return isAlwaysSame(resetTimeout) ? resetTimeout : breaker[INNER].handle.wait()
}

function isAlwaysSame (resetTimeout) {
  return typeof resetTimeout !== 'object' && typeof resetTimeout !== 'function'
}

const Callable = callable(CircuitBreaker)
guardBy({ CircuitBreaker: Callable, fire })

module.exports = Callable

const { call: plainCall } = CircuitBreaker.prototype
const { slice } = Array.prototype

// Gives the breaker its native half, and the stats it is to begin with.
function connect (breaker) {
  const { options } = breaker
  const inner = breaker[INNER]
  inner.nativeOptions = nativeOptions(options)
  const retry = readRetry(options.retry)
  const handle = create(breaker, inner.nativeOptions)
  inner.handle = handle
  inner.id = handle.id
  describe(inner, options)
  inner.owner = instances[handle.id]
  noteLiveOptions(inner, options)
  inner.shouldTrip = options.shouldTrip || undefined
  inner.classify = options.classify || undefined
  if (retry !== undefined) applyRetry(inner, retry)
  noteProbe(inner, options)
  if (options.random) giveDraw(breaker, inner)

  const { rotateBucketController, stats, status } = options
  if (status instanceof Status && handOver(status, breaker, handle)) {
    inner.status = status
  } else if (rotateBucketController || stats) {
    // Made now, for it has to hear the controller, and to begin with the stats.
    inner.status = new Status(options, breaker, handle)
  }
  if (status && !(status instanceof Status)) prime(breaker.status, status)
}

// Unless it goes on from one that was disabled.
function beginCountingOnly (inner) {
  if ((state(inner.id) & IS_SWITCHED_ON) !== 0) inner.handle.countOnly()
}

function restore (breaker, state) {
  const { attempt, closed, halfOpen, lastTimerAt, shutdown, wait } = state
  /** @type {import('../src/node/binding').Handle} */
  const handle = breaker[INNER].handle
  if (isOn('state.shutdown', shutdown)) return breaker.shutdown()
  rememberLearned(handle, state)
  if (isOn('state.closed', closed)) return
  const lastWait = resumeWaits(breaker, Number(attempt), Number(wait))
  if (isOn('state.halfOpen', halfOpen)) {
    breaker[INNER].circuit = 'halfOpen'
    handle.restoreHalfOpen()
  } else {
    // What is left of the time it has to stay open. JSON and databases change types.
    const openedAt = lastTimerAt === undefined || isNaN(lastTimerAt) ? Date.now() : Number(lastTimerAt)
    const passed = Math.max(0, Date.now() - openedAt)
    const resetTimeout = lastWait ?? liveOptions(breaker.options).resetTimeout.initial
    breaker[INNER].lastTimerAt = openedAt
    breaker[INNER].circuit = passed > resetTimeout ? 'halfOpen' : 'open'
    if (passed > resetTimeout) {
      handle.restoreHalfOpen()
      renew(breaker)
    } else {
      handle.restoreOpen(resetTimeout - passed)
    }
  }
}

// Returns the wait under way; undefined where they are always the same, or unknown.
function resumeWaits (breaker, attempt, wait) {
  const { resetTimeout } = breaker.options
  if (isAlwaysSame(resetTimeout) || !(attempt >= 1 && wait > 0 && wait < Infinity)) return undefined
  const { [INNER]: inner } = breaker
  inner.handle.resumeWaits(attempt, wait)
  if (typeof resetTimeout === 'function') inner.handle.setWait(inner.toldWait = wait)
  return wait
}
