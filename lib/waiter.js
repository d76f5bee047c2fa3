'use strict'

// A call that waits for a place of the capacity: in JavaScript it is its promise, and what it is
// to begin with, by the ticket that the native half has given it. Whose turn it is, and who has
// waited in vain, is said there. Used by the way of a call, and by the class.

const { AsyncResource } = require('./builtins')
const { drainEvents } = require('./drain-events')
const { buildError } = require('./errors')
const { codes: { EVENTS, IDLE }, nativeOptions, places: { QUEUED_IDLE, QUEUED_TICKET, QUEUED_TIME } } = require('./native/abi')
const { leave, stat } = require('./native/crossings')
const { Rejection, reject } = require('./outcome')
const { noRoom } = require('./stack-end')
const { toEach } = require('./to-each')

/** What the way of a call does for one whose turn it is: it uses this file, so it leaves this here. */
const handlers = {
  /** Begins the call: a promise of what comes of it; undefined if no place is kept for it. */
  enter (waiter) {}
}

/** A promise of what comes of a call that the native half has just queued. */
function wait (breaker, inner, receiver, args, companion) {
  const waiter = new Waiter(breaker, inner, stat(QUEUED_TICKET), receiver, args, companion)
  const promise = new Promise(resolve => { waiter.resolve = resolve })
  if (waiter.resolve === undefined) throw noRoom(promise)
  ;(inner.waiters ??= new Map()).set(waiter.ticket, waiter)
  // While it waits, the breaker must not be collected with its deadline.
  if (inner.nativeOptions[nativeOptions.QUEUE_TIMEOUT] < Infinity) inner.owner.pinned = inner.breaker
  companion?.waits(waiter)
  tellEarly(inner, waiter)
  return promise
}

// The clock of a host may have run code as the call was queued, which opens the circuit, shuts the
// breaker down or lets time go by: what was told of it then is told now.
function tellEarly (inner, waiter) {
  const { ticket } = waiter
  const tell = inner.early?.get(ticket)
  if (tell !== undefined) {
    inner.early.delete(ticket)
    tell(waiter)
  }
  // Its turn may have come, and after that what refuses all.
  if (inner.waiters.has(ticket) && ticket < inner.dismissedBefore) {
    waiter.refuse(inner.dismissedBefore === Infinity ? refuseForGood : refuseOpen)
  }
}

// Nobody has that ticket yet: it is kept until whoever asked for it should have it, and then `gone`.
function keepEarly (inner, ticket, tell, gone) {
  const early = (inner.early ??= new Map())
  early.set(ticket, tell)
  Promise.resolve().then(() => { if (early.delete(ticket)) gone?.() })
}

/** It is the turn of the call that the native half has just told of. */
function takeTurn (inner) {
  const ticket = stat(QUEUED_TICKET)
  const waiter = inner.waiters?.get(ticket)
  if (waiter !== undefined) return waiter.run(handlers.enter)
  // Or JavaScript was stopped as it came to wait: nobody has its promise.
  keepEarly(inner, ticket, late => late.run(handlers.enter), () => endLeave(inner, leave(inner.id, ticket)))
}

/** The call that the native half has just told of has waited in vain. */
function endWait (inner) {
  const ticket = stat(QUEUED_TICKET)
  const ms = stat(QUEUED_TIME)
  noteIdle(inner)
  const refuse = ({ args, breaker }) => reject(breaker, inner, args, 'EQUEUE', undefined, ms)
  const waiter = inner.waiters?.get(ticket)
  if (waiter !== undefined) waiter.refuse(refuse)
  else keepEarly(inner, ticket, late => late.refuse(refuse))
}

/** The circuit has opened: all who waited then are refused. */
function dismiss (inner) {
  const before = stat(QUEUED_TICKET)
  noteIdle(inner)
  inner.dismissedBefore = Math.max(before, inner.dismissedBefore)
  toEach(inner.waiters ?? [], ([ticket, waiter]) => { if (ticket < before) waiter.refuse(refuseOpen) })
}

function refuseOpen ({ args, breaker, inner }) {
  const ms = inner.handle.retryAfter()
  return reject(breaker, inner, args, 'EOPENBREAKER', ms === null ? undefined : Math.ceil(ms))
}

function refuseForGood ({ breaker }) {
  return new Rejection(buildError(breaker, 'ESHUTDOWN'))
}

/** Nobody is let in any more: the breaker is shut down, or about to be. */
function endQueue (inner) {
  inner.dismissedBefore = Infinity
  try {
    // The last first: it is nobody's turn by that.
    toEach([...inner.waiters?.values() ?? []].reverse(), waiter => {
      const bits = leave(inner.id, waiter.ticket)
      waiter.refuse(refuseForGood)
      endLeave(inner, bits)
    })
  } finally {
    if (inner.waiters !== undefined && !inner.handle.isWaiting()) inner.owner.pinned = undefined
  }
}

/** What was told of those who wait may have been lost with the stack: they are told what has become of them. */
function lookAfter (inner) {
  const { breaker, handle, id, waiters } = inner
  drainEvents(breaker, id)
  // No place is kept for most of them, and then nothing happens.
  toEach([...waiters.values()], waiter => waiter.run(handlers.enter))
  drainEvents(breaker, id)
  // First in, first out: those of whom nothing is known any more came before those who wait.
  const gone = waiters.size - (handle.queued() ?? 0)
  toEach([...waiters.values()].slice(0, Math.max(0, gone)), waiter => {
    waiter.refuse(({ args }) => reject(breaker, inner, args, breaker.opened ? 'EOPENBREAKER' : 'EQUEUE'))
  })
}

class Waiter {
  constructor (breaker, inner, ticket, receiver, args, companion) {
    this.breaker = breaker
    this.inner = inner
    this.ticket = ticket
    // The action's `this`, and what it is called with.
    this.receiver = receiver
    this.args = args
    this.companion = companion
    this.resolve = undefined
    this.isRefused = false
    this.context = new QueueContext(this)
  }

  /** It does so no longer. */
  leave () {
    this.inner.waiters.delete(this.ticket)
    this.context.waiter = undefined
  }

  /** Its promise is resolved with what `act` gives, in the context of its caller. */
  run (act) {
    const outcome = this.context.runInAsyncScope(act, undefined, this)
    if (outcome !== undefined) this.resolve(outcome)
  }

  /** It has waited in vain: `act` gives what there is instead. Where the stack ends, it is still there. */
  refuse (act) {
    if (this.isRefused) return
    this.isRefused = true
    try {
      this.run(act)
    } catch (error) {
      this.isRefused = false
      throw error
    }
    this.leave()
    this.companion?.unqueued('error')
  }

  /** Whoever made the call has given it up. */
  giveUp (reason) {
    const { inner, ticket } = this
    if (this.isRefused || !inner.waiters.has(ticket)) return
    this.leave()
    const bits = leave(inner.id, ticket)
    this.companion?.unqueued('abort', reason)
    this.resolve(new Rejection(reason))
    endLeave(inner, bits)
  }
}

// The async context of the caller. Whoever follows async hooks can ask it whether the call still
// waits.
class QueueContext extends AsyncResource {
  constructor (waiter) {
    super('CircuitBreaker.Queue')
    this.waiter = waiter
  }

  hasRef () {
    return this.waiter !== undefined
  }
}

/** After a crossing that has let somebody go who waited. */
function noteIdle (inner) {
  if (stat(QUEUED_IDLE) !== 0) inner.owner.pinned = undefined
}

module.exports = { dismiss, endQueue, endWait, handlers, lookAfter, noteIdle, takeTurn, wait }

function endLeave (inner, bits) {
  if ((bits & IDLE) !== 0) inner.owner.pinned = undefined
  if ((bits & EVENTS) !== 0) drainEvents(inner.breaker, inner.id)
}
