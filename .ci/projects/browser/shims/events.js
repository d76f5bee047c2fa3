'use strict'

// node:events for the tests of a page: the emitter of breakers there, and what tests wait by.

const EventEmitter = Object.getPrototypeOf(globalThis.CircuitBreaker)

/** A promise of what an event is emitted with. */
function once (emitter, name) {
  return new Promise((resolve, reject) => {
    if (typeof emitter.addEventListener === 'function') return emitter.addEventListener(name, event => resolve([event]), { once: true })
    const settle = (end, name_, act) => (...args) => {
      emitter.removeListener(name_ === name ? 'error' : name, act)
      end(args)
    }
    const fail = error => { emitter.removeListener(name, done); reject(error) }
    const done = settle(resolve, name, fail)
    emitter.once(name, done)
    if (name !== 'error') emitter.once('error', fail)
  })
}

const { missing } = require('./needs-node')

module.exports = Object.assign(EventEmitter, { EventEmitter, getEventListeners: missing('getEventListeners'), once })
