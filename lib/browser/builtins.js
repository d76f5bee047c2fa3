'use strict'

// What stands in the place of Node's own modules in what is built for browsers: the names of
// `../builtins.js`, made of what every browser, worker and service worker has.
//
// Timers and the console are asked for once, as there: tests put others in place for the sake of the code under
// test. A browser's functions refuse to be methods of something else, and are wrapped.

const { EventEmitter } = require('./event-emitter')
const { inspect } = require('./inspect')

const { AsyncContext, MessageChannel, clearTimeout, performance, queueMicrotask, setImmediate, setTimeout } =
  /** @type {any} */ (globalThis)

/** Runs things in the context in which it was made, where the host has such contexts. */
class AsyncResource {
  #snapshot = AsyncContext?.Snapshot && new AsyncContext.Snapshot()

  runInAsyncScope (act, self, ...args) {
    if (this.#snapshot === undefined) return Reflect.apply(act, self, args)
    return this.#snapshot.run(() => Reflect.apply(act, self, args))
  }
}

module.exports = {
  AsyncResource,
  EventEmitter,
  clearTimeout: timer => clearTimeout(timer),
  performance,
  setImmediate: turn(),
  setTimeout: (act, ms, ...args) => setTimeout(act, ms, ...args),
  /** Nobody listens to channels that there are not. */
  channel: () => ({ hasSubscribers: false, publish () {} }),
  env: {},
  execArgv: [],
  inspect,
  inspector: undefined,
  /** Shows a warning in the console. */
  emitWarning (message, { code, type }) {
    console.warn(`(${code}) ${type}: ${message}`)
  },
  /** What is thrown there, the browser reports as uncaught. */
  nextTick: act => queueMicrotask(act),
  get Readable () {
    throw new Error('The Hystrix stream needs the streams of Node.js: it is not to be had in a browser. Listen to the event "snapshot" of breaker.status instead.')
  },
  /** Nothing can be listened on, at no address. */
  isIP: () => 0,
  debuglog: undefined,
  startupSnapshot: undefined,
  threadId: 0,
  own: () => undefined
}

// A turn of the loop between, as Node's: a timer of 0 ms is one of 4 where such follow each other.
function turn () {
  if (setImmediate !== undefined) return act => setImmediate(act)
  if (MessageChannel === undefined) return act => setTimeout(act, 0)
  const waiting = []
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    const act = waiting.shift()
    if (waiting.length === 0) port1.unref?.()
    act()
  }
  // Where Node plays a browser, as it does in tests of pages, a port that listens keeps the process.
  port1.unref?.()
  return act => {
    if (waiting.push(act) === 1) port1.ref?.()
    port2.postMessage(undefined)
  }
}
