'use strict'

// From where a read may throw. `make` makes a breaker; `live`, when it is prepared, gives
// what the calls are made through. Each read is told to `run.hit` first, which may throw.

const CircuitBreaker = require('../../..')
const { fakeHost, realHost } = require('./hosts')

const make = (run, action, options) => new CircuitBreaker(action, options)

const SOURCES = {
  'options, replaced while the breaker lives': {
    make,
    live (run, breaker) {
      breaker.options = told(run, 'options', breaker.options)
      return breaker
    }
  },
  'options, from the beginning': {
    make: (run, action, options) => run.armedWhile(() => make(run, action, told(run, 'options', options))),
    live: (run, breaker) => breaker
  },
  'objects among the options': {
    make,
    live (run, { options }) {
      for (const name of ['abortController', 'cacheTransport', 'coalesceResetOn']) {
        if (options[name]) options[name] = told(run, name, options[name], true)
      }
      return arguments[1]
    }
  },
  "the breaker's properties, through a Proxy": {
    make,
    live: (run, breaker) => told(run, 'breaker', breaker, false, key => typeof key === 'string')
  },
  "the breaker's fields, through a Proxy": {
    make,
    live: (run, breaker) => told(run, 'breaker', breaker, false, key => typeof key === 'symbol')
  },
  "the breaker's own getters": { make, live: withGetters },
  "a subclass's getters and methods": {
    make: (run, action, options) => run.armedWhile(() => new (subclass(run))(action, options)),
    live: (run, breaker) => breaker
  },
  'the host': { host: realHost, make, live: (run, breaker) => breaker },
  'the host, while a breaker is made, too': {
    host: realHost,
    make: (run, action, options) => run.armedWhile(() => make(run, action, options)),
    live: (run, breaker) => breaker
  },
  'a faked host': { host: fakeHost, make, live: (run, breaker) => breaker },
  'a faked host, while a breaker is made, too': {
    host: fakeHost,
    make: (run, action, options) => run.armedWhile(() => make(run, action, options)),
    live: (run, breaker) => breaker
  }
}

module.exports = { SOURCES }

function told (run, name, object, bound = false, concerns = () => true) {
  return new Proxy(object, {
    get (target, key, receiver) {
      if (concerns(key)) run.hit(`${name}.${String(key)}`)
      // Objects of the host's have fields that a Proxy has not.
      const value = Reflect.get(target, key, bound ? target : receiver)
      return bound && typeof value === 'function' ? value.bind(target) : value
    }
  })
}

const FIELDS = ['options', 'action', '_events', '_eventsCount']

function withGetters (run, breaker) {
  for (const name of [...FIELDS, ...inheritedBy(CircuitBreaker.prototype)]) {
    let value = breaker[name]
    const isField = FIELDS.includes(name)
    Object.defineProperty(breaker, name, {
      configurable: true,
      get () {
        run.hit(name)
        return isField || typeof value === 'function' ? value : Reflect.get(CircuitBreaker.prototype, name, breaker)
      },
      set (given) { value = given }
    })
  }
  return breaker
}

// Getters tell of their reads, methods of their calls.
function subclass (run) {
  class Told extends CircuitBreaker {}
  for (const name of inheritedBy(CircuitBreaker.prototype)) {
    const { get, value } = descriptorOf(CircuitBreaker.prototype, name)
    const hit = does => function (...args) {
      run.hit(name)
      return does.apply(this, args)
    }
    Object.defineProperty(Told.prototype, name, get ? { get: hit(get) } : { value: hit(value), writable: true })
  }
  return Told
}

function inheritedBy (prototype) {
  const names = []
  for (let at = prototype; at !== Object.prototype; at = Object.getPrototypeOf(at)) names.push(...Object.getOwnPropertyNames(at))
  return [...new Set(names)].filter(name => {
    const { get, value } = descriptorOf(prototype, name)
    return name !== 'constructor' && (get || typeof value === 'function')
  })
}

function descriptorOf (prototype, name) {
  for (let at = prototype; at; at = Object.getPrototypeOf(at)) {
    const descriptor = Object.getOwnPropertyDescriptor(at, name)
    if (descriptor) return descriptor
  }
}
