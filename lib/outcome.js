'use strict'

// How a call ends: tells the native half, announces what came of it, and gives what the
// promise of the caller is to be resolved with. Used by the way of a call.
//
// Nothing here throws. The outcome of a call is that of its action, whatever listeners,
// getters of options and the rest of the user's code do meanwhile; what they throw surfaces
// as an uncaught exception.
//
// A call may have a companion, which is told how it ended (`companion.js`).
//
// A permit that goes back may be another call's as soon as anybody's code runs, so the call
// object is made ready for that first. A crossing that ends a call therefore leaves the timer
// of a host to be set by the next one, for which it asks as it does where there are events.

const { abort } = require('./abort')
const { shouldTrip, verdictOn } = require('./classify')
const { drainEvents } = require('./drain-events')
const { increment } = require('./counters')
const { emit, hasListeners, listensTo, throwAsync } = require('./emit')
const { buildError, isOurError } = require('./errors')
const { tryApplyLiveOptions } = require('./live-options')
const { codes, kinds: KINDS } = require('./native/abi')
const { expire, evaluateTrip, latency, settle, stalled } = require('./native/crossings')
const { NO_FILTER } = require('./options')
const { handlers, tryLater } = require('./retry')
const { serve } = require('./semaphore')
const { timeoutOf } = require('./learned')
const { warnOnce } = require('./warnings')

const { ASK, EVENTS, FAILURE, GONE, IDLE, IGNORED, LATE, SUCCESS, UNHEARD_FAILURE } = codes

/** The action resolved: what the caller's promise is resolved with. */
function succeed (call, value) {
  const { breaker, inner, companion, permit } = call
  const bits = settle(inner.id, permit, SUCCESS)
  if ((bits & LATE) !== 0) return (bits & GONE) !== 0 ? value : timeOut(breaker, inner, permit, call.args, companion)
  const ms = latency()
  end(inner, call, bits)
  if (hasListeners(breaker, 'success')) emit(breaker, 'success', value, ms)
  if (companion !== undefined) companion.succeeded()
  return value
}

/** The same where a function of the user's says what the result counts as. */
function classifyResult (call, value) {
  const { args, breaker, inner, companion, permit } = call
  const verdict = verdictOn(inner.classify, { result: value, args })
  // It let the deadline of the call go by, on the clock of a test: it has ended.
  if (call.permit !== permit) return value
  if (verdict === 'failure') return failBy(call, value)
  if (verdict !== 'ignore') return succeed(call, value)
  const bits = settle(inner.id, permit, IGNORED)
  if ((bits & LATE) !== 0) return (bits & GONE) !== 0 ? value : timeOut(breaker, inner, permit, args, companion)
  end(inner, call, bits)
  if (companion !== undefined) companion.succeeded()
  return value
}

// The result is a failure, and given all the same, unless the call is tried again.
function failBy (call, value) {
  const { args, breaker, inner, companion, permit } = call
  const error = buildError(breaker, 'ERESULT')
  error.result = value
  const isHeard = inner.semaphore !== undefined || hasListeners(breaker, 'failure')
  if (!isHeard) tryApplyLiveOptions(breaker, inner)
  if (call.permit !== permit) return value
  let bits = settle(inner.id, permit, isHeard ? FAILURE : UNHEARD_FAILURE)
  if ((bits & LATE) !== 0) return (bits & GONE) !== 0 ? value : timeOut(breaker, inner, permit, args, companion)
  inner.lastFailure = error
  const ms = latency()
  if (isHeard) {
    if (inner.semaphore !== undefined) serve(inner.semaphore)
    if (hasListeners(breaker, 'failure')) emit(breaker, 'failure', error, ms, args)
    tryApplyLiveOptions(breaker, inner)
    bits = evaluateTrip(inner.id, permit)
  }
  end(inner, inner.calls[permit], bits)
  if ((bits & ASK) !== 0) askForReason(inner)
  const mayRetry = inner.retry !== undefined && !companion?.terms?.isPermit
  const later = mayRetry ? tryLater(breaker, inner, args, error, companion, ms) : undefined
  if (companion !== undefined) companion.ended('error', error)
  return later ?? value
}

/** The deadline passed before the action settled. */
function timeOut (breaker, inner, permit, args, companion) {
  // The error names the timeout as it stands, unless that is nonsense.
  tryApplyLiveOptions(breaker, inner)
  const error = buildError(breaker, 'ETIMEDOUT', companion?.terms?.timeout ?? timeoutOf(inner, permit))
  const isHeard = isHeardLate(breaker, inner)
  // Where nobody hears of it, the call ends in one crossing, and no listener comes between.
  const bits = expire(inner.id, permit, isHeard ? FAILURE : UNHEARD_FAILURE)
  if ((bits & GONE) !== 0) return new Rejection(error)
  const ms = latency()
  error.stalled = stalled()
  let outcome
  if (isHeard) {
    if (inner.semaphore !== undefined) serve(inner.semaphore)
    if (hasListeners(breaker, 'timeout')) emit(breaker, 'timeout', error, ms, args)
    outcome = fail(breaker, inner, permit, args, error, companion, ms)
  } else {
    inner.lastFailure = error
    outcome = endFailed(breaker, inner, permit, args, error, companion, 'timeout', ms, bits)
  }
  abort(breaker)
  return outcome
}

// Whether anybody but its caller hears of a timeout, or has a say in what it counts as.
function isHeardLate (breaker, inner) {
  return inner.semaphore !== undefined || hasListeners(breaker, 'timeout') || hasListeners(breaker, 'failure') ||
    mayFilter(breaker)
}

// A filter that cannot be read is none, as for `isFiltered`.
function mayFilter (breaker) {
  try {
    return (breaker.options.errorFilter || NO_FILTER) !== NO_FILTER
  } catch (error) {
    throwAsync(error)
    return false
  }
}

/**
 * The action failed. `known` is the latency of a call that has timed out, which has been
 * told already.
 */
function fail (breaker, inner, permit, args, error, companion, known) {
  const call = inner.calls[permit]
  const counts = countsAs(breaker, inner, error, args)
  const filtered = counts !== FAILURE
  const isHeard = !filtered && (inner.semaphore !== undefined || hasListeners(breaker, 'failure'))
  if (!filtered && inner.locking !== error) inner.lastFailure = error
  // Where nobody hears of the failure, all that follows from it is decided in one crossing.
  if (!filtered && !isHeard) tryApplyLiveOptions(breaker, inner)
  // The filter let the deadline of the call go by, on the clock of a test: it has ended.
  if (call !== undefined && call.permit !== permit) return new Rejection(error)
  const bits = settle(inner.id, permit, filtered || isHeard ? counts : UNHEARD_FAILURE)
  if ((bits & LATE) !== 0) return (bits & GONE) !== 0 ? new Rejection(error) : timeOut(breaker, inner, permit, args, companion)
  const ms = known ?? latency()
  const reason = known === undefined ? 'error' : 'timeout'
  if (filtered) {
    end(inner, inner.calls[permit], bits)
    if (counts === SUCCESS && hasListeners(breaker, 'success')) emit(breaker, 'success', error, ms)
    if (companion !== undefined) companion.ended(reason, error)
    return new Rejection(error)
  }
  if (!isHeard) return endFailed(breaker, inner, permit, args, error, companion, reason, ms, bits)
  if (inner.semaphore !== undefined) serve(inner.semaphore)
  if (hasListeners(breaker, 'failure')) emit(breaker, 'failure', error, ms, args)
  tryApplyLiveOptions(breaker, inner)
  return endFailed(breaker, inner, permit, args, error, companion, reason, ms, evaluateTrip(inner.id, permit))
}

// What follows from the failure has been decided, and the permit is spent.
function endFailed (breaker, inner, permit, args, error, companion, reason, ms, bits) {
  end(inner, inner.calls[permit], bits)
  if ((bits & ASK) !== 0) askForReason(inner)
  // Whoever has a permit for work of his own waits for no answer.
  const outcome = companion?.terms?.isPermit ? new Rejection(error) : next(breaker, inner, error, args, companion, ms)
  if (companion !== undefined) companion.ended(reason, error)
  return outcome
}

// Nothing else opens the circuit after this failure: a function of the user's may say that there is
// reason to.
function askForReason (inner) {
  const { breaker } = inner
  inner.handle.answer(shouldTrip(breaker, inner))
  drainEvents(breaker, inner.id)
}

/**
 * Whoever made the call has given it up: nothing of it is counted. Bits as of `settle`: with `LATE`
 * it has not ended by this.
 */
function giveUp (inner, permit) {
  return settle(inner.id, permit, IGNORED)
}

/** The call may not pass: a promise of what there is instead. Arguments as of `refusal`. */
function reject (breaker, inner, args, code, retryAfter, waited) {
  return adopted(fallBack(breaker, inner, refusal(breaker, inner, code, retryAfter, waited), args))
}

/**
 * The circuit lets the call not pass, for the reason with that code and for so long, if that is known, after it has
 * waited for so long, if it did: the error that says so, after it has been announced.
 */
function refusal (breaker, inner, code, retryAfter, waited) {
  const error = buildError(breaker, code, waited, causeOf(inner))
  error.retryAfter = retryAfter
  if (hasListeners(breaker, 'reject')) emit(breaker, 'reject', error)
  return error
}

/** No place is free: the call fails without having begun. */
function lock (breaker, inner, permit, args, companion) {
  const error = buildError(breaker, 'ESEMLOCKED')
  if (hasListeners(breaker, 'semaphoreLocked')) emit(breaker, 'semaphoreLocked', error, 0)
  // Its name in opossum 1: for its listeners, and not for whoever overrides `emit`.
  if (listensTo(breaker, 'semaphore-locked')) emit(breaker, 'semaphore-locked', error, 0)
  // It tells nothing of what is behind the circuit.
  inner.locking = error
  const outcome = fail(breaker, inner, permit, args, error, companion)
  inner.locking = undefined
  return outcome
}

// What failed last. Of a refusal by another breaker, whose turn may come to be refused by this one,
// what was behind it: a chain of refusals would have no end.
function causeOf ({ lastFailure: failure }) {
  try {
    return isOurError(failure) ? failure.cause ?? failure : failure
  } catch {
    // Whatever was thrown, it does not like to be looked at.
    return failure
  }
}

/**
 * What a promise that is to reject is resolved with. A promise that is rejected before
 * anybody has it is reported as unhandled, and then as handled, which costs as much as five
 * calls that succeed; this one rejects when it is adopted, in the next microtask.
 */
class Rejection {
  constructor (error) {
    this.error = error
  }

  then (_, reject) {
    reject(this.error)
  }
}

/** A promise of an outcome, which is a promise already or a rejection. */
function adopted (outcome) {
  return outcome instanceof Rejection ? Promise.resolve(outcome) : outcome
}

/** What goes untouched: a promise of any kind is the caller's to use. All else becomes one. */
function asItIs (result) {
  return typeof result?.then === 'function' && typeof result.catch === 'function' ? result : Promise.resolve(result)
}

const { then: plainThen } = Promise.prototype

/**
 * Plain promises are used as they are. Anything else, a promise with a `then` or a
 * species of its own included, is adopted by one, which settles once whatever the other
 * does.
 */
function toPromise (result) {
  return result?.constructor === Promise && result.then === plainThen ? result : adopt(result)
}

// On its own, for the closure would make every call pay for its context.
function adopt (result) {
  return new Promise(resolve => resolve(result))
}

// So many call objects are kept for their next call; those beyond, of a burst, are not.
const KEPT = 1024

/**
 * The permit is spent: does what the bits of its last crossing ask for, after the call object, if
 * there is one, has been made ready for its next call.
 */
function end (inner, call, bits) {
  if (call !== undefined) {
    call.clear()
    if (call.permit >= KEPT && inner.calls[call.permit] === call) inner.calls[call.permit] = undefined
  }
  if ((bits & IDLE) !== 0) inner.owner.pinned = undefined
  if ((bits & EVENTS) !== 0) drainEvents(inner.breaker, inner.id)
  if (inner.semaphore !== undefined) serve(inner.semaphore)
}

// What an error counts as, as `settle` takes it.
function countsAs (breaker, inner, error, args) {
  if (inner.classify === undefined) return isFiltered(breaker, error, args) ? SUCCESS : FAILURE
  const verdict = verdictOn(inner.classify, { error, args })
  return verdict === 'ignore' ? IGNORED : verdict === 'success' ? SUCCESS : FAILURE
}

// A filter that throws has not said that the error is harmless.
function isFiltered (breaker, error, args) {
  try {
    const filter = breaker.options.errorFilter || NO_FILTER
    if (filter === NO_FILTER) return false
    const verdict = filter(error, ...args)
    if (typeof verdict?.then !== 'function') return Boolean(verdict)
    warnOnce('DIDELPHIS_ASYNC_FILTER', ASYNC_FILTER, 'errorFilter')
    return false
  } catch (thrown) {
    throwAsync(thrown)
    return false
  }
}

// A promise is true whatever it comes to, and the circuit would never open.
const ASYNC_FILTER = 'options.errorFilter gives a promise, which comes too late to say anything: the error counts. ' +
  'It should return true or false.'

// Another try, where there is to be one; or the fallback.
function next (breaker, inner, error, args, companion, ms) {
  const later = inner.retry === undefined ? undefined : tryLater(breaker, inner, args, error, companion, ms)
  return later ?? fallBack(breaker, inner, error, args)
}

// What was to be tried again, and will not be, has failed as it did last.
handlers.giveUp = tries => {
  const { args, breaker, error, inner } = tries
  const outcome = isOurError(error) && error.code === 'ERESULT' ? error.result : fallBack(breaker, inner, error, args)
  tries.ended(tries.how, error)
  return outcome
}

function fallBack (breaker, inner, error, args) {
  const { fallback } = inner
  if (!fallback) return new Rejection(error)
  let promise, result
  try {
    result = applyWith(fallback, args, error)
    promise = toPromise(result)
  } catch (thrown) {
    return new Rejection(thrown)
  }
  increment(inner, KINDS.fallbacks)
  if (hasListeners(breaker, 'fallback')) emit(breaker, 'fallback', result, error)
  return promise
}

// As an action is called, for few arguments and the error.
function applyWith (fallback, args, error) {
  switch (args.length) {
    case 0: return fallback.call(fallback, error)
    case 1: return fallback.call(fallback, args[0], error)
    case 2: return fallback.call(fallback, args[0], args[1], error)
    default:
      if (args.length >= MOST_ARGUMENTS) throw new RangeError(`A fallback takes no more than ${MOST_ARGUMENTS} arguments`)
      return fallback.apply(fallback, [...args, error])
  }
}

// Breakers that are each other's fallbacks pass on ever more errors, and V8 aborts the
// process where the arguments of a function are larger than it can have them.
const MOST_ARGUMENTS = 10_000

module.exports = {
  Rejection, adopted, asItIs, classifyResult, end, fail, giveUp, lock, refusal, reject, succeed, timeOut, toPromise
}
