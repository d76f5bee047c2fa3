'use strict'

// `drain`: no call begins any more, those under way go on, and when none is left the breaker is
// shut down. Used by the class.

const { callOf } = require('./call')
const { Companion, together } = require('./companion')
const { buildError } = require('./errors')
const { INNER } = require('./inner')
const { codes: { NONE } } = require('./native/abi')
const { nextOut } = require('./native/crossings')
const { endWaits, startTimer, stopTimer } = require('./retry')
const { noRoom } = require('./stack-end')
const { readTerms } = require('./terms')
const { endQueue } = require('./waiter')

const KNOWN = ['timeout']

// What a timer can hold; it takes anything beyond for one millisecond.
const LONGEST_MS = 2 ** 31 - 1

/** A promise that is resolved when the breaker has been shut down. A second one joins the first. */
function drainCalls (breaker, options) {
  const { timeout } = readTerms(options, KNOWN)
  const inner = breaker[INNER]
  const drain = (inner.drain ??= new Drain(breaker, inner))
  // Whichever time is over first.
  if (timeout > 0 && timeout < Infinity) drain.endIn(Number(timeout))
  return drain.promise
}

class Drain {
  #left = new Set()
  #timers = []
  #isOver = false
  #resolve

  constructor (breaker, inner) {
    this.breaker = breaker
    this.inner = inner
    this.promise = new Promise(resolve => { this.#resolve = resolve })
    if (this.#resolve === undefined) throw noRoom(this.promise)
    inner.handle.drain()
    // None of them would be let through.
    endWaits(inner)
    // A call that is about to fail, whose listener may have said this, ends before.
    Promise.resolve().then(() => this.#follow())
  }

  /** Those that are left then are aborted. */
  endIn (ms) {
    if (this.#isOver) return
    const timer = startTimer(() => this.#abort(), Math.min(ms, LONGEST_MS))
    // Timers are anybody's code, which may let time go by.
    if (this.#isOver) stopTimer(timer)
    else this.#timers.push(timer)
  }

  /** A call has ended. */
  onEnd (waiter) {
    if (!this.#left.delete(waiter) || this.#left.size > 0) return
    // After the promises of the calls.
    Promise.resolve().then(() => this.#follow())
  }

  // Goes along with every call that is under way. Nothing is counted on the way of a call.
  #follow () {
    if (this.#isOver) return
    const { inner } = this
    for (let permit = nextOut(inner.id, 0); permit !== NONE; permit = nextOut(inner.id, permit + 1)) {
      const call = callOf(inner, permit)
      const waiter = new Waiter(this)
      this.#left.add(waiter)
      call.companion = together(call.companion, waiter)
    }
    for (const waiting of inner.waiters?.values() ?? []) {
      const waiter = new Waiter(this)
      this.#left.add(waiter)
      waiting.companion = together(waiting.companion, waiter)
    }
    if (this.#left.size === 0) this.#end()
  }

  // Their signals are aborted, and their promises reject; without a deadline, a call's is that of
  // its action, which settles it.
  #abort () {
    if (this.#isOver) return
    const { breaker, inner } = this
    const reason = buildError(breaker, 'ESHUTDOWN')
    // Before a place comes free for them.
    endQueue(inner)
    for (let permit = nextOut(inner.id, 0); permit !== NONE; permit = nextOut(inner.id, permit + 1)) {
      const call = callOf(inner, permit)
      if (call.taken && call.resolve !== undefined) call.giveUp('abort', reason)
    }
    this.#end()
  }

  #end () {
    if (this.#isOver) return
    this.#isOver = true
    this.#timers.forEach(stopTimer)
    try {
      if (!this.breaker.isShutdown) this.breaker.shutdown()
    } finally {
      this.#resolve()
    }
  }
}

class Waiter extends Companion {
  constructor (drain) {
    super()
    this.drain = drain
  }

  succeeded () {
    this.drain.onEnd(this)
  }

  ended () {
    this.drain.onEnd(this)
  }

  unqueued () {
    this.drain.onEnd(this)
  }
}

module.exports = { drainCalls }
