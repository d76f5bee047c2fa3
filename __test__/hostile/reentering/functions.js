'use strict'

// Every function of the user's that a breaker calls, by name: each calls `it.act()`, besides
// what it is for. `options` gives options with such functions, `breaker` puts one on a
// breaker, and `actions` gives actions by kind.

const { EventEmitter } = require('node:events')
const CircuitBreaker = require('../../..')
const { EVENTS } = require('../throwing/ways')

const ill = () => { throw new Error('ill') }

const OPTIONS = {
  errorFilter: it => ({ errorFilter: () => it.act() }),
  cacheGetKey: it => ({
    cache: true,
    coalesce: true,
    cacheGetKey: (...args) => {
      it.act()
      return String(args)
    }
  }),
  'the transport': it => {
    const kept = new Map()
    const acting = does => (...args) => {
      it.act()
      return does(...args)
    }
    return {
      cache: true,
      cacheTransport: {
        get: acting(key => kept.get(key)),
        set: acting((key, value) => kept.set(key, value)),
        flush: acting(() => kept.clear())
      }
    }
  },
  'the transport that answers later': it => {
    const kept = new Map()
    const acting = does => async (...args) => {
      it.act()
      await undefined
      it.act()
      return does(...args)
    }
    return {
      cache: true,
      coalesce: true,
      cacheTransport: {
        get: acting(key => kept.get(key)),
        set: acting((key, value) => kept.set(key, value)),
        flush: acting(() => kept.clear())
      }
    }
  },
  'getters of options': it => {
    return new Proxy({ cache: true, coalesce: true, stackTraces: true, autoRenewAbortController: true }, {
      get (target, key) {
        it.act()
        return target[key]
      },
      set (target, key, value) {
        it.act()
        target[key] = value
        return true
      }
    })
  },
  rotateBucketController: it => {
    class Controller extends EventEmitter {}
    for (const name of ['on', 'removeListener', 'listeners']) {
      Controller.prototype[name] = function (...args) {
        it.act()
        return EventEmitter.prototype[name].apply(this, args)
      }
    }
    it.controller = new Controller()
    return { rotateBucketController: it.controller }
  },
  'the abort controller': it => {
    const inner = new AbortController()
    return {
      autoRenewAbortController: true,
      abortController: {
        abort: () => {
          it.act()
          inner.abort()
        },
        get signal () {
          it.act()
          return inner.signal
        }
      }
    }
  },
  'a listener to the abort signal': it => {
    const abortController = new AbortController()
    abortController.signal.addEventListener('abort', () => it.act())
    return { abortController }
  },
  'the draw, and whoever says whether to try again': it => ({
    random: () => {
      it.act()
      return 0.5
    },
    retry: {
      attempts: 2,
      delay: { initial: 1, max: 2 },
      when: () => {
        it.act()
        return true
      }
    }
  }),
  'the inspection of an option': it => ({
    nonsense: {
      [Symbol.for('nodejs.util.inspect.custom')] () {
        it.act()
        return 'nonsense'
      }
    }
  }),
  'Error.prepareStackTrace': it => {
    Error.prepareStackTrace = error => {
      it.act()
      return String(error)
    }
    return { stackTraces: true }
  }
}

const LISTENED = ['newListener', 'removeListener', 'retry', ...EVENTS]

const BREAKERS = {
  ...Object.fromEntries(LISTENED.map(event => [`a listener to ${event}`, (it, breaker) => breaker.on(event, () => it.act())])),
  'a listener to snapshot': (it, breaker) => breaker.status.on('snapshot', () => it.act()),
  'the fallback': (it, breaker) => breaker.fallback(() => it.act()),
  'a breaker as the fallback': (it, breaker) => breaker.fallback(new CircuitBreaker(async () => it.act())),
  'the health check': (it, breaker) => breaker.healthCheck(() => it.act(), 10),
  emit: (it, breaker) => {
    breaker.emit = function (...args) {
      it.act()
      return EventEmitter.prototype.emit.apply(this, args)
    }
  },
  'getters of the breaker': (it, breaker) => {
    for (const name of ['name', 'enabled', 'isShutdown', 'status', 'opened', 'listenerCount']) {
      Object.defineProperty(breaker, name, {
        get () {
          it.act()
          return Reflect.get(CircuitBreaker.prototype, name, breaker)
        }
      })
    }
  }
}

const ACTIONS = {
  'a listener to the signal of a call': it => {
    const { hang } = it.actions
    return {
      hang (breaker) {
        it.breaker?.getSignal()?.addEventListener('abort', () => it.act())
        return hang(breaker)
      }
    }
  },
  'the action': it => ({ well: async () => it.act() }),
  'the action, before it fails': it => ({
    ill () {
      it.act()
      ill()
    }
  }),
  'the then of a thenable': it => ({
    well: () => ({
      then (resolve) {
        it.act()
        resolve('well')
      }
    })
  }),
  'the getter of then': it => ({
    well: () => ({
      get then () {
        it.act()
        return undefined
      }
    })
  }),
  "a promise's constructor": it => ({
    well: () => Object.defineProperty(Promise.resolve('well'), 'constructor', {
      get () {
        it.act()
        return Promise
      }
    })
  }),
  'a callback of a caller': it => {
    it.after = () => it.act()
    return {}
  }
}

const FUNCTIONS = {
  ...mapped(OPTIONS, of => ({ options: of })),
  ...mapped(BREAKERS, of => ({ breaker: of })),
  ...mapped(ACTIONS, of => ({ actions: of }))
}

function mapped (object, does) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, does(value)]))
}

module.exports = { FUNCTIONS }
