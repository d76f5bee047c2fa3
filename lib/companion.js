'use strict'

// What goes along with a call and is told what becomes of it: its cache, its signal. Most calls
// have no companion. Used by the way of a call.

/** One that wants to know nothing: others say what they do. Nothing of theirs throws. */
class Companion {
  /** The call was admitted; its action begins. */
  began () {}

  /** The action has returned: a promise of its result. */
  acted (result) {}

  /** The action resolved. */
  succeeded () {}

  /**
   * The call ended otherwise, and so: `error`, `timeout`, with the error of it; `lost`, if JavaScript
   * was stopped in its action.
   */
  ended (how, error) {}

  /** The call goes on, and nobody waits for it any more. */
  abort (reason) {}

  /** The signal that tells its action of that, if there is one. */
  get signal () {
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

  began () {
    this.first.began()
    this.second.began()
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

  abort (reason) {
    this.first.abort(reason)
    this.second.abort(reason)
  }

  get signal () {
    return this.first.signal ?? this.second.signal
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
