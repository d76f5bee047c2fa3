'use strict'

// Calls that join one in flight, or one that was made a short while ago.

const { obey, down, NEVER_MS } = require('./actions')

/** An action that says how often it has run. */
function counting () {
  let runs = 0
  return async order => `${await obey(order)}, run ${++runs}`
}

module.exports = {
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
  },

  'joined calls take no permit and are counted as fires alone': async ({ breaker, watch, defer, checkpoint }) => {
    const work = defer()
    const circuit = breaker(() => work.promise, { coalesce: true, capacity: 1 })
    const calls = [1, 2, 3].map(number => watch(`call ${number}`, () => circuit.fire('a')))
    checkpoint('three in flight, one permit taken')
    work.resolve('fine')
    await Promise.all(calls)
  },

  'a rejection is shared, with the very error': async ({ breaker, defer, note, checkpoint }) => {
    const work = defer()
    const circuit = breaker(() => work.promise, { coalesce: true, errorThresholdPercentage: 100 })
    const calls = [1, 2].map(() => circuit.fire('a').catch(error => error))
    work.reject(down())
    const [first, second] = await Promise.all(calls)
    note('the very error', first === second, first)
    checkpoint('one failure')
    note('later', await circuit.fire('a').catch(error => error) === first)
  },

  'a filtered error is shared': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(() => work.promise, { coalesce: true, coalesceResetOn: ['error'], errorFilter: () => true })
    const calls = [1, 2].map(number => watch(`call ${number}`, () => circuit.fire('a')))
    work.reject(down())
    await Promise.all(calls)
    circuit.action = async () => 'fresh'
    await watch('again', () => circuit.fire('a'))
  },

  'the result of a fallback is shared, and given once': async ({ breaker, watch, defer, note }) => {
    const work = defer()
    const circuit = breaker(() => work.promise, { coalesce: true, resetTimeout: NEVER_MS })
    circuit.fallback(() => { note('fallback'); return 'instead' })
    const calls = [1, 2].map(number => watch(`call ${number}`, () => circuit.fire('a')))
    work.reject(down())
    await Promise.all(calls)
    await watch('joins while open', () => circuit.fire('a'))
    await watch('refused', () => circuit.fire('b'))
    await watch('refused, not joined', () => circuit.fire('b'))
  },

  'a timeout is shared': async ({ breaker, watch, defer, checkpoint }) => {
    const work = defer()
    const circuit = breaker(() => work.promise, { coalesce: true, timeout: 40, coalesceTTL: NEVER_MS, resetTimeout: NEVER_MS })
    await Promise.all([1, 2].map(() => watch('call', () => circuit.fire('a'))))
    checkpoint('one timeout')
    await watch('later, open', () => circuit.fire('a'))
    work.resolve('too late')
  },

  'an open circuit refuses whom nobody has called for': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { coalesce: true, resetTimeout: NEVER_MS })
    circuit.open()
    await watch('refused', () => circuit.fire('a'))
    await watch('refused again', () => circuit.fire('a'))
    checkpoint('two misses')
    circuit.close()
    await watch('admitted', () => circuit.fire('a'))
  },

  'a half-open circuit gives a joined call no probe': async ({ breaker, watch, halfOpened, checkpoint }) => {
    const circuit = breaker(obey, { coalesce: true, resetTimeout: 40 })
    await watch('first', () => circuit.fire('a'))
    circuit.open()
    await halfOpened(circuit)
    await watch('joins', () => circuit.fire('a'))
    checkpoint('still waiting for its probe')
    await watch('probe', () => circuit.fire('b'))
  },

  'a probe may be joined': async ({ breaker, watch, defer, halfOpened }) => {
    const work = defer()
    const circuit = breaker(() => work.promise, { coalesce: true, resetTimeout: 40 })
    circuit.open()
    await halfOpened(circuit)
    const probe = watch('probe', () => circuit.fire('a'))
    const joined = watch('joined', () => circuit.fire('a'))
    await watch('other', () => circuit.fire('b'))
    work.resolve('fine')
    await Promise.all([probe, joined])
  },

  'a time of 0, below it, or of no timeout is for ever': async ({ breaker, watch, sleep, note }) => {
    for (const options of [{ coalesceTTL: 0 }, { coalesceTTL: -1 }, { timeout: false }, { timeout: 0 }]) {
      const circuit = breaker(counting(), { coalesce: true, ...options })
      note('time', circuit.options.coalesceTTL)
      await watch('first', () => circuit.fire('a'))
      await sleep(5)
      await watch('joins', () => circuit.fire('a'))
    }
  },

  'a joined call counts from when it was made, and may be over before it ends': async scenario => {
    const { breaker, watch, defer, sleep } = scenario
    const works = [defer(), defer()]
    const left = [...works]
    const circuit = breaker(() => left.shift().promise, { coalesce: true, coalesceTTL: 60 })
    const first = watch('first', () => circuit.fire('a'))
    await sleep(120)
    const second = watch('no longer joins', () => circuit.fire('a'))
    const third = watch('joins the second', () => circuit.fire('a'))
    works[0].resolve('first')
    await first
    works[1].resolve('second')
    await Promise.all([second, third])
  },

  'the default time is the timeout': async ({ breaker, note }) => {
    for (const timeout of [40, '40', undefined]) note('time', breaker(obey, { coalesce: true, timeout }).options.coalesceTTL)
    const circuit = breaker(obey, { coalesce: true, timeout: 40 })
    circuit.options.timeout = 50
    note('after a change', circuit.options.coalesceTTL)
  },

  'a changed time holds for calls from then on': async ({ breaker, watch, sleep }) => {
    const circuit = breaker(counting(), { coalesce: true, coalesceTTL: 0 })
    await watch('first', () => circuit.fire('a'))
    circuit.options.coalesceTTL = 50
    await watch('first', () => circuit.fire('b'))
    await sleep(120)
    await watch('joins', () => circuit.fire('a'))
    await watch('no longer joins', () => circuit.fire('b'))
  },

  'changed reasons to end it hold from then on': async ({ breaker, watch }) => {
    const circuit = breaker(counting(), { coalesce: true })
    await watch('first', () => circuit.fire('a'))
    circuit.options.coalesceResetOn = ['success']
    await watch('joins', () => circuit.fire('a'))
    await watch('first', () => circuit.fire('b'))
    await watch('does not join', () => circuit.fire('b'))
  },

  'the oldest call is joined no longer when there are too many': async ({ breaker, watch }) => {
    const circuit = breaker(counting(), { coalesce: true, coalesceSize: 2 })
    for (const order of ['a', 'b', 'c', 'b', 'a']) await watch('call', () => circuit.fire(order))
  },

  'it may be switched off and on among the live options': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(counting(), { coalesce: true })
    await watch('first', () => circuit.fire('a'))
    circuit.options.coalesce = false
    await watch('alone', () => circuit.fire('a'))
    circuit.options.coalesce = true
    await watch('joins the first', () => circuit.fire('a'))
    checkpoint('on again')
  },

  'clearCache ends it, on or off': async ({ breaker, watch, defer }) => {
    const works = [defer(), defer(), defer()]
    const left = [...works]
    const circuit = breaker(() => left.shift().promise, { coalesce: true })
    const calls = [watch('first', () => circuit.fire('a'))]
    circuit.clearCache()
    calls.push(watch('second', () => circuit.fire('a')))
    circuit.options.coalesce = false
    circuit.clearCache()
    circuit.options.coalesce = true
    calls.push(watch('third', () => circuit.fire('a')))
    works.forEach((work, number) => setImmediate(() => work.resolve(number)))
    await Promise.all(calls)
  },

  'shutting down ends it': async ({ breaker, watch, defer, note }) => {
    const work = defer()
    const circuit = breaker(() => work.promise, { coalesce: true })
    const first = watch('first', () => circuit.fire('a'))
    circuit.shutdown()
    await watch('refused', () => circuit.fire('a'))
    note('calls kept', circuit.options.coalesceCache.cache.size)
    work.resolve('fine')
    await first
  },

  'the cache is asked first': async ({ breaker, watch }) => {
    const circuit = breaker(counting(), { cache: true, coalesce: true, cacheTTL: 0, coalesceTTL: 0 })
    await watch('miss, miss', () => circuit.fire('a'))
    await watch('hit', () => circuit.fire('a'))
    circuit.options.cacheTransport.flush()
    await watch('miss, joins', () => circuit.fire('a'))
  },

  'one key is made for the cache and for joining': async ({ breaker, watch, note }) => {
    const circuit = breaker(counting(), {
      cache: true,
      coalesce: true,
      cacheGetKey (...args) { note('key', args, this === circuit); return 'key' }
    })
    await Promise.all([watch('first', () => circuit.fire('a')), watch('second', () => circuit.fire('b'))])
  },

  'a failure that has ended it while a listener fires the same again': async ({ breaker, watch, defer }) => {
    const works = [defer(), defer()]
    const left = [...works]
    const circuit = breaker(() => left.shift().promise, {
      coalesce: true, coalesceResetOn: ['error'], errorThresholdPercentage: 100
    })
    let again
    circuit.once('failure', () => { again = watch('from the listener', () => circuit.fire('a')) })
    const first = watch('first', () => circuit.fire('a'))
    works[0].reject(down())
    await Promise.all([first, again])
    circuit.action = async () => 'fresh'
    await watch('afterwards', () => circuit.fire('a'))
  },

  'calls fired by the action itself': async ({ breaker, watch }) => {
    let depth = 0
    const circuit = breaker(async order => ++depth < 3 ? circuit.fire(`${order}${depth}`) : order, { coalesce: true })
    await watch('call', () => circuit.fire('a'))
  },

  'a plain value is joined too': async ({ breaker, watch, note }) => {
    const circuit = breaker(() => 'plain', { coalesce: true })
    const first = circuit.fire()
    note('one promise', first === circuit.fire())
    await watch('first', () => first)
  },

  'it may be switched on among the live options': async ({ breaker, watch }) => {
    const circuit = breaker(counting())
    circuit.options.coalesce = true
    await watch('first', () => circuit.fire('a'))
    await watch('joins', () => circuit.fire('a'))
  },

  'only true switches it on, or what is like it': async ({ breaker, note }) => {
    for (const coalesce of [1, 'yes', 0, null]) note('coalesce', breaker(obey, { coalesce }).options.coalesce)
  }
}
