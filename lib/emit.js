'use strict'

// Emitting to listeners that may not be there, and may throw. Used by the class and the
// status.

const builtins = require('./builtins')

const { emit: plainEmit } = builtins.EventEmitter.prototype

// Nothing here throws: a call that has begun reaches its end whatever listeners and getters
// do. What they throw surfaces.

/**
 * Whether anybody would notice an event: a listener, or somebody who has put himself in
 * the way of `emit`. Asked on the way of every call, where `listenerCount` costs more
 * than a crossing; the fields are EventEmitter's own, in every version of Node.
 */
function hasListeners (emitter, name) {
  try {
    return (emitter._eventsCount !== 0 && emitter._events[name] !== undefined) || emitter.emit !== plainEmit
  } catch (error) {
    throwAsync(error)
    return false
  }
}

/** Whether there is a listener to an event, whoever is in the way of `emit`. */
function listensTo (emitter, name) {
  try {
    return emitter._eventsCount !== 0 && emitter.listenerCount(name) > 0
  } catch (error) {
    throwAsync(error)
    return false
  }
}

/** Emits; a listener that throws must not change the outcome of a call. */
function emit (emitter, name, ...args) {
  try {
    emitter.emit(name, ...args)
  } catch (error) {
    throwAsync(error)
  }
}

/** Makes an error an uncaught exception, and nobody else's business: as Node's EventTarget. */
function throwAsync (error) {
  const rethrow = () => { throw error }
  try {
    builtins.nextTick(rethrow)
  } catch {
    // Somebody has put a broken one in place: an unhandled rejection is nearly as loud.
    Promise.reject(error)
  }
}

module.exports = { emit, hasListeners, listensTo, plainEmit, throwAsync }
