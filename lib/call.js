'use strict'

// The way of a call: asks the native half whether it may begin, runs the action, tells
// the outcome, and settles the promise that the caller holds. Used by the class.

const { AsyncResource } = require('node:async_hooks')
const { abort } = require('./abort')
const { ANNOUNCE, admit, admitCounted, codes, judge, latency, retryAfter, settle, stalled } = require('./binding')
const { followClock } = require('./clock')
const { KINDS, tally } = require('./counts')
const { emit, hears, plainEmit, surface } = require('./emit')
const { buildError } = require('./errors')
const { CALLS, FALLBACK, ID, LIMITS, OWNER, SEMAPHORE, TIMED } = require('./fields')
const { tryUpdateAtFailure, tryUpdateLimits } = require('./limits')
const { Memo, remembers } = require('./memo')
const { NO_FILTER } = require('./options')

const {
  CAPACITY, EVENTS, EVENTS_FIRST, FAILURE, IDLE, LATE, OPEN, SHUTDOWN, SUCCESS, TIMEOUT, UNGUARDED
} = codes

/**
 * Fires a breaker with so many arguments: a promise of the action's result. Most calls have
 * one or two, which go without an array; where there are more, `all` is an array of them all.
 */
function fire (breaker, context, count, first, second, all) {
  followClock(breaker)
  const nonsense = tryUpdateLimits(breaker)
  if (nonsense) return Promise.reject(nonsense)
  const isPlain = !remembers(breaker) && !hears(breaker, 'fire')
  const permit = isPlain ? admit(breaker[ID]) : NOBODYS
  // The other ways are functions of their own, so that V8 can compile this one in one piece.
  if (permit < 0) return fireOtherwise(breaker, isPlain, permit, context, listed(count, first, second, all))
  return run(breaker, permit, context, count, first, second, all)
}

/** Tells the call with that permit that its deadline has passed. */
function timeOutCall (breaker, permit) {
  const call = breaker[CALLS][permit]
  if (call?.resolve === undefined) {
    breaker[CALLS][permit] = new LateCall(breaker, permit)
  } else {
    call.timeOut()
  }
}

module.exports = { fire, timeOutCall }

function fireOtherwise (breaker, isPlain, permit, context, args) {
  if (isPlain) return turnAway(breaker, permit, false, context, args)
  return remembers(breaker) ? fireRemembered(breaker, context, args) : fireAloud(breaker, context, args)
}

// Listeners to `fire` hear of it before the breaker decides, and may still change what
// it decides, and the arguments.
function fireAloud (breaker, context, args) {
  return turnAway(breaker, countAloud(breaker, args) ? admitCounted(breaker[ID]) : SHUTDOWN, true, context, args)
}

function countAloud (breaker, args) {
  if (breaker.isShutdown) return false
  tally(breaker, KINDS.fires)
  if (hears(breaker, 'fire')) emit(breaker, 'fire', args)
  return true
}

// An answer that is kept is given whatever the state of the circuit, and takes no permit.
function fireRemembered (breaker, context, args) {
  const guarded = countAloud(breaker, args) && breaker.enabled
  if (!guarded) return turnAway(breaker, admitCounted(breaker[ID]), true, context, args)
  const memo = new Memo(breaker, args)
  const answer = memo.recall()
  if (answer) return asItIs(answer)
  const promise = turnAway(breaker, admitCounted(breaker[ID]), true, context, args, memo)
  memo.share(promise)
  return promise
}

// What is asked of the native half on the long way may be granted all the same. `aloud`
// calls have been counted.
function turnAway (breaker, code, aloud, context, args, memo) {
  while (code === EVENTS_FIRST) {
    breaker[ANNOUNCE]()
    code = aloud ? admitCounted(breaker[ID]) : admit(breaker[ID])
  }
  if (code >= 0) {
    memo?.began()
    return run(breaker, code, context, args.length, args[0], args[1], args, memo)
  }
  if (code === OPEN) return reject(breaker, args)
  if (code === UNGUARDED) return asItIs(breaker.action.apply(context, args))
  if (code === SHUTDOWN) return adopted(new Rejection(buildError(breaker, 'ESHUTDOWN')))
  return adopted(lock(breaker, CAPACITY - code, args))
}

function run (breaker, permit, context, count, first, second, all, memo) {
  // The action may change the timeout, for calls after this one.
  const timed = breaker[TIMED]
  try {
    const result = toPromise(apply(breaker.action, context, count, first, second, all))
    const call = breaker[CALLS][permit] ?? newCall(breaker, permit)
    call.keep(count, first, second, all)
    if (memo !== undefined) {
      memo.result = result
      call.memo = memo
    }
    return timed ? call.untilDeadline(result) : result.then(call.succeed, call.fail)
  } catch (error) {
    return adopted(fail(breaker, permit, listed(count, first, second, all), error, memo))
  }
}

// What JavaScript holds of a call. A call object goes with a permit and is used again
// by the next call that is given the permit, with the handlers it has: a call makes no
// closures.
class Call {
  constructor (breaker, permit) {
    this.breaker = breaker
    this.permit = permit
    this.count = 0
    this.first = undefined
    this.second = undefined
    this.all = undefined
    this.resolve = undefined
    this.context = undefined
    this.memo = undefined

    // Handlers of the action's promise. The promise of a call with a deadline is another
    // one, which the deadline may have settled: then the call object is nobody's. `resolve`
    // is asked for before the object is used again, by what listeners fire.
    this.succeed = value => {
      const { permit, resolve } = this
      if (permit >= 0) return passOn(resolve, succeed(this, value))
    }

    this.fail = error => {
      const { breaker, permit, resolve } = this
      if (permit >= 0) return passOn(resolve, fail(breaker, permit, this.args, error, this.memo))
    }
  }

  // One by one, for a store costs more than to find that there is nothing to be stored.
  keep (count, first, second, all) {
    this.count = count
    if (count > 0) this.first = first
    if (count > 1) this.second = second
    if (count > 2) this.all = all
  }

  get args () {
    return listed(this.count, this.first, this.second, this.all)
  }

  // Makes the object ready for its next call.
  clear () {
    this.first = this.second = this.all = this.resolve = this.context = this.memo = undefined
  }

  // A promise of what the action promises, which the deadline can settle before.
  untilDeadline (result) {
    const { breaker } = this
    // An executor written here is compiled into this function, with the promise: no
    // closure is made.
    let settle
    const promise = new Promise(resolve => { settle = resolve })
    this.resolve = settle
    if (isHeard(breaker)) this.context = new AsyncResource('CircuitBreaker.Call', MANUAL)
    // While it waits, the breaker must not be collected with its deadline.
    breaker[OWNER].strongly = breaker
    result.then(this.succeed, this.fail)
    return promise
  }

  // The deadline came first. The action may still settle, and call the handlers of
  // this object: the next call with the permit gets another one.
  timeOut () {
    const { args, breaker, context, memo, permit, resolve } = this
    breaker[CALLS][permit] = undefined
    this.permit = NOBODYS
    this.clear()
    if (context) {
      resolve(context.runInAsyncScope(timeOut, undefined, breaker, permit, args, memo))
    } else {
      resolve(timeOut(breaker, permit, args, memo))
    }
  }
}

// No permit is below zero.
const NOBODYS = -1

// In the place of a call object, for a call whose deadline passes while its action has not
// returned: that moves the clock of a test.
class LateCall {
  constructor (breaker, permit) {
    this.breaker = breaker
    this.permit = permit
    this.args = undefined
    this.memo = undefined
  }

  keep (count, first, second, all) {
    this.args = listed(count, first, second, all)
  }

  untilDeadline (result) {
    const { args, breaker, memo, permit } = this
    result.then(ignore, ignore)
    this.clear()
    return adopted(timeOut(breaker, permit, args, memo))
  }

  clear () {
    this.breaker[CALLS][this.permit] = undefined
  }
}

function ignore () {}

// To the promise of a call with a deadline, or to whoever holds that of the handlers.
function passOn (resolve, outcome) {
  return resolve === undefined ? outcome : resolve(outcome)
}

// Its resource is of no interest to anybody after the call: nothing is to be tracked.
const MANUAL = { requireManualDestroy: true }

// So many call objects are kept for their next call; those beyond, of a burst, are not.
const KEPT = 1024

function newCall (breaker, permit) {
  const call = new Call(breaker, permit)
  breaker[CALLS][permit] = call
  return call
}

// Whether anything of the caller's may run when its call times out, for which the
// async context of the caller has to be kept. Most breakers in most programs have
// nobody, and keeping it costs as much as all else that is done for a call here.
function isHeard (breaker) {
  return breaker._eventsCount !== 0 || breaker[FALLBACK] !== null || breaker.options.errorFilter !== NO_FILTER ||
    breaker.options.abortController || breaker.emit !== plainEmit
}

function apply (action, context, count, first, second, all) {
  switch (count) {
    case 0: return action.call(context)
    case 1: return action.call(context, first)
    case 2: return action.call(context, first, second)
    default: return action.apply(context, all)
  }
}

// Arguments as an array, for whoever needs one.
function listed (count, first, second, all) {
  switch (count) {
    case 0: return []
    case 1: return [first]
    case 2: return [first, second]
    default: return all
  }
}

const { then: plainThen } = Promise.prototype

// Plain promises are used as they are. Anything else, a promise with a `then` or a
// species of its own included, is adopted by one, which settles once whatever the other
// does.
function toPromise (result) {
  return result?.constructor === Promise && result.then === plainThen ? result : adopt(result)
}

// On its own, for the closure would make every call pay for its context.
function adopt (result) {
  return new Promise(resolve => resolve(result))
}

// What a promise that is to reject is resolved with. A promise that is rejected before
// anybody has it is reported as unhandled, and then as handled, which costs as much as five
// calls that succeed; this one rejects when it is adopted, in the next microtask.
class Rejection {
  constructor (error) {
    this.error = error
  }

  then (_, reject) {
    reject(this.error)
  }
}

// A promise of what `fallBack` gives, which is a promise already or a rejection.
function adopted (outcome) {
  return outcome instanceof Rejection ? Promise.resolve(outcome) : outcome
}

// What goes untouched: a promise of any kind, or a thenable, is the caller's to use.
function asItIs (result) {
  return typeof result?.then === 'function' ? result : Promise.resolve(result)
}

function succeed (call, value) {
  const { breaker, memo, permit } = call
  const bits = settle(breaker[ID], permit, SUCCESS)
  if ((bits & LATE) !== 0) return timeOut(breaker, permit, call.args, memo)
  const ms = latency()
  end(breaker, call, bits)
  if (hears(breaker, 'success')) emit(breaker, 'success', value, ms)
  if (memo !== undefined) memo.succeeded()
  return value
}

function timeOut (breaker, permit, args, memo) {
  // The error names the timeout as it stands, unless that is nonsense.
  tryUpdateLimits(breaker)
  const error = buildError(breaker, 'ETIMEDOUT', breaker[LIMITS].timeout)
  settle(breaker[ID], permit, TIMEOUT)
  const ms = latency()
  error.stalled = stalled()
  serveTakers(breaker)
  if (hears(breaker, 'timeout')) emit(breaker, 'timeout', error, ms, args)
  const outcome = fail(breaker, permit, args, error, memo, ms)
  abort(breaker)
  return outcome
}

// `known` is the latency of a call that has timed out, which has been told already.
function fail (breaker, permit, args, error, memo, known) {
  const filtered = isFiltered(breaker, error, args)
  const bits = settle(breaker[ID], permit, filtered ? SUCCESS : FAILURE)
  if ((bits & LATE) !== 0) return timeOut(breaker, permit, args, memo)
  const ms = known ?? latency()
  let outcome
  if (filtered) {
    end(breaker, breaker[CALLS][permit], bits)
    if (hears(breaker, 'success')) emit(breaker, 'success', error, ms)
    outcome = new Rejection(error)
  } else {
    serveTakers(breaker)
    if (hears(breaker, 'failure')) emit(breaker, 'failure', error, ms, args)
    tryUpdateAtFailure(breaker)
    end(breaker, breaker[CALLS][permit], judge(breaker[ID], permit))
    outcome = fallBack(breaker, error, args)
  }
  if (memo !== undefined) memo.ended(known === undefined ? 'error' : 'timeout')
  return outcome
}

function reject (breaker, args) {
  const wait = retryAfter()
  const error = buildError(breaker, 'EOPENBREAKER')
  error.retryAfter = wait
  if (hears(breaker, 'reject')) emit(breaker, 'reject', error)
  return adopted(fallBack(breaker, error, args))
}

// No place is free: the call fails without having begun.
function lock (breaker, permit, args) {
  const error = buildError(breaker, 'ESEMLOCKED')
  if (hears(breaker, 'semaphoreLocked')) emit(breaker, 'semaphoreLocked', error, 0)
  // Its name in opossum 1: for its listeners, and not for whoever overrides `emit`.
  if (breaker._eventsCount !== 0 && breaker.listenerCount('semaphore-locked') > 0) emit(breaker, 'semaphore-locked', error, 0)
  return fail(breaker, permit, args, error)
}

// The permit is spent: does what the bits of its last crossing ask for, after the call
// object, if there is one, has been made ready for its next call.
function end (breaker, call, bits) {
  if (call !== undefined) {
    call.clear()
    if (call.permit >= KEPT) breaker[CALLS][call.permit] = undefined
  }
  if ((bits & IDLE) !== 0) breaker[OWNER].strongly = undefined
  if ((bits & EVENTS) !== 0) breaker[ANNOUNCE]()
  serveTakers(breaker)
}

function serveTakers (breaker) {
  if (breaker[SEMAPHORE] !== undefined) breaker[SEMAPHORE].serve()
}

// A filter that throws has not said that the error is harmless.
function isFiltered (breaker, error, args) {
  const filter = breaker.options.errorFilter || NO_FILTER
  if (filter === NO_FILTER) return false
  try {
    return Boolean(filter(error, ...args))
  } catch (thrown) {
    surface(thrown)
    return false
  }
}

function fallBack (breaker, error, args) {
  const fallback = breaker[FALLBACK]
  if (!fallback) return new Rejection(error)
  let promise, result
  try {
    result = applyWith(fallback, args, error)
    promise = toPromise(result)
  } catch (thrown) {
    return new Rejection(thrown)
  }
  tally(breaker, KINDS.fallbacks)
  if (hears(breaker, 'fallback')) emit(breaker, 'fallback', result, error)
  return promise
}

// As `apply`, for few arguments and the error.
function applyWith (fallback, args, error) {
  switch (args.length) {
    case 0: return fallback.call(fallback, error)
    case 1: return fallback.call(fallback, args[0], error)
    case 2: return fallback.call(fallback, args[0], args[1], error)
    default: return fallback.apply(fallback, [...args, error])
  }
}
