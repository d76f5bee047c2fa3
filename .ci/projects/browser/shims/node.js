'use strict'

// Every other module of Node's, and every helper that needs a process of its own.

const { missing } = require('./needs-node')

// Nothing is ever in it; what is about contexts is among those that need Node (`test.js`).
class AsyncLocalStorage {
  run (store, act, ...args) { return act(...args) }
  enterWith () {}
  getStore () {}
}

const inspect = missing('inspect')
inspect.custom = Symbol.for('nodejs.util.inspect.custom')

module.exports = Object.assign(missing('a module of Node'), {
  AsyncLocalStorage,
  AsyncResource: missing('AsyncResource'),
  MessageChannel: missing('worker_threads'),
  Worker: missing('worker_threads'),
  child: missing('a process'),
  createServer: missing('http'),
  crossingsOf: missing('the addon'),
  crossingsUntil: missing('the addon'),
  execFile: missing('a process'),
  inspect,
  join: (...parts) => parts.join('/'),
  loads: missing('loads'),
  promisify: missing('promisify'),
  readFileSync: missing('files'),
  runInContext: missing('vm'),
  runInNewContext: missing('vm'),
  spawn: missing('a process'),
  stripVTControlCharacters: missing('util'),
  text: missing('streams'),
  types: { isNativeError: missing('util') }
})
