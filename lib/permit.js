'use strict'

// `acquire`: permits for work that is no promise, such as a stream or a message. Whoever has one
// says how the work ended. Used by the class.

const { acquire: ask } = require('./call')
const { signalOf } = require('./call-signal')
const { followClock } = require('./clock')
const { INNER } = require('./inner')
const { applyLiveOptions } = require('./live-options')
const { fail, succeed } = require('./outcome')
const { readTerms } = require('./terms')
const { warnOnce } = require('./warnings')

const KNOWN = ['signal', 'timeout']

/** Asks a breaker for a permit. Throws where a call would be refused, with the same error. */
function acquire (breaker, options) {
  const terms = readTerms(options, KNOWN)
  terms.isPermit = true
  terms.check()
  const inner = breaker[INNER]
  followClock(inner)
  applyLiveOptions(breaker, inner)
  return new Permit(ask(breaker, inner, terms), terms)
}

class Permit {
  // What JavaScript holds of the call; undefined once it has been settled here, and of a breaker
  // that is disabled.
  #call
  #terms
  #signal

  constructor (call, terms) {
    this.#call = call
    this.#terms = terms
    if (call !== undefined) whenLost().register(this, { call, terms }, this)
  }

  /** The work has ended well. */
  success (result) {
    const call = this.#take()
    if (call !== undefined) succeed(call, result)
  }

  /** The work has failed. */
  failure (error) {
    const call = this.#take()
    if (call !== undefined) fail(call.breaker, call.inner, call.permit, [], error, call.companion)
  }

  /** Nothing is known of the work, or nothing that counts. */
  ignore () {
    this.#take()?.giveUp('ignored')
  }

  /** Aborted when nobody waits for the work any more: its time is over, or the breaker is shut down. */
  get signal () {
    return (this.#signal ??= this.#makeSignal())
  }

  // The call, to be settled: once, and unless it has ended without this.
  #take () {
    const call = this.#call
    if (call === undefined) return undefined
    // As long as it lasts it has the signal that was asked for.
    this.#call = undefined
    lost?.unregister(this)
    return isOf(call, this.#terms) ? call : undefined
  }

  #makeSignal () {
    const call = this.#call
    if (call !== undefined && isOf(call, this.#terms)) return signalOf(call)
    const { reason, signalOfCaller } = this.#terms
    if (reason !== undefined) return AbortSignal.abort(reason)
    return call === undefined && signalOfCaller !== undefined ? signalOfCaller : new AbortController().signal
  }
}

// Not every version of Node.js 20 has them.
if (Symbol.dispose && Symbol.asyncDispose) {
  Object.defineProperties(Permit.prototype, {
    [Symbol.dispose]: { configurable: true, value () { this.ignore() }, writable: true },
    [Symbol.asyncDispose]: { configurable: true, async value () { this.ignore() }, writable: true }
  })
}

module.exports = { acquire }

// A call object is used again by later calls.
function isOf (call, terms) {
  return call.permit >= 0 && call.companion?.terms === terms
}

// What is collected and was not settled.
let lost

function whenLost () {
  return (lost ??= new FinalizationRegistry(({ call, terms }) => {
    if (!isOf(call, terms)) return
    call.giveUp('abort')
    warnOnce('DIDELPHIS_LOST_PERMIT', LOST_PERMIT)
  }))
}

const LOST_PERMIT = 'A permit of acquire() was collected and had not been settled: it counts as ignored. ' +
  'Call success(), failure(error) or ignore() whichever way the work ends.'
