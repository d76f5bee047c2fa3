'use strict'

// The cache of results. Joining calls in flight is `coalescing.js`.

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
    const circuit = breaker(counting(), { cache: true, cacheTTL: 1000 })
    await watch('miss', () => circuit.fire('a'))
    await watch('hit', () => circuit.fire('a'))
    await sleep(1100)
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

  'falsy results are cached': async ({ breaker, watch, checkpoint }) => {
    for (const result of [0, '', false, null]) {
      const circuit = breaker(async () => result, { cache: true })
      await watch('miss', () => circuit.fire())
      await watch('hit', () => circuit.fire())
    }
    checkpoint('one hit each')
  },

  'a hit gives the very promise that the action gave': async ({ breaker, note }) => {
    const promise = Promise.resolve('fine')
    const circuit = breaker(() => promise, { cache: true })
    await circuit.fire()
    note('hits', circuit.fire() === promise, circuit.fire() === promise)
  },

  'a hit is a promise where the action gives a plain value': async ({ breaker, watch, note }) => {
    const circuit = breaker(() => 'plain', { cache: true })
    await watch('miss', () => circuit.fire())
    const [first, second] = [circuit.fire(), circuit.fire()]
    note('hit', first, first === second)
    await watch('hit', () => circuit.fire())
  },

  'an action that is a plain value is cached': async ({ breaker, watch }) => {
    const circuit = breaker('plain', { cache: true })
    await watch('miss', () => circuit.fire())
    await watch('hit', () => circuit.fire())
  },

  'throws, rejections, timeouts and locked calls are not cached': async ({ breaker, watch, defer }) => {
    const works = [defer(), defer()]
    const acts = [
      () => { throw down() }, () => Promise.reject(down()), () => works[0].promise, () => works[1].promise, () => 'fine'
    ]
    const circuit = breaker(() => acts.shift()(), {
      cache: true, capacity: 1, timeout: 40, errorThresholdPercentage: 100
    })
    await watch('throw', () => circuit.fire())
    await watch('rejection', () => circuit.fire())
    await watch('timeout', () => circuit.fire())
    const second = watch('second timeout', () => circuit.fire())
    await watch('locked', () => circuit.fire())
    await second
    works[0].resolve('too late')
    works[1].resolve('too late')
    await watch('success', () => circuit.fire())
    await watch('hit', () => circuit.fire())
  },

  'filtered errors are not cached': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { cache: true, cacheGetKey: () => 'key', errorFilter: () => true })
    await watch('filtered', () => circuit.fire(down()))
    await watch('success', () => circuit.fire('fine'))
    await watch('hit', () => circuit.fire(down()))
  },

  'results of a fallback are not cached': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { cache: true, cacheGetKey: () => 'key', resetTimeout: NEVER_MS })
    circuit.fallback(() => 'instead')
    await watch('failure', () => circuit.fire(down()))
    await watch('refused', () => circuit.fire('ignored'))
    circuit.close()
    await watch('success', () => circuit.fire('fine'))
    await watch('hit', () => circuit.fire(down()))
  },

  'calls in flight with one key each run, the last one is kept': async ({ breaker, watch, defer, settle }) => {
    const works = [defer(), defer()]
    const left = [...works]
    const circuit = breaker(() => left.shift().promise, { cache: true })
    const calls = [1, 2].map(number => watch(`call ${number}`, () => circuit.fire()))
    works[1].resolve('second')
    await settle()
    await watch('hit', () => circuit.fire())
    works[0].resolve('first')
    await Promise.all(calls)
    await watch('hit of the one that came last', () => circuit.fire())
  },

  'a result is kept from its success on': async ({ breaker, watch, note }) => {
    const circuit = breaker(counting(), { cache: true })
    const events = []
    circuit.on('success', () => {
      if (events.push('success') > 1) return
      watch('fired by the listener', () => circuit.fire('a'))
    })
    await watch('miss', () => circuit.fire('a'))
    await watch('hit', () => circuit.fire('a'))
    note('successes', events.length)
  },

  'hits dilute the error rate': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { cache: true, resetTimeout: NEVER_MS })
    for (let index = 0; index < 3; index++) await watch('call', () => circuit.fire('fine'))
    await watch('failure', () => circuit.fire(down()))
    checkpoint('one of four has failed')
  },

  'hits take no permit, no volume of their own and no timeout': async ({ breaker, watch, defer, checkpoint }) => {
    const work = defer()
    const circuit = breaker(obey, { cache: true, capacity: 1, cacheGetKey: order => order === 'fine' ? order : 'slow' })
    await watch('miss', () => circuit.fire('fine'))
    const slow = watch('slow', () => circuit.fire(work.promise))
    await watch('hit while there is no room', () => circuit.fire('fine'))
    checkpoint('no room')
    work.resolve('slow')
    await slow
  },

  'a half-open breaker gives what is cached, and keeps its probe': async ({ breaker, watch, halfOpened, checkpoint }) => {
    const circuit = breaker(obey, { cache: true, resetTimeout: 40 })
    await watch('miss', () => circuit.fire('fine'))
    circuit.open()
    await halfOpened(circuit)
    await watch('hit', () => circuit.fire('fine'))
    checkpoint('still waiting for its probe')
    await watch('probe', () => circuit.fire('other'))
  },

  'a disabled breaker neither looks up nor keeps': async ({ breaker, watch, note, checkpoint }) => {
    const circuit = breaker(counting(), { cache: true, coalesce: true, cacheGetKey: key => { note('key'); return key } })
    await watch('miss', () => circuit.fire('a'))
    circuit.disable()
    await watch('unguarded', () => circuit.fire('a'))
    await watch('unguarded', () => circuit.fire('b'))
    circuit.enable()
    await watch('hit', () => circuit.fire('a'))
    await watch('miss', () => circuit.fire('b'))
    checkpoint('enabled')
  },

  'a breaker that is shut down gives nothing that was cached': async ({ breaker, watch }) => {
    const circuit = breaker(counting(), { cache: true })
    await watch('miss', () => circuit.fire('a'))
    circuit.shutdown()
    await watch('refused', () => circuit.fire('a'))
  },

  'the cache may be switched off and on among the live options': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(counting(), { cache: true })
    await watch('miss', () => circuit.fire('a'))
    circuit.options.cache = false
    await watch('not asked', () => circuit.fire('a'))
    circuit.clearCache()
    circuit.options.cache = true
    await watch('hit, for nothing was cleared', () => circuit.fire('a'))
    checkpoint('on again')
  },

  'a changed time to live holds for results from then on': async ({ breaker, watch, sleep }) => {
    const circuit = breaker(counting(), { cache: true })
    await watch('kept for ever', () => circuit.fire('a'))
    circuit.options.cacheTTL = 100
    await watch('kept for a while', () => circuit.fire('b'))
    await sleep(200)
    await watch('hit', () => circuit.fire('a'))
    await watch('expired', () => circuit.fire('b'))
  },

  'a time to live below 0 is for ever': async ({ breaker, watch, sleep }) => {
    const circuit = breaker(counting(), { cache: true, cacheTTL: -1 })
    await watch('miss', () => circuit.fire('a'))
    await sleep(5)
    await watch('hit', () => circuit.fire('a'))
  },

  'a transport is told when a result expires': async ({ breaker, watch, note }) => {
    const cacheTransport = { get () {}, flush () {}, set: (key, value, at) => note('in', Math.round((at - Date.now()) / 1e6)) }
    const circuit = breaker(obey, { cache: true, cacheTransport, cacheTTL: 5e6 })
    await watch('call', () => circuit.fire('a'))
  },

  'a changed key function holds from the next call on': async ({ breaker, watch }) => {
    const circuit = breaker(counting(), { cache: true, cacheGetKey: order => order })
    await watch('miss', () => circuit.fire('a'))
    circuit.options.cacheGetKey = () => 'a'
    await watch('hit', () => circuit.fire('b'))
  },

  'keys may be anything, undefined too': async ({ breaker, watch }) => {
    for (const key of [undefined, null, 0, NaN, {}]) {
      const circuit = breaker(counting(), { cache: true, cacheGetKey: () => key })
      await watch('miss', () => circuit.fire('a'))
      await watch('hit', () => circuit.fire('b'))
    }
  },

  'a key function that throws': async ({ breaker, watch, note, checkpoint }) => {
    for (const option of ['cache', 'coalesce']) {
      const circuit = breaker(() => note('run'), { [option]: true, cacheGetKey () { throw down() } })
      await watch('call', () => circuit.fire('a'))
    }
    checkpoint('counted')
  },

  'arguments that cannot be written as JSON': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { cache: true })
    await watch('a bigint', () => circuit.fire(1n))
  },

  'the key is made once a call, and where nothing is kept not at all': async ({ breaker, watch, note }) => {
    for (const options of [{ cache: true, coalesce: true }, { coalesce: true }, {}]) {
      let keys = 0
      const circuit = breaker(obey, { ...options, cacheGetKey: () => `key ${++keys}` })
      await watch('call', () => circuit.fire('a'))
      note('keys', keys)
    }
  },

  'the context of a call is no part of its key': async ({ breaker, watch }) => {
    const circuit = breaker(function () { return this.name }, { cache: true })
    await watch('miss', () => circuit.call({ name: 'first' }))
    await watch('hit', () => circuit.call({ name: 'second' }))
  },

  'arguments that a fire listener changes are not those of the key': async ({ breaker, watch }) => {
    const circuit = breaker(counting(), { cache: true })
    circuit.on('fire', args => args.unshift('changed'))
    await watch('miss', () => circuit.fire('a'))
    await watch('hit', () => circuit.fire('a'))
    await watch('the key is of what was fired', () => circuit.fire('b'))
  },

  'a transport whose get throws': async ({ breaker, watch, note, checkpoint }) => {
    const cacheTransport = { get () { throw down() }, set () {}, flush () {} }
    const circuit = breaker(() => note('run'), { cache: true, cacheTransport })
    await watch('call', () => circuit.fire('a'))
    checkpoint('counted')
  },

  'a transport whose flush throws': async ({ breaker, refusal, watch }) => {
    const entries = new Map()
    let well = false
    const cacheTransport = {
      get: key => entries.get(key), set: (key, value) => entries.set(key, value), flush () { if (!well) throw down() }
    }
    const circuit = breaker(counting(), { cache: true, cacheTransport })
    await watch('miss', () => circuit.fire('a'))
    refusal('clearCache', () => circuit.clearCache())
    await watch('hit', () => circuit.fire('a'))
    refusal('shutdown', () => circuit.shutdown())
    await watch('refused', () => circuit.fire('a'))
    well = true
  },

  'a transport that answers later': async ({ breaker, watch, checkpoint }) => {
    const entries = new Map()
    const cacheTransport = {
      get: async key => entries.get(key), set: async (key, value) => { entries.set(key, await value) }, async flush () {}
    }
    const circuit = breaker(counting(), { cache: true, cacheTransport })
    await watch('miss', () => circuit.fire('a'))
    await watch('hit', () => circuit.fire('a'))
    entries.set('["a"]', 'set by hand')
    await watch('hit', () => circuit.fire('a'))
    checkpoint('run once')
  },

  'a transport may keep what the promise resolves to, falsy results miss': async ({ breaker, watch, settle }) => {
    const entries = new Map()
    const cacheTransport = {
      get: key => entries.get(key), set: async (key, value) => { entries.set(key, await value) }, flush () {}
    }
    const circuit = breaker(obey, { cache: true, cacheTransport })
    for (const order of ['fine', 0]) {
      await watch('miss', () => circuit.fire(order))
      await settle()
      await watch('again', () => circuit.fire(order))
      await settle()
    }
  },

  'a thenable that a transport gives is what fire gives': async ({ breaker, note, watch }) => {
    const thenable = { then: resolve => resolve('kept') }
    const circuit = breaker(obey, { cache: true, cacheTransport: { get: () => thenable, set () {}, flush () {} } })
    note('the very thenable', circuit.fire('a') === thenable)
    await watch('hit', () => circuit.fire('a'))
  },

  'a plain value that a transport gives': async ({ breaker, note, watch }) => {
    const circuit = breaker(obey, { cache: true, cacheTransport: { get: () => 'kept', set () {}, flush () {} } })
    note('fire gives', circuit.fire('a'))
    await watch('hit', () => circuit.fire('a'))
  },

  'a thenable of the action is kept as it is': async ({ breaker, watch }) => {
    let thens = 0
    const circuit = breaker(() => ({ then: resolve => resolve(`then ${++thens}`) }), { cache: true })
    for (let index = 0; index < 3; index++) await watch('call', () => circuit.fire())
  },

  'a transport is called as a method': async ({ breaker, watch, note }) => {
    const cacheTransport = {
      get () { note('this', this === cacheTransport) },
      set () { note('this', this === cacheTransport) },
      flush () { note('this', this === cacheTransport) }
    }
    const circuit = breaker(obey, { cache: true, cacheTransport })
    await watch('call', () => circuit.fire('a'))
    circuit.clearCache()
  },

  'a transport may be replaced among the live options': async ({ breaker, watch, note }) => {
    const transport = name => ({ get: () => note(`${name} get`), set: () => note(`${name} set`), flush: () => note(`${name} flush`) })
    const circuit = breaker(obey, { cache: true, cacheTransport: transport('first') })
    await watch('call', () => circuit.fire('a'))
    circuit.options.cacheTransport = transport('second')
    await watch('call', () => circuit.fire('a'))
    circuit.clearCache()
  },

  'two breakers may share a transport': async ({ breaker, watch }) => {
    const entries = new Map()
    const cacheTransport = {
      get: key => entries.get(key), set: (key, value) => entries.set(key, value), flush: () => entries.clear()
    }
    const [first, second] = ['first', 'second'].map(name => breaker(async () => name, { cache: true, cacheTransport }))
    await watch('miss', () => first.fire('a'))
    await watch('hit', () => second.fire('a'))
    second.clearCache()
    await watch('miss', () => second.fire('a'))
  },

  'a transport without cache is never asked, nor checked': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { cacheTransport: { get: () => note('get'), set: () => note('set'), flush: () => note('flush') } })
    await watch('call', () => circuit.fire('a'))
    circuit.clearCache()
    breaker(obey, { cacheTransport: 'redis' })
  },

  'a transport must be an object': async ({ CircuitBreaker, refusal }) => {
    refusal('undefined', () => new CircuitBreaker(obey, { cache: true, cacheTransport: undefined }).shutdown())
    refusal('a function', () => new CircuitBreaker(obey, { cache: true, cacheTransport: () => {} }))
  },

  'the memory shows among the options': async ({ breaker, watch, note }) => {
    const { options } = breaker(obey, { cache: true, cacheSize: 3, coalesce: true, coalesceSize: 4 })
    note('transport', Object.keys(options.cacheTransport), options.cacheTransport.maxEntries, options.cacheTransport.constructor.name)
    note('coalesce', Object.keys(options.coalesceCache), options.coalesceCache.maxEntries)
    note('options', Object.keys(options).sort())
  },

  'what is in memory may be read and written through the options': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { cache: true })
    circuit.options.cacheTransport.set('["a"]', Promise.resolve('by hand'), 0)
    await watch('hit', () => circuit.fire('a'))
    await watch('miss', () => circuit.fire('b'))
    note('kept', await circuit.options.cacheTransport.get('["b"]'), circuit.options.cacheTransport.cache.size)
    circuit.options.cacheTransport.delete('["b"]')
    await watch('miss', () => circuit.fire('b'))
  },

  'clearing a cache that was never on': async ({ breaker, note }) => {
    note('returns', breaker(obey).clearCache(), breaker(obey, { cache: true }).clearCache())
  },

  'an entry that is asked for does not move to the front': async ({ breaker, watch }) => {
    const circuit = breaker(counting(), { cache: true, cacheSize: 2 })
    for (const order of ['a', 'b', 'a', 'c', 'a']) await watch(order, () => circuit.fire(order))
  },

  'the cache may be switched on among the live options': async ({ breaker, watch }) => {
    const circuit = breaker(counting())
    circuit.options.cache = true
    await watch('miss', () => circuit.fire('a'))
    await watch('hit', () => circuit.fire('a'))
    circuit.options.cache = false
  },

  'a time to live in words of digits': async ({ breaker, watch, sleep }) => {
    const circuit = breaker(counting(), { cache: true, cacheTTL: '50' })
    await watch('miss', () => circuit.fire('a'))
    await sleep(100)
    await watch('expired', () => circuit.fire('a'))
  },

  'a size of 0': async ({ breaker, watch }) => {
    const circuit = breaker(counting(), { cache: true, cacheSize: 0 })
    for (const order of ['a', 'a']) await watch('call', () => circuit.fire(order))
  }
}
