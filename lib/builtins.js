'use strict'

// What is used of Node's own modules: the true ones, whatever a test runner or a bundler has
// put in the place of `require`. Tests mock these modules for the sake of the code under test,
// and Jest hands such a mock to packages too; ES modules have no `require` at all. Node.js 20
// before 20.16 is asked by `require`. No `node:` in front: Jest before 27 cannot read that.
//
// What is built for browsers has `browser/builtins.js` in the place of this file, and nothing else
// in `lib` that a program loads asks for what is Node's alone.

const own = name => process.getBuiltinModule?.(name)

const { AsyncResource } = own('async_hooks') ?? require('async_hooks')
const { EventEmitter } = own('events') ?? require('events')
const { performance } = own('perf_hooks') ?? require('perf_hooks')
const { clearTimeout, setImmediate, setTimeout } = own('timers') ?? require('timers')

module.exports = {
  AsyncResource,
  EventEmitter,
  clearTimeout,
  performance,
  setImmediate,
  setTimeout,
  // Looked up as they are used: programs and tests put their own in place.
  /** @param {string} message */
  emitWarning: (message, options) => process.emitWarning(message, options),
  /** @param {() => void} act */
  nextTick: act => process.nextTick(act),
  get env () { return process.env },
  get execArgv () { return process.execArgv },
  // Asked for when they are needed, which they mostly are not.
  get channel () { return (own('diagnostics_channel') ?? require('diagnostics_channel')).channel },
  get Readable () { return (own('stream') ?? require('stream')).Readable },
  get debuglog () { return (own('util') ?? require('util')).debuglog },
  get inspect () { return (own('util') ?? require('util')).inspect },
  /** Not in every build of Node. */
  get inspector () { return own('inspector') ?? require('inspector') },
  get isIP () { return (own('net') ?? require('net')).isIP },
  /** Only in Node builds that make snapshots, and not in every other runtime. */
  get startupSnapshot () { return (own('v8') ?? require('v8')).startupSnapshot },
  /** The number of this thread: zero in the main one. */
  get threadId () { return (own('worker_threads') ?? require('worker_threads')).threadId },
  /** For what nothing depends on: undefined where only `require` would give it. */
  own
}
