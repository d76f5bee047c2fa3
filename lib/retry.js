'use strict'

// A call that has failed is tried again: whether, is asked of the user and of the native half; the
// wait is a timer here. Used by the way of a call, and by the class.
//
// Each try is a call to everything else, with a permit and an outcome of its own. What they have
// in common are the promise of the caller, and the companion that the call came with: it is told
// how the last try ended.

const { AsyncResource, clearTimeout: clearOwn, setTimeout: setOwn } = require('./builtins')
const { Companion } = require('./companion')
const { drainEvents } = require('./drain-events')
const { emit, hasListeners, throwAsync } = require('./emit')
const { isRefusal } = require('./errors')
const { codes: { IS_DRAINING, IS_SHUTDOWN } } = require('./native/abi')
const { state } = require('./native/crossings')
const { noRoom } = require('./stack-end')
const { toEach } = require('./to-each')

/** What the way of a call does for one that waits: it uses this file, so it leaves these here. */
const handlers = {
  /** Begins the next try: a promise of what comes of it. */
  tryAgain (tries) {},
  /** There is to be none: what the call ends with instead. */
  giveUp (tries) {}
}

/**
 * A promise of what comes of the next try, for a call that has failed; undefined if there is to
 * be none. `ms` is how long this try took.
 */
function tryLater (breaker, inner, args, error, companion, ms) {
  try {
    const tries = companion?.tries ?? new Tries(breaker, inner, breaker.action, args)
    return tries.later(error, ms)
  } catch (thrown) {
    // The outcome of the call is that of its action.
    throwAsync(thrown)
    return undefined
  }
}

/** Other timers are in place: whoever waits for those that are gone waits for these. */
function waitAnew (inner) {
  toEach([...inner.waits ?? []], tries => tries.startTimer())
}

/** Ends the waits of all calls of a breaker: none is tried again. */
function endWaits (inner) {
  toEach([...inner.waits ?? []], tries => tries.end())
}

/** The companion of a call that may be tried again, with the one that it has besides. */
class Tries extends Companion {
  constructor (breaker, inner, receiver, args, companion) {
    super()
    this.breaker = breaker
    this.inner = inner
    // The action's `this`, and what it is called with.
    this.receiver = receiver
    this.args = args
    this.companion = companion
    companion?.triedBy(this)
    // How often it was tried again.
    this.attempts = 0
    // When the first try began, and by which clock.
    this.since = NaN
    this.clock = undefined
    // Of the last try: what it ended with, how (see `Companion`), and whether its action has begun.
    this.error = undefined
    this.how = 'error'
    this.hasBegun = false
    this.isQueued = false
    // While it waits.
    this.resolve = undefined
    this.timer = undefined
    this.context = undefined
    this.wait = 0
  }

  get tries () {
    return this
  }

  /** As of `tryLater`. */
  later (error, ms) {
    const { breaker, inner, inner: { handle, retry } } = this
    if (this.attempts >= retry.attempts || !isWorthIt(retry, error, this.attempts + 1)) return undefined
    if (this.clock !== inner.clock) {
      this.clock = inner.clock
      this.since = handle.momentBefore(ms)
    }
    const wait = handle.retry(this.attempts, this.since, retryAfterOf(error))
    // What was drawn by chance has been used; who draws may have shut the breaker down.
    drainEvents(inner.breaker, inner.id)
    if (wait < 0 || (state(inner.id) & (IS_DRAINING | IS_SHUTDOWN)) !== 0) return undefined
    const promise = new Promise(resolve => { this.resolve = resolve })
    if (this.resolve === undefined) {
      // The outcome of the call is that of its action.
      noRoom(promise)
      return undefined
    }
    const attempt = ++this.attempts
    this.error = error
    this.hasBegun = false
    this.wait = wait
    try {
      this.context = new WaitContext(this)
      ;(inner.waits ??= new Set()).add(this)
      // The timer of a test may go off before this returns.
      this.startTimer()
    } catch (error) {
      inner.waits?.delete(this)
      this.resolve = this.context = undefined
      throw error
    }
    if (hasListeners(breaker, 'retry')) emit(breaker, 'retry', error, attempt, wait)
    return promise
  }

  /** Begins the wait, or does so again where other timers are in place: those before may never go off. */
  startTimer () {
    const { attempts } = this
    const onTimer = () => { if (attempts === this.attempts) this.#run(handlers.tryAgain) }
    this.timer = startTimer(onTimer, this.wait)
  }

  /** The next try has asked to begin. If it was refused, nobody else tells the companion. */
  asked () {
    if (!this.hasBegun && !this.isQueued) this.ended('error', this.error)
  }

  /** The next try is not waited for, and not made. */
  end () {
    this.#run(handlers.giveUp)
  }

  /** It is not waited for, and the call ends so. */
  settle (outcome) {
    this.#run(() => outcome)
  }

  #run (act) {
    const { context, inner, resolve, timer } = this
    if (resolve === undefined) return
    this.resolve = this.timer = this.context = undefined
    inner.waits.delete(this)
    if (timer !== undefined) stopTimer(timer)
    resolve(context.runInAsyncScope(act, undefined, this))
  }

  // What the companion is told.

  waits (waiter) {
    this.isQueued = true
    this.companion?.waits(waiter)
  }

  unqueued (how, error) {
    this.isQueued = false
    this.companion?.unqueued(how, error ?? this.error)
  }

  began (inner, permit) {
    this.hasBegun = true
    this.isQueued = false
    this.companion?.began(inner, permit)
  }

  acted (result) {
    this.companion?.acted(result)
  }

  ready (call) {
    this.companion?.ready(call)
  }

  succeeded () {
    this.companion?.succeeded()
  }

  ended (how, error) {
    this.how = how
    if (this.resolve === undefined) this.companion?.ended(how, error)
  }

  abort (reason) {
    this.companion?.abort(reason)
  }

  get signal () {
    return this.companion?.signal
  }

  get terms () {
    return this.companion?.terms
  }
}

// Goes along with a call that began when its breaker tried none again: with which `this` to do so, on
// which terms and in which async context was not kept.
class TriedOnce extends Companion {
  get tries () {
    return TriedOnce
  }

  static later () {
    return undefined
  }
}

// The async context of the caller. Whoever follows async hooks can ask it whether the call still
// waits.
class WaitContext extends AsyncResource {
  constructor (tries) {
    super('CircuitBreaker.Retry')
    this.tries = tries
  }

  hasRef () {
    return this.tries.context === this
  }
}

// A refusal says that it is no use to ask now, whichever breaker it is of; and who has aborted the
// call does not want it.
function isWorthIt ({ when }, error, attempt) {
  if (isRefusal(error) || isAbort(error)) return false
  if (when === undefined) return true
  const verdict = when(error, attempt)
  if (typeof verdict?.then === 'function') throw new TypeError(ASYNC_WHEN)
  return Boolean(verdict)
}

// As Node, browsers and axios name it.
function isAbort (error) {
  return error?.name === 'AbortError' || error?.code === 'ABORT_ERR' || error?.code === 'ERR_CANCELED'
}

const ASYNC_WHEN = 'options.retry.when gives a promise, which comes too late to say anything: the call is not tried ' +
  'again. It should return true or false.'

// In milliseconds, as a refusal says it.
function retryAfterOf (error) {
  const ms = error?.retryAfter
  return typeof ms === 'number' && ms > 0 ? ms : 0
}

// As an action that waits would, it keeps the process. Where somebody has put timers in place that
// cannot be set, Node's own go off: a call must not wait for ever.
function startTimer (onTimer, ms) {
  try {
    return { isOwn: false, timer: setTimeout(onTimer, ms) }
  } catch {
    return { isOwn: true, timer: setOwn(onTimer, ms) }
  }
}

// One that is not cleared goes off for nothing.
function stopTimer ({ isOwn, timer }) {
  try {
    if (isOwn) clearOwn(timer)
    else clearTimeout(timer)
  } catch {}
}

module.exports = { TriedOnce, Tries, endWaits, handlers, startTimer, stopTimer, tryLater, waitAnew }
