'use strict'

// What a breaker has of its own and shows nobody: one object, under one symbol. Used by the
// class and the way of its calls.
//
// Under a symbol, as opossum's fields are: a Proxy around a breaker sees through it, as it
// does not through `#private` names. In an object of its own it may change while the breaker
// is frozen, and once it has been read, nothing that a user does to the breaker is in the way
// of a call that has begun.

const INNER = Symbol('inner')

class Inner {
  constructor (breaker, name, group, volumeThreshold) {
    // Itself: a call may come through a Proxy, whose traps are anybody's.
    this.breaker = breaker
    // The native half: the object that owns it, its number, and where its wake-ups go.
    /** @type {import('../src/node/binding').Handle} */
    this.handle = undefined
    this.id = -1
    this.owner = undefined
    // What JavaScript holds of calls, by permit.
    this.calls = []
    // What the native half has been told, as numbers; what of it was given as live options;
    // whether calls have a timeout, and whether that is learned.
    this.nativeOptions = undefined
    this.liveOptions = undefined
    this.timed = false
    this.learnsTimeout = false
    // Whether the end of a call found options that make no sense, for the next fire to say so.
    this.invalid = false
    // The timers that were in place when it was last looked at.
    this.clock = undefined
    this.stallThreshold = undefined
    // Null where nothing of the user's runs after a call has failed; undefined where there is no fallback,
    // but another try.
    this.fallback = null
    // Who keeps it open by force.
    this.holders = undefined
    // How calls are tried again, and those that wait for that; undefined where they are not.
    this.retry = undefined
    this.waits = undefined
    // Calls that wait for a place, by their tickets, in the order in which they came.
    this.waiters = undefined
    // Below it no ticket is a call's that waits; and what was told of calls before they had theirs.
    this.dismissedBefore = 0
    this.early = undefined
    this.name = name
    this.group = group
    this.volumeThreshold = volumeThreshold
    this.lastTimerAt = undefined
    // Where the circuit stood when that was told last.
    this.circuit = 'closed'
    // Whether it guards what is a breaker's own: nobody is told of its calls.
    this.isGuard = false
    // Why the circuit opened last, as it was shown; what failed last, and what fails now for want
    // of a place.
    this.lastTrip = undefined
    this.lastFailure = undefined
    this.locking = undefined
    // What the user says of calls, and of the circuit.
    this.classify = undefined
    this.shouldTrip = undefined
    // Made when they are asked for.
    this.semaphore = undefined
    this.status = undefined
    this.cache = undefined
    this.coalesceCache = undefined
    // Calls that wait for a transport which answers later, and what guards its answers.
    this.lookups = undefined
    this.guard = undefined
    this.healthChecks = undefined
    // What it is probed by, and for how long it was told to wait, where functions of the user's
    // say so.
    this.probe = undefined
    this.toldWait = undefined
    // What waits for the last calls to end, once no other may begin.
    this.drain = undefined
    // The call of a disabled breaker whose action is running, if a caller has given a signal.
    this.unguarded = undefined
  }
}

module.exports = { INNER, Inner }
