'use strict'

// The server that shows and steers the breakers of the process: `CircuitBreaker.serve`. It is in
// the native half, on a thread of its own; here are its options and its end. Used by the class.

const builtins = require('./builtins')
const { Server } = require('./native/load')
const { refuse } = require('./options')

// Those that listen. One that nobody holds goes on, as Node's own do; with the thread that began
// it, or with this load of the module, it ends.
const open = new Set()

class Listening {
  constructor (server) {
    open.add(server)
    /** Where it is found. */
    this.url = server.url
    /** Ends it: streams are ended, and the port is free. Needs no `this`. */
    this.close = async () => {
      server.close()
      open.delete(server)
    }
  }
}

// What `await using` calls at the end of a block, where Node.js knows of it.
if (Symbol.asyncDispose) {
  Object.defineProperty(Listening.prototype, Symbol.asyncDispose, {
    configurable: true,
    value () { return this.close() },
    writable: true
  })
}

/** Begins to listen. */
async function serve (options = {}) {
  if (options === null || typeof options !== 'object') refuse('options', 'an object', options)
  const { allowedHosts = [], host = '127.0.0.1', port = 0, stallLimit = 5000, token, ...others } = options
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new TypeError(`options.${unknown} is no option of serve(): it knows allowedHosts, host, port, stallLimit and token`)
  const address = host === 'localhost' ? '127.0.0.1' : host
  if (typeof address !== 'string' || builtins.isIP(address) === 0) refuse('options.host', "an IP address or 'localhost'", host)
  if (!Number.isInteger(port) || port < 0 || port > 65535) refuse('options.port', 'a port, 0 for a free one', port)
  if (token !== undefined && !isToken(token)) {
    throw new TypeError('options.token must be a string of 16 to 1000 visible characters, without spaces')
  }
  if (token === undefined && !isLoopback(address)) {
    throw new TypeError(`options.token must be given where options.host is ${host}: others than this machine can reach it`)
  }
  if (typeof stallLimit !== 'number' || !(stallLimit > 0)) refuse('options.stallLimit', 'a number of milliseconds above 0', stallLimit)
  if (!Array.isArray(allowedHosts) || !allowedHosts.every(isHost)) refuse('options.allowedHosts', 'a list of names of hosts, without ports', allowedHosts)
  try {
    return new Listening(new Server(address, port, token, allowedHosts, stallLimit))
  } catch (error) {
    // WebAssembly has no server.
    if (error.code === 'ENATIVE') throw error
    throw listenError(error.message, host, port)
  }
}

module.exports = { serve }

const WHY = {
  EACCES: 'permission denied',
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'address not available'
}

// As Node's own servers say it.
function listenError (reason, host, port) {
  const at = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const known = WHY[reason]
  const error = new Error(known ? `listen ${reason}: ${known} ${at}` : `The server of didelphis cannot listen at ${at}: ${reason}`)
  return Object.assign(error, { code: known ? reason : 'ESERVE', syscall: 'listen', address: host, port })
}

function isLoopback (address) {
  return address === '::1' || address.startsWith('127.')
}

function isToken (token) {
  return typeof token === 'string' && /^[\x21-\x7e]{16,1000}$/.test(token)
}

function isHost (name) {
  return typeof name === 'string' && /^[^\s:/@[\]]+$/.test(name)
}
