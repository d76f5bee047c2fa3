'use strict'

// The signal of one call: made when its action asks for it, and aborted when nobody waits for the
// call any more. Used by the class.

const { runningCall } = require('./call')
const { Companion, together } = require('./companion')
const { throwAsync } = require('./emit')

/**
 * The signal of the call of a breaker whose action is running; undefined where none is, as after
 * an `await`.
 */
function runningSignal (inner) {
  const call = runningCall(inner)
  return call && signalOf(call)
}

/** The signal of a call. */
function signalOf (call) {
  const given = call.companion?.signal
  if (given !== undefined) return given
  const companion = new CallSignal()
  call.companion = together(call.companion, companion)
  return companion.signal
}

class CallSignal extends Companion {
  #controller = new AbortController()

  get signal () {
    return this.#controller.signal
  }

  // A call that has failed has done so by its action, which is over.
  ended (how, error) {
    if (how !== 'error') this.abort(error)
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
