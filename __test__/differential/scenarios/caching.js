'use strict'

// The cache of results and the coalescing of calls in flight.

const { obey, down, NEVER_MS } = require('./actions')

/** An action that says how often it has run. */
function counting () {
  let runs = 0
  return async order => `${await obey(order)}, run ${++runs}`
}

module.exports = {
  'a cached result is given again': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(counting(), { cache: true })
    await watch('miss', () => circuit.fire('a'))
    await watch('hit', () => circuit.fire('a'))
    await watch('other arguments', () => circuit.fire('b'))
    checkpoint('one hit, two misses')
    circuit.clearCache()
    await watch('miss after clearing', () => circuit.fire('a'))
  },

  'failures are not cached': async ({ breaker, watch }) => {
    const circuit = breaker(counting(), { cache: true, cacheGetKey: () => 'key', errorThresholdPercentage: 100 })
    await watch('failure', () => circuit.fire(down()))
    await watch('success', () => circuit.fire('a'))
    await watch('hit', () => circuit.fire(down()))
  },

  'a cached result is given by an open breaker': async ({ breaker, watch }) => {
    const circuit = breaker(counting(), { cache: true, resetTimeout: NEVER_MS })
    await watch('miss', () => circuit.fire('a'))
    circuit.open()
    await watch('hit', () => circuit.fire('a'))
    await watch('refused', () => circuit.fire('b'))
  },

  'a cached result expires': async ({ breaker, watch, sleep }) => {
    const circuit = breaker(counting(), { cache: true, cacheTTL: 200 })
    await watch('miss', () => circuit.fire('a'))
    await watch('hit', () => circuit.fire('a'))
    await sleep(300)
    await watch('expired', () => circuit.fire('a'))
  },

  'a full cache drops its oldest entry': async ({ breaker, watch }) => {
    const circuit = breaker(counting(), { cache: true, cacheSize: 2 })
    for (const order of ['a', 'b', 'c', 'b', 'a']) await watch('call', () => circuit.fire(order))
  },

  'the key is made from the arguments, with the breaker as this': async ({ breaker, watch, note }) => {
    const circuit = breaker(counting(), {
      cache: true,
      cacheGetKey (...args) {
        note('key', this === circuit, ...args)
        return args[0]
      }
    })
    await watch('miss', () => circuit.fire('a', 1))
    await watch('hit', () => circuit.fire('a', 2))
  },

  'a cache transport of the program\'s own': async ({ breaker, watch, note }) => {
    const entries = new Map()
    const cacheTransport = {
      get (key) {
        note('get', key)
        return entries.get(key)
      },
      set (key, value, expiresAt) {
        note('set', key, value, expiresAt)
        entries.set(key, value)
      },
      flush () {
        note('flush')
        entries.clear()
      }
    }
    const circuit = breaker(counting(), { cache: true, cacheTransport })
    await watch('miss', () => circuit.fire('a'))
    await watch('hit', () => circuit.fire('a'))
    circuit.clearCache()
    await watch('miss after clearing', () => circuit.fire('a'))
    circuit.shutdown()
  },

  'a cache transport must have its methods': async ({ CircuitBreaker, refusal }) => {
    const construct = cacheTransport => () => new CircuitBreaker(obey, { cache: true, cacheTransport })
    refusal('a word', construct('redis'))
    refusal('no flush', construct({ get () {}, set () {} }))
  },

  'calls with the same arguments in flight are one': async ({ breaker, watch, defer, note, checkpoint }) => {
    const gate = defer()
    const action = counting()
    const circuit = breaker(order => gate.promise.then(() => action(order)), { coalesce: true })
    const first = circuit.fire('a')
    const second = circuit.fire('a')
    note('one promise', first === second)
    checkpoint('in flight')
    gate.resolve()
    await watch('first', () => first)
    await watch('second', () => second)
    await watch('other arguments', () => circuit.fire('b'))
    await watch('settled, still coalesced', () => circuit.fire('a'))
  },

  'coalescing ends by a success, an error or a timeout where asked to': async ({ breaker, watch, defer }) => {
    const works = { success: defer(), error: defer(), timeout: defer() }
    const settlings = { success: work => work.resolve('fine'), error: work => work.reject(down()), timeout: () => {} }
    for (const [reset, work] of Object.entries(works)) {
      const action = counting()
      const circuit = breaker(key => action(key === reset ? work.promise : key), {
        coalesce: true, coalesceResetOn: [reset], timeout: 40, errorThresholdPercentage: 100
      })
      const call = watch(reset, () => circuit.fire(reset))
      settlings[reset](work)
      await call
      await watch(`after ${reset}`, () => circuit.fire('other'))
      circuit.action = async () => 'fresh'
      await watch(`again after ${reset}`, () => circuit.fire(reset))
    }
    works.timeout.resolve('too late')
  },

  'reasons to end coalescing that do not exist are left out': async ({ breaker, note }) => {
    const circuit = breaker(obey, { coalesce: true, coalesceResetOn: ['error', 'weather'] })
    note('reasons, time', circuit.options.coalesceResetOn, circuit.options.coalesceTTL)
  },

  'cache and coalescing together': async ({ breaker, watch, defer }) => {
    const gate = defer()
    const action = counting()
    const circuit = breaker(order => gate.promise.then(() => action(order)), {
      cache: true, coalesce: true, coalesceResetOn: ['success']
    })
    const first = watch('first', () => circuit.fire('a'))
    const second = watch('second', () => circuit.fire('a'))
    gate.resolve()
    await first
    await second
    await watch('cached', () => circuit.fire('a'))
  }
}
