'use strict'

// The way of a call: asks the native half whether it may begin, runs the action, and sees
// to it that the promise which the caller holds is settled. How a call ends is in
// `outcome.js`. Used by the class.
//
// From the moment at which a call is admitted there is a permit out for it. Whatever the
// user's code throws, the call ends and the permit goes back. Where JavaScript is stopped
// before it could say `taken()` (by the end of the stack, or by the timeout of `node:vm`),
// `lost-calls.js` finds the permit.

const { AsyncResource } = require('./builtins')
const { isTraced, trace } = require('./channels')
const { MOST_ROUNDS, drainEvents } = require('./drain-events')
const { followClock } = require('./clock')
const { increment } = require('./counters')
const { emit, hasListeners, plainEmit, throwAsync } = require('./emit')
const { buildError } = require('./errors')
const { INNER } = require('./inner')
const { applyLiveOptions, tryApplyLiveOptions } = require('./live-options')
const { CallCache, remembers } = require('./call-cache')
const { together } = require('./companion')
const { codes, kinds: KINDS } = require('./native/abi')
const { admit, admitAgain, enter, lastResult, nextUnderWay, retryAfter, state, taken, untaken } = require('./native/crossings')
const { NO_FILTER } = require('./options')
const { TriedOnce, Tries, handlers } = require('./retry')
const {
  Rejection, adopted, asItIs, classifyResult, end, fail, giveUp, lock, refusal, reject, succeed, timeOut, toPromise
} = require('./outcome')
const { noRoom } = require('./stack-end')

const { unlessAborted } = require('./terms')
const { handlers: queue, noteIdle, wait } = require('./waiter')

const {
  CAPACITY, EVENTS_FIRST, GONE, IS_DRAINING, IS_ENABLED, IS_SHUTDOWN,
  LATE, NESTED, NONE, OPEN, RAMP_UP, NOT_CALLED, QUEUED, QUEUE_FULL, SHUTDOWN, THROTTLED, UNGUARDED
} = codes

/**
 * Fires a breaker with so many arguments: a promise of the action's result. Most calls have
 * one or two, which go without an array; where there are more, `all` is an array of them all.
 * It never throws: what keeps a call from beginning rejects it. `plainCall` is given by `fire`:
 * a subclass that overrides it expects to see what is fired.
 */
function fire (breaker, plainCall, context, count, first, second, all) {
  let inner, isPlain, permit
  try {
    if (plainCall !== undefined) {
      if (breaker.call !== plainCall) return fireOverridden(breaker, listed(count, first, second, all))
      // The action is its own `this`, as in opossum.
      context = breaker.action
    }
    inner = breaker[INNER]
    followClock(inner)
    applyLiveOptions(breaker, inner)
    isPlain = !remembers(breaker) && !hasListeners(breaker, 'fire') && !isTraced()
    permit = isPlain ? admit(inner.id) : NOBODYS
  } catch (error) {
    return Promise.reject(error)
  }
  // The other ways are functions of their own, so that V8 can compile this one in one piece.
  if (permit < 0) {
    if (permit > NESTED) return fireOtherwise(breaker, inner, isPlain, permit, context, listed(count, first, second, all))
    permit = noteNested(inner, permit)
  }
  // The call begins here and in no function of its own, which would cost 76 instructions.
  const { calls } = inner
  let promise
  try {
    // The action may change the timeout, for calls after this one.
    const { timed } = inner
    const result = toPromise(apply(breaker.action, context, count, first, second, all))
    const call = calls[permit] ?? newCall(breaker, inner, permit)
    call.keep(count, first, second, all)
    promise = timed ? call.untilDeadline(result) : result.then(call.succeed, call.fail)
    call.taken = true
  } catch (error) {
    promise = adopted(fail(breaker, inner, permit, listed(count, first, second, all), error, calls[permit]?.companion))
  }
  taken()
  return promise
}

/**
 * The same with a `this` for the action. Where calls are tried again they have it in common, and
 * go the way on which that is kept.
 */
function fireIn (breaker, context, args) {
  try {
    const inner = breaker[INNER]
    if (inner.retry !== undefined) {
      followClock(inner)
      applyLiveOptions(breaker, inner)
      return fireOtherwise(breaker, inner, false, NOBODYS, context, args)
    }
  } catch (error) {
    return Promise.reject(error)
  }
  return fire(breaker, undefined, context, args.length, args[0], args[1], args)
}

function fireOverridden (breaker, args) {
  return breaker.call(breaker.action, ...args)
}

/** Tells the call with that permit that its deadline has passed. */
function timeOutCall (breaker, inner, permit) {
  const call = inner.calls[permit]
  if (call?.resolve === undefined) {
    inner.calls[permit] = new LateCall(breaker, inner, permit, call?.companion)
  } else {
    call.timeOut()
  }
}

/** Whether somebody is going to tell how the call with that permit ended. */
function isTaken (inner, permit) {
  return inner.calls[permit]?.taken === true
}

/**
 * The call of a breaker whose action is running: it has not returned yet. Of several, one inside
 * the other, the innermost. Undefined where there is none.
 */
function runningCall (inner) {
  const permit = runningPermit(inner)
  return permit < 0 ? undefined : callOf(inner, permit)
}

// Nothing is noted of that on the way of a call: it is found out by whoever asks.
function runningPermit (inner) {
  // Mostly nothing was asked of the native half since.
  const last = lastResult()
  const depth = untaken()
  if (depth === 0) return NOBODYS
  if (depth > 1) {
    const permit = lastNested(inner, depth)
    if (permit >= 0) return permit
  } else if (last >= 0 && nextUnderWay(inner.id, last) === last && !isTaken(inner, last)) {
    return last
  }
  for (let permit = nextUnderWay(inner.id, 0); permit !== NONE; permit = nextUnderWay(inner.id, permit + 1)) {
    if (!isTaken(inner, permit)) return permit
  }
  return NOBODYS
}

// The calls that began while the action of another one had not returned, each inside the one
// before: breaker and permit. How many of them are still there is known of what is not taken, less
// the outermost.
const nested = []

/** Notes such a call, by the code with which it was admitted. Its permit. */
function noteNested (inner, code) {
  const permit = NESTED - code
  cutNested()
  nested.push({ id: inner.id, permit })
  return permit
}

// What was noted of calls that have returned goes, and what was not known of some is nobody's: a
// refused call is one more that is not taken, and has no action.
function cutNested () {
  const outer = Math.max(0, untaken() - 2)
  while (nested.length < outer) nested.push(NOBODY)
  nested.length = outer
}

const NOBODY = { id: -1, permit: -1 }

// The innermost of a breaker's that is still there; negative if none is.
function lastNested (inner, depth) {
  for (let place = Math.min(depth - 1, nested.length) - 1; place >= 0; place--) {
    const { id, permit } = nested[place]
    if (id === inner.id && nextUnderWay(id, permit) === permit) return permit
  }
  return NOBODYS
}

/** What there is in JavaScript of a call whose permit is out. */
function callOf (inner, permit) {
  return inner.calls[permit] ?? newCall(inner.breaker, inner, permit)
}

/** Aborts what the calls of a breaker that are under way have given others to listen to. */
function abortCalls (inner, reason) {
  for (const call of [...inner.calls]) call?.companion?.abort(reason)
}

/** What results count as is said by another function, or by none: for calls that begin from now on. */
function chooseAgain (inner) {
  for (const call of inner.calls) if (call instanceof Call) call.choose()
}

/** Calls are to be tried again: those that begin from now on. */
function tryLaterCalls (inner) {
  for (let permit = nextUnderWay(inner.id, 0); permit !== NONE; permit = nextUnderWay(inner.id, permit + 1)) {
    const call = callOf(inner, permit)
    if (call.companion?.tries === undefined) call.companion = together(call.companion, new TriedOnce())
  }
}

/** Nobody is: whatever is left of it is no call's any more. */
function disown (inner, permit) {
  const call = inner.calls[permit]
  if (call === undefined) return
  inner.calls[permit] = undefined
  call.permit = NOBODYS
}

module.exports = {
  abortCalls,
  acquire,
  callOf,
  chooseAgain,
  disown,
  fire,
  fireIn,
  fireOnTerms,
  fireRemembered,
  isTaken,
  runningCall,
  timeOutCall,
  tryLaterCalls,
  unguardedCall
}

function fireOtherwise (breaker, inner, isPlain, permit, context, args) {
  try {
    if (isPlain) return handleAdmission(breaker, inner, permit, false, context, args)
    if (!isTraced()) return fireAloud(breaker, inner, context, args)
    return trace(inner, args, companion => fireAloud(breaker, inner, context, args, companion))
  } catch (error) {
    return Promise.reject(error)
  }
}

function fireAloud (breaker, inner, context, args, companion) {
  return remembers(breaker)
    ? fireRemembered(breaker, inner, context, args, companion)
    : fireWithListeners(breaker, inner, context, args, companion)
}

// Listeners to `fire` hear of it before the breaker decides, and may still change what
// it decides, and the arguments.
function fireWithListeners (breaker, inner, context, args, companion) {
  const code = countWithListeners(breaker, inner, args) ? admitAgain(inner.id, true, false) : SHUTDOWN
  return handleAdmission(breaker, inner, code, true, context, args, companion)
}

function countWithListeners (breaker, inner, args) {
  if ((state(inner.id) & (IS_DRAINING | IS_SHUTDOWN)) !== 0) return false
  increment(inner, KINDS.fires)
  if (hasListeners(breaker, 'fire')) emit(breaker, 'fire', args)
  return true
}

// An answer that is kept is given whatever the state of the circuit, and takes no permit.
function fireRemembered (breaker, inner, context, args, companion) {
  const counted = countWithListeners(breaker, inner, args)
  if (!counted || (state(inner.id) & IS_ENABLED) === 0) {
    return handleAdmission(breaker, inner, ask(inner, true, false, companion?.terms), true, context, args, companion)
  }
  const callCache = new CallCache(breaker, inner, args)
  const answer = callCache.lookUp()
  if (answer) return asItIs(answer)
  return callCache.later === undefined
    ? fireMissed(breaker, inner, context, args, callCache, companion)
    : fireLater(breaker, inner, context, args, callCache, companion)
}

// On its own, for the closure would make every hit pay for its context.
function fireLater (breaker, inner, context, args, callCache, companion) {
  return callCache.shareLater(callCache.later.then(answer => {
    const known = callCache.lookUpLater(answer)
    if (known) return known
    // The call begins now, under the clock and the options of this moment.
    followClock(inner)
    applyLiveOptions(breaker, inner)
    return fireMissed(breaker, inner, context, args, callCache, companion)
  }))
}

function fireMissed (breaker, inner, context, args, callCache, companion) {
  const along = companion === undefined ? callCache : together(callCache, companion)
  const promise = handleAdmission(breaker, inner, ask(inner, true, false, companion?.terms), true, context, args, along)
  callCache.share(promise)
  return promise
}

/**
 * Fires a breaker on terms that are not its own, which go along with the call. Throws what keeps it
 * from beginning, but for a refusal.
 */
function fireOnTerms (breaker, inner, context, args, companion) {
  const aloud = hasListeners(breaker, 'fire')
  const code = aloud && !countWithListeners(breaker, inner, args) ? SHUTDOWN : ask(inner, aloud, false, companion.terms)
  return handleAdmission(breaker, inner, code, aloud, context, args, companion)
}

/**
 * Begins a call whose work is done elsewhere: what there is of it to be settled, or undefined if the
 * breaker is disabled. Throws if it is refused.
 */
function acquire (breaker, inner, terms) {
  const aloud = hasListeners(breaker, 'fire')
  let code = aloud && !countWithListeners(breaker, inner, []) ? SHUTDOWN : ask(inner, aloud, false, terms)
  code = admitted(inner, code, aloud, terms)
  if (code >= 0) return begin(breaker, inner, code, terms)
  if (code === UNGUARDED) return undefined
  if (code === OPEN) throw refusal(breaker, inner, 'EOPENBREAKER', retryAfter())
  if (code === SHUTDOWN) throw buildError(breaker, 'ESHUTDOWN')
  if (code === RAMP_UP) throw refusal(breaker, inner, 'ERAMPUP')
  if (code === THROTTLED) throw refusal(breaker, inner, 'ETHROTTLED')
  cutNested()
  const { error } = lock(breaker, inner, CAPACITY - code, [], terms)
  taken()
  throw error
}

function begin (breaker, inner, permit, terms) {
  const known = inner.calls[permit]
  // Its deadline has passed while it was asked for: that moved the clock of a test.
  const isLate = known?.isLate === true
  const call = known === undefined || isLate ? newCall(breaker, inner, permit) : known
  call.keep(0)
  call.companion = terms
  // Nobody waits for what it is resolved with.
  call.resolve = ignore
  if (terms.isTimed(inner)) {
    if (needsAsyncContext(breaker, inner)) call.context = new CallContext(call)
    inner.owner.pinned = inner.breaker
  }
  call.taken = true
  taken()
  terms.began(inner, permit)
  terms.ready(call)
  if (isLate) call.timeOut()
  return call
}

/** Asks to begin a call, on terms of its own if there are any. */
function ask (inner, counted, anyway, terms) {
  return terms === undefined ? admitAgain(inner.id, counted, anyway) : terms.ask(inner.id, counted, anyway)
}

// What is asked of the native half on the long way may be granted all the same: the permit, or why
// there is none. `aloud` calls have been counted.
function admitted (inner, code, aloud, terms) {
  for (let round = 0; code === EVENTS_FIRST; round++) {
    drainEvents(inner.breaker, inner.id)
    code = ask(inner, aloud, round === MOST_ROUNDS, terms)
  }
  return code <= NESTED ? noteNested(inner, code) : code
}

function handleAdmission (breaker, inner, answer, aloud, context, args, companion) {
  return follow(breaker, inner, admitted(inner, answer, aloud, companion?.terms), context, args, companion)
}

// A promise of what comes of a call, by its permit, or by why it has none.
function follow (breaker, inner, code, context, args, companion) {
  if (code >= 0) {
    const isFirst = inner.retry !== undefined && companion?.tries === undefined
    const along = isFirst ? new Tries(breaker, inner, context, args, companion) : companion
    return run(breaker, inner, code, context, args, along)
  }
  if (code === QUEUED) return wait(breaker, inner, context, args, companion)
  if (companion !== undefined) companion.refused(code)
  if (code === OPEN) return reject(breaker, inner, args, 'EOPENBREAKER', retryAfter())
  if (code === UNGUARDED) return runUnguarded(breaker, inner, context, args, companion?.terms?.signalOfCaller)
  if (code === SHUTDOWN) return adopted(new Rejection(buildError(breaker, 'ESHUTDOWN')))
  if (code === RAMP_UP) return reject(breaker, inner, args, 'ERAMPUP')
  if (code === THROTTLED) return reject(breaker, inner, args, 'ETHROTTLED')
  if (code === QUEUE_FULL) return reject(breaker, inner, args, 'EQUEUE')
  cutNested()
  const promise = adopted(lock(breaker, inner, CAPACITY - code, args))
  taken()
  return promise
}

// The next try of a call, if the circuit would let it begin: who finds it open has not asked.
handlers.tryAgain = tries => {
  const { args, breaker, inner, receiver } = tries
  try {
    followClock(inner)
    tryApplyLiveOptions(breaker, inner)
    if (!inner.handle.admitsRetry()) return handlers.giveUp(tries)
    const promise = handleAdmission(breaker, inner, ask(inner, false, false, tries.terms), false, receiver, args, tries)
    tries.asked()
    return promise
  } catch (error) {
    return new Rejection(error)
  }
}

// It is the turn of a call that has waited for a place. Nothing keeps that from being given back.
queue.enter = waiter => {
  const { args, breaker, companion, inner, receiver, ticket } = waiter
  try {
    followClock(inner)
    tryApplyLiveOptions(breaker, inner)
  } catch (error) {
    waiter.giveUp(error)
    return undefined
  }
  const code = companion?.terms === undefined ? enter(inner.id, ticket) : companion.terms.enter(inner.id, ticket)
  if (code === NOT_CALLED) return undefined
  try {
    noteIdle(inner)
    waiter.leave()
    if (code < 0 && code > NESTED) companion?.unqueued('error')
    return follow(breaker, inner, code <= NESTED ? noteNested(inner, code) : code, receiver, args, companion)
  } catch (error) {
    // As of a call that did not wait: what throws in a breaker that guards nothing is its outcome, and so is the end
    // of the stack.
    return new Rejection(error)
  }
}

// The same as at the end of `fire`, for calls that come the long way: with a companion, or without.
function run (breaker, inner, permit, context, args, companion) {
  const { calls } = inner
  let promise
  try {
    const terms = companion?.terms
    const timed = terms === undefined ? inner.timed : terms.isTimed(inner)
    if (companion !== undefined) {
      ;(calls[permit] ?? newCall(breaker, inner, permit)).companion = companion
      companion.began(inner, permit)
    }
    const result = toPromise(apply(breaker.action, context, args.length, args[0], args[1], args))
    if (companion !== undefined) companion.acted(result)
    const call = calls[permit] ?? newCall(breaker, inner, permit)
    call.keep(args.length, args[0], args[1], args)
    promise = timed || terms?.mayEndEarly(inner) ? untilSettled(call, result, timed) : result.then(call.succeed, call.fail)
    call.taken = true
    if (companion !== undefined) companion.ready(call)
  } catch (error) {
    promise = adopted(fail(breaker, inner, permit, args, error, calls[permit]?.companion))
  }
  taken()
  return promise
}

function untilSettled (call, result, isTimed) {
  const { owner } = call.inner
  const { pinned } = owner
  const promise = call.untilDeadline(result)
  // Only for a deadline is the breaker kept from being collected.
  if (!isTimed) owner.pinned = pinned
  return promise
}

// Nothing is guarded, but whoever gives up need not wait.
function runUnguarded (breaker, inner, context, args, signal) {
  const outer = inner.unguarded
  if (signal === undefined && outer === undefined) return asItIs(breaker.action.apply(context, args))
  inner.unguarded = { beside: runningPermit(inner), signal }
  // Where JavaScript is stopped in the action, nothing else forgets it.
  if (outer === undefined) Promise.resolve().then(() => { inner.unguarded = undefined })
  let promise
  try {
    promise = asItIs(breaker.action.apply(context, args))
  } finally {
    inner.unguarded = outer
  }
  return signal === undefined ? promise : unlessAborted(promise, signal)
}

/** The call of a disabled breaker whose action is running, and none that is guarded inside it. */
function unguardedCall (inner) {
  const { unguarded } = inner
  return unguarded !== undefined && runningPermit(inner) === unguarded.beside ? unguarded : undefined
}

// What JavaScript holds of a call. A call object goes with a permit and is used again
// by the next call that is given the permit, with the handlers it has: a call makes no
// closures.
class Call {
  constructor (breaker, inner, permit) {
    this.breaker = breaker
    this.inner = inner
    this.permit = permit
    this.count = 0
    this.first = undefined
    this.second = undefined
    this.all = undefined
    this.resolve = undefined
    this.context = undefined
    this.companion = undefined
    // Its handlers are in place: it will be told how the action ended.
    this.taken = false

    // Handlers of the action's promise. The promise of a call with a deadline is another
    // one, which the deadline may have settled: then the call object is nobody's. `resolve`
    // is asked for before the object is used again, by what listeners fire.
    this.succeed = undefined
    this.choose()

    this.fail = error => {
      const { breaker, inner, permit, resolve } = this
      if (permit >= 0) return passOn(resolve, fail(breaker, inner, permit, this.args, error, this.companion))
    }
  }

  // The handler of a result: another where the user says what a result counts as.
  choose () {
    this.succeed = this.inner.classify === undefined
      ? value => {
        const { permit, resolve } = this
        if (permit >= 0) return passOn(resolve, succeed(this, value))
      }
      : value => {
        const { permit, resolve } = this
        if (permit >= 0) return passOn(resolve, classifyResult(this, value))
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
    this.first = this.second = this.all = this.resolve = this.context = this.companion = undefined
    this.taken = false
  }

  // A promise of what the action promises, which the deadline can settle before.
  untilDeadline (result) {
    const { breaker, inner } = this
    // An executor written here is compiled into this function, with the promise: no
    // closure is made.
    let settle
    const promise = new Promise(resolve => { settle = resolve })
    if (settle === undefined) throw noRoom(promise)
    this.resolve = settle
    if (needsAsyncContext(breaker, inner)) this.context = new CallContext(this)
    // While it waits, the breaker must not be collected with its deadline.
    inner.owner.pinned = inner.breaker
    result.then(this.succeed, this.fail)
    return promise
  }

  // The deadline came first. The action may still settle, and call the handlers of
  // this object: the next call with the permit gets another one.
  timeOut () {
    const { args, breaker, context, inner, companion, permit, resolve } = this
    disown(inner, permit)
    this.clear()
    if (context) {
      resolve(context.runInAsyncScope(timeOut, undefined, breaker, inner, permit, args, companion))
    } else {
      resolve(timeOut(breaker, inner, permit, args, companion))
    }
  }

  // Whoever made the call has given it up, or asks for it not to count. The action may go on; that is
  // nobody's business.
  giveUp (how, reason) {
    const { companion, inner, permit, resolve } = this
    const bits = giveUp(inner, permit)
    // Its deadline came first, and it has heard of that or is to hear of it now.
    if ((bits & LATE) !== 0) return (bits & GONE) !== 0 ? undefined : this.timeOut()
    disown(inner, permit)
    this.clear()
    end(inner, undefined, bits)
    companion?.ended(how, reason)
    resolve(new Rejection(reason))
  }
}

// The async context in which a call was made. Whoever follows async hooks can ask it whether the
// call still waits for its deadline: test runners do, about whatever was opened.
class CallContext extends AsyncResource {
  constructor (call) {
    super('CircuitBreaker.Call')
    this.call = call
  }

  hasRef () {
    return this.call.context === this
  }
}

// No permit is below zero.
const NOBODYS = -1

// In the place of a call object, for a call whose deadline passes while its action has not
// returned: that moves the clock of a test.
class LateCall {
  constructor (breaker, inner, permit, companion) {
    this.breaker = breaker
    this.inner = inner
    this.permit = permit
    this.args = undefined
    this.companion = companion
    this.taken = false
  }

  // Asked by whoever is about to put another in this place.
  get isLate () {
    return true
  }

  keep (count, first, second, all) {
    this.args = listed(count, first, second, all)
  }

  untilDeadline (result) {
    const { args, breaker, inner, companion, permit } = this
    result.then(ignore, ignore)
    this.clear()
    return adopted(timeOut(breaker, inner, permit, args, companion))
  }

  clear () {
    const { calls } = this.inner
    if (calls[this.permit] === this) calls[this.permit] = undefined
  }
}

function ignore () {}

// To the promise of a call with a deadline, or to whoever holds that of the handlers.
function passOn (resolve, outcome) {
  return resolve === undefined ? outcome : resolve(outcome)
}

function newCall (breaker, inner, permit) {
  const call = new Call(breaker, inner, permit)
  inner.calls[permit] = call
  return call
}

// Whether anything of the caller's may run when its call times out, for which the
// async context of the caller has to be kept. Most breakers in most programs have
// nobody, and keeping it costs as much as all else that is done for a call here.
function needsAsyncContext (breaker, inner) {
  try {
    return breaker._eventsCount !== 0 || inner.fallback !== null || breaker.options.errorFilter !== NO_FILTER ||
      breaker.options.abortController || breaker.emit !== plainEmit
  } catch (error) {
    // The action has begun: its outcome is what counts.
    throwAsync(error)
    return true
  }
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
