'use strict'

// What goes along with a call and is told what becomes of it: its cache, its signal. Most calls
// have no companion. Used by the way of a call.

/** One that wants to know nothing: others say what they do. Nothing of theirs throws. */
class Companion {
  /** The call may be tried again, and has that to do with it. */
  triedBy (tries) {}

  /** The call was not admitted, for the reason with that code. */
  refused (code) {}

  /** The call waits for a place (`waiter.js`). */
  waits (waiter) {}

  /** It has waited in vain, or has been given up: as of `ended`, but it has not begun. */
  unqueued (how, error) {}

  /** The call was admitted; its action begins. */
  began (inner, permit) {}

  /** The action has returned: a promise of its result. */
  acted (result) {}

  /** The action resolved. */
  succeeded () {}

  /**
   * The call ended otherwise, and so: `error` or `timeout`, with the error of it; `abort`, if its maker
   * has given it up, with the reason; `ignored`, if it is not to count; `lost`, if JavaScript was stopped in its action.
   */
  ended (how, error) {}

  /** The action has returned, and the call is told what comes of it. */
  ready (call) {}

  /** The call goes on, and nobody waits for it any more. */
  abort (reason) {}

  /** The signal that tells its action of that, if there is one. */
  get signal () {
    return undefined
  }

  /** Its terms, where they are not those of the breaker. */
  get terms () {
    return undefined
  }

  /** What the tries of a call have in common that may be tried again (`retry.js`). */
  get tries () {
    return undefined
  }
}

/** Two that are told the same, one after the other. */
class Pair extends Companion {
  constructor (first, second) {
    super()
    this.first = first
    this.second = second
  }

  triedBy (tries) {
    this.first.triedBy(tries)
    this.second.triedBy(tries)
  }

  refused (code) {
    this.first.refused(code)
    this.second.refused(code)
  }

  waits (waiter) {
    this.first.waits(waiter)
    this.second.waits(waiter)
  }

  unqueued (how, error) {
    this.first.unqueued(how, error)
    this.second.unqueued(how, error)
  }

  began (inner, permit) {
    this.first.began(inner, permit)
    this.second.began(inner, permit)
  }

  acted (result) {
    this.first.acted(result)
    this.second.acted(result)
  }

  succeeded () {
    this.first.succeeded()
    this.second.succeeded()
  }

  ended (how, error) {
    this.first.ended(how, error)
    this.second.ended(how, error)
  }

  ready (call) {
    this.first.ready(call)
    this.second.ready(call)
  }

  abort (reason) {
    this.first.abort(reason)
    this.second.abort(reason)
  }

  get signal () {
    return this.first.signal ?? this.second.signal
  }

  get terms () {
    return this.first.terms ?? this.second.terms
  }

  get tries () {
    return this.first.tries ?? this.second.tries
  }
}

/** What goes along with a call from now on, with what did before, if anything. */
function together (before, more) {
  return before === undefined ? more : new Pair(before, more)
}

module.exports = { Companion, together }
