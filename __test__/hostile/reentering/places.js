'use strict'

// A process in which every function of the user's does all that may be done, while a breaker
// goes through its life.

const { EventEmitter } = require('node:events')
const CircuitBreaker = require('../../..')
const { runInside } = require('../support/inside')
const { EVENTS } = require('../throwing/ways')
const { runCase } = require('./case')
const { DEEDS, SHORT, readAll } = require('./deeds')

const ill = () => { throw new Error('ill') }

// Puts a function that acts in its place: among the options before the breaker is made, or on
// the breaker.
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

const LISTENED = ['newListener', 'removeListener', ...EVENTS]

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

const PLACES = {
  ...mapped(OPTIONS, of => ({ options: of })),
  ...mapped(BREAKERS, of => ({ breaker: of })),
  ...mapped(ACTIONS, of => ({ actions: of }))
}

function mapped (object, does) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, does(value)]))
}

async function life (it, place) {
  if (place.actions) Object.assign(it.actions, place.actions(it))
  // Of a window that is short, so that there are snapshots.
  const options = Object.assign(place.options?.(it) ?? {}, { rollingCountTimeout: 50, rollingCountBuckets: 5 })
  it.breaker = it.make(options)
  const { breaker } = it
  place.breaker?.(it, breaker)
  const fire = kind => it.fire(kind)

  for (const kind of ['well', 'well', 'ill', 'hang']) {
    await it.try(() => breaker.close())
    fire(kind)
    fire(kind)
    await it.clock.pass(5)
  }
  await it.clock.pass(2 * SHORT)
  await it.try(() => breaker.open())
  fire('well')
  await it.clock.pass(2 * SHORT)
  fire('well')
  await it.clock.pass(5)
  let taken = 0
  while (breaker.semaphore.test()) taken++
  fire('ill')
  for (; taken > 0; taken--) breaker.semaphore.release()
  await it.try(() => it.controller?.emit('rotate'))
  await it.try(() => readAll(breaker))
  await it.try(() => new CircuitBreaker(ill, { timeout: breaker.options.nonsense }))
  await it.try(() => breaker.clearCache())
  await it.try(() => breaker.disable())
  fire('well')
  await it.try(() => breaker.enable())
  fire('hang')
  await it.try(() => breaker.shutdown())
  fire('well')
  await it.clock.pass(5)
}

const [, , , clock] = process.argv
const cases = {}
for (const [name, place] of Object.entries(PLACES)) {
  for (const deed of Object.keys(DEEDS)) {
    cases[`${name} ${deed}`] = async () => {
      const problems = await runCase({ deed, clock, go: it => life(it, place) })
      delete Error.prepareStackTrace
      return problems
    }
  }
}

runInside(cases)
