'use strict'

// The signal of one call: made when its action asks for it, and aborted when nobody waits for the
// call any more. Used by the class.

const { runningCall, unguardedCall } = require('./call')
const { Companion, together } = require('./companion')
const { throwAsync } = require('./emit')

/**
 * The signal of the call of a breaker whose action is running; undefined where none is, as after
 * an `await`.
 */
function runningSignal (inner) {
  const unguarded = unguardedCall(inner)
  if (unguarded !== undefined) return unguarded.signal
  const call = runningCall(inner)
  return call && signalOf(call)
}

/** The signal of a call. */
function signalOf (call) {
  const given = call.companion?.signal
  if (given !== undefined) return given
  const companion = new CallSignal()
  // Whoever made the call may have given it up already.
  const reason = call.companion?.terms?.reason
  if (reason !== undefined) companion.abort(reason)
  call.companion = together(call.companion, companion)
  return companion.signal
}

class CallSignal extends Companion {
  #controller = new AbortController()

  get signal () {
    return this.#controller.signal
  }

  // A call that has failed has done so by its action, which is over; of one that is not to count
  // its maker knows what becomes of the work.
  ended (how, error) {
    if (how !== 'error' && how !== 'ignored') this.abort(error)
  }

  abort (reason) {
    try {
      this.#controller.abort(reason)
    } catch (error) {
      throwAsync(error)
    }
  }
}

module.exports = { runningSignal, signalOf }
