'use strict'

// The terms of one call, where they are not its breaker's: a signal of whoever makes it, who may
// give it up, and a timeout of its own. Used by `fireWith` and `acquire`.

const { Companion } = require('./companion')
const { throwAsync } = require('./emit')
const { admitAgain, admitWithin, enter } = require('./native/crossings')
const { A_CENTURY, readNumber, refuse } = require('./options')
const { Rejection } = require('./outcome')

/**
 * What the options of a method say, of those that it has. Throws a TypeError for the first that
 * makes no sense, and for one that it has not.
 */
function readTerms (given, known) {
  if (given === null || typeof given !== 'object') refuse('options', `an object with ${known.join(', ')}`, given)
  const unknown = Object.keys(given).find(name => !known.includes(name))
  if (unknown !== undefined) throw new TypeError(`There is no options.${unknown}: there are ${known.join(', ')}`)
  const { signal, timeout } = given
  if (signal != null && !isSignal(signal)) refuse('options.signal', 'an AbortSignal', signal)
  return new Terms(signal ?? undefined, timeout == null ? undefined : readNumber('timeout', timeout, SENSIBLE_TIMEOUT))
}

// Of one call nothing is learned.
const SENSIBLE_TIMEOUT = 'a number of milliseconds above 0, or false for none'

class Terms extends Companion {
  #inner = undefined
  #permit = -1
  // Once it can be given up; an object that is used again, by other calls.
  #call = undefined
  // While it waits for a place.
  #waiter = undefined
  // Where the call may be tried again.
  #tries = undefined
  #isOver = false

  /** `timeout`: in milliseconds, 0 for none; undefined: that of the breaker. */
  constructor (signal, timeout) {
    super()
    this.signalOfCaller = signal
    this.timeout = timeout
    // Whether the work is somebody's who has a permit for it: there is no promise to be answered.
    this.isPermit = false
    // With what it was given up or has timed out.
    this.reason = undefined
  }

  get terms () {
    return this
  }

  /** Asks to begin the call, as `admitAgain`. */
  ask (id, counted, anyway) {
    this.check()
    const { isPermit } = this
    if (this.timeout === undefined) return admitAgain(id, counted, anyway, isPermit)
    return admitWithin(id, this.#limit(), counted, anyway, isPermit)
  }

  /** Begins the call, which has waited, as `enter`. */
  enter (id, ticket) {
    return enter(id, ticket, this.timeout === undefined ? undefined : this.#limit())
  }

  /** Throws the reason if the caller has given up. */
  check () {
    if (this.signalOfCaller?.aborted) throw reasonOf(this.signalOfCaller)
  }

  /** Whether the call has a deadline. */
  isTimed (inner) {
    return this.timeout === undefined ? inner.timed : isTimed(this.timeout)
  }

  /** Whether the promise of the caller may have to settle before that of the action. */
  mayEndEarly (inner) {
    return this.signalOfCaller !== undefined || this.isTimed(inner)
  }

  waits (waiter) {
    this.#waiter = waiter
    if (this.signalOfCaller === undefined) return
    this.#listen()
    if (isAborted(this.signalOfCaller)) this.onAbort()
  }

  unqueued (how, error) {
    this.ended(how, error)
  }

  triedBy (tries) {
    this.#tries = tries
  }

  began (inner, permit) {
    this.#call = undefined
    this.#inner = inner
    this.#permit = permit
    this.#waiter = undefined
    if (this.signalOfCaller !== undefined) this.#listen()
  }

  #listen () {
    try {
      listen(this.signalOfCaller, this)
    } catch (error) {
      // The call has been admitted, and has not failed by what somebody's polyfill throws.
      throwAsync(error)
    }
  }

  // Its timeout as the native half takes it.
  #limit () {
    return isTimed(this.timeout) ? this.timeout : Infinity
  }

  /** The action has returned, and the call can be given up. */
  ready (call) {
    if (this.#isOver) return
    this.#call = call
    if (isAborted(this.signalOfCaller)) this.onAbort()
  }

  /** The caller has given up. */
  onAbort () {
    const reason = reasonOf(this.signalOfCaller)
    // Before the action has returned, its signal alone is told.
    if (this.#waiter !== undefined) this.#waiter.giveUp(reason)
    else if (this.#tries?.resolve !== undefined) this.#endWait(reason)
    else if (this.#call !== undefined) this.#call.giveUp('abort', reason)
    else this.#inner.calls[this.#permit]?.companion?.abort(reason)
  }

  abort (reason) {
    this.reason ??= reason
  }

  // The call waits for its next try.
  #endWait (reason) {
    this.ended('abort', reason)
    this.#tries.settle(new Rejection(reason))
  }

  succeeded () {
    this.ended('success')
  }

  ended (how, error) {
    this.#isOver = true
    this.#call = this.#waiter = undefined
    if (how === 'timeout' || how === 'abort') this.abort(error)
    if (this.signalOfCaller !== undefined) unlisten(this.signalOfCaller, this)
  }
}

/** A promise of the same, unless the caller gives up before: a call that others have joined goes on. */
function unlessAborted (promise, signal) {
  return new Promise((resolve, reject) => {
    const waiter = {
      onAbort () {
        unlisten(signal, waiter)
        reject(reasonOf(signal))
      }
    }
    const settled = settle => value => {
      unlisten(signal, waiter)
      settle(value)
    }
    promise.then(settled(resolve), settled(reject))
    if (signal.aborted) reject(reasonOf(signal))
    else listen(signal, waiter)
  })
}

module.exports = { readTerms, unlessAborted }

function isTimed (timeout) {
  return timeout > 0 && timeout < A_CENTURY
}

// As Node asks; a polyfill's is one, too.
function isSignal (signal) {
  return typeof signal === 'object' && typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function' &&
    typeof signal.removeEventListener === 'function'
}

// Of a call that is under way: what its getter throws surfaces.
function isAborted (signal) {
  try {
    return signal?.aborted === true
  } catch (error) {
    throwAsync(error)
    return false
  }
}

// Old polyfills give none.
function reasonOf (signal) {
  let reason
  try {
    ;({ reason } = signal)
  } catch (error) {
    throwAsync(error)
  }
  return reason === undefined ? AbortSignal.abort().reason : reason
}

// Many calls may be made under one signal that lives long, as that of a server. It has one
// listener while there are any: Node looks for a listener among all of them to remove it.
const listeners = new WeakMap()

function listen (signal, waiter) {
  let listener = listeners.get(signal)
  if (listener === undefined) {
    const waiting = new Set()
    listener = { waiting, onAbort: () => tellAll(waiting) }
    signal.addEventListener('abort', listener.onAbort)
    listeners.set(signal, listener)
  }
  listener.waiting.add(waiter)
}

function unlisten (signal, waiter) {
  const listener = listeners.get(signal)
  if (listener === undefined || !listener.waiting.delete(waiter) || listener.waiting.size > 0) return
  listeners.delete(signal)
  try {
    signal.removeEventListener('abort', listener.onAbort)
  } catch (error) {
    throwAsync(error)
  }
}

function tellAll (waiting) {
  for (const waiter of [...waiting]) {
    try {
      waiter.onAbort()
    } catch (error) {
      throwAsync(error)
    }
  }
}
