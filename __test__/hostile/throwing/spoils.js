'use strict'

// What a program may do to a breaker or to its host that makes everything after it throw.
// `spoil` returns what mends it, where that can be done.

const raise = () => { throw new Error('spoilt') }
const raising = (object, name) => {
  Object.defineProperty(object, name, { configurable: true, get: raise })
  return () => { delete object[name] }
}
const option = (name, value) => ({ options }) => {
  const old = options[name]
  options[name] = value
  return () => { options[name] = old }
}
const global = (object, name, value) => () => {
  const descriptor = Object.getOwnPropertyDescriptor(object, name)
  if (value === undefined) delete object[name]
  else object[name] = value
  return () => Object.defineProperty(object, name, descriptor)
}

const SPOILS = {
  'a frozen breaker': breaker => { Object.freeze(breaker) },
  'a sealed breaker': breaker => { Object.seal(breaker) },
  'frozen options': ({ options }) => { Object.freeze(options) },
  'a frozen breaker with frozen options': breaker => { Object.freeze(Object.freeze(breaker).options) },
  'no options': breaker => {
    const { options } = breaker
    breaker.options = null
    return () => { breaker.options = options }
  },
  'no coalesceResetOn': option('coalesceResetOn', null),
  'a coalesceResetOn that is no array': option('coalesceResetOn', {}),
  'a controller without a signal': option('abortController', { abort () {} }),
  'a controller whose signal throws': option('abortController', { abort () {}, get signal () { return raise() } }),
  'a controller that throws': option('abortController', { abort: raise, signal: { aborted: true } }),
  'a controller that is none': option('abortController', true),
  'a cacheGetKey that is no function': option('cacheGetKey', null),
  'a cacheGetKey that throws': option('cacheGetKey', raise),
  'a transport that is none': option('cacheTransport', {}),
  'a transport that throws': option('cacheTransport', { get: raise, set: raise, flush: raise }),
  'an errorFilter that is none': option('errorFilter', 5),
  'an errorFilter that throws': option('errorFilter', raise),
  'no number for a timeout': option('timeout', Symbol('soon')),
  'no number for a resetTimeout': option('resetTimeout', {}),
  'stackTraces that throws': ({ options }) => raising(options, 'stackTraces'),
  'a name that throws': breaker => raising(breaker, 'name'),
  'an emit that throws': breaker => {
    breaker.emit = raise
    return () => { delete breaker.emit }
  },
  'a listenerCount that throws': breaker => {
    breaker.listenerCount = raise
    return () => { delete breaker.listenerCount }
  },
  'no action': breaker => {
    const { action } = breaker
    breaker.action = undefined
    return () => { breaker.action = action }
  },
  'no prototype': breaker => {
    const prototype = Object.getPrototypeOf(breaker)
    const { fire } = breaker
    Object.setPrototypeOf(breaker, { fire })
    return () => { Object.setPrototypeOf(breaker, prototype) }
  }
}

// What all breakers share.
const HOST_SPOILS = {
  'no setTimeout': global(globalThis, 'setTimeout'),
  'no clearTimeout': global(globalThis, 'clearTimeout'),
  'no Date.now': global(Date, 'now'),
  'a Date.now that gives no number': global(Date, 'now', () => 'noon'),
  'a Date.now that throws': global(Date, 'now', raise),
  'no Date': global(globalThis, 'Date'),
  'no AbortController': global(globalThis, 'AbortController'),
  'a stackTraceLimit that throws': () => {
    const descriptor = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')
    Object.defineProperty(Error, 'stackTraceLimit', { configurable: true, get: raise, set: raise })
    return () => { Object.defineProperty(Error, 'stackTraceLimit', descriptor) }
  }
}

module.exports = { GLOBALS: Object.values(HOST_SPOILS), SPOILS: { ...SPOILS, ...HOST_SPOILS } }
