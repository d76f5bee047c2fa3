'use strict'

// Where features meet, and what little is left over: each option, method and getter in the
// places where the other themes do not look.

const { EventEmitter } = require('events')
const { obey, down, NEVER_MS } = require('./actions')

module.exports = {
  'a state with each of its fields': async ({ breaker, checkpoint }) => {
    for (const state of [
      { closed: false, open: true }, { closed: true, open: true }, { open: true }, { closed: false, halfOpen: true, open: true },
      { warmUp: true }, { enabled: false, closed: false }, { closed: 0 }, { shutdown: false }, { name: 'other' }
    ]) breaker(obey, { resetTimeout: NEVER_MS, state })
    checkpoint('restored')
  },

  'a state that is closed and half open': async ({ breaker, note }) => {
    const circuit = breaker(obey, { state: { halfOpen: true } })
    note('state', circuit.closed, circuit.halfOpen, circuit.pendingClose)
  },

  'a time of opening of every kind': async ({ breaker, note }) => {
    const now = Date.now()
    for (const lastTimerAt of [null, 0, '0', new Date(0), NaN, 'long ago', now, String(now), now + 1e6]) {
      note('half open', breaker(obey, { resetTimeout: NEVER_MS, state: { closed: false, lastTimerAt } }).halfOpen)
    }
  },

  'a restored half-open circuit may be closed and opened by hand': async ({ breaker, checkpoint }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS, state: { closed: false, halfOpen: true } })
    checkpoint('half open')
    circuit.close()
    checkpoint('closed')
    circuit.open()
    checkpoint('open')
  },

  'a restored breaker begins with its stats, which open it at once': async ({ breaker, watch, note }) => {
    const first = breaker(obey, { errorThresholdPercentage: 100 })
    await watch('failure', () => first.fire(down()))
    const { state, status } = JSON.parse(JSON.stringify(first))
    const second = breaker(obey, { state, status, resetTimeout: NEVER_MS })
    note('the name is not restored', state.name, second.name)
    await watch('opening failure', () => second.fire(down()))
  },

  'enabled is true but for false': async ({ breaker, note }) => {
    for (const enabled of [undefined, null, 0, '', false]) note('enabled', breaker(obey, { enabled }).enabled)
  },

  'allowWarmUp is false but for true': async ({ breaker, note }) => {
    for (const allowWarmUp of [undefined, 1, 'yes', false, true]) note('warms up', breaker(obey, { allowWarmUp }).warmUp)
  },

  'the getters have no setters': async ({ breaker, note }) => {
    const circuit = breaker(obey)
    for (const name of ['name', 'group', 'closed', 'opened', 'halfOpen', 'pendingClose', 'isShutdown', 'enabled', 'warmUp',
      'volumeThreshold', 'status', 'stats']) {
      note(name, Reflect.set(circuit, name, true))
    }
  },

  'getters of an unused breaker': async ({ breaker, note }) => {
    const circuit = breaker(obey, { name: 'payments', group: 'money', volumeThreshold: 3 })
    for (const name of ['name', 'group', 'closed', 'opened', 'halfOpen', 'pendingClose', 'isShutdown', 'enabled', 'warmUp',
      'volumeThreshold']) note(name, circuit[name])
  },

  'an empty name is none': async ({ breaker, note }) => {
    const circuit = breaker(obey, { name: '', group: '' })
    note('name, group', circuit.name, circuit.group)
  },

  'a name may be any value': async ({ breaker, note }) => {
    const circuit = breaker(obey, { name: 5 })
    note('name, group', circuit.name, circuit.group, circuit.toJSON().state.name)
  },

  'a name and a volume that change among the options are not taken': async ({ breaker, note }) => {
    const circuit = breaker(obey, { name: 'first', volumeThreshold: 1 })
    Object.assign(circuit.options, { name: 'second', group: 'second', volumeThreshold: 5, enabled: false, allowWarmUp: true })
    note('stays', circuit.name, circuit.group, circuit.volumeThreshold, circuit.enabled, circuit.warmUp)
  },

  'a capacity that changes among the options is not taken': async ({ breaker, watch, defer, note }) => {
    const work = defer()
    const circuit = breaker(obey, { capacity: 1, errorThresholdPercentage: 100 })
    circuit.options.capacity = 5
    const call = watch('first', () => circuit.fire(work.promise))
    await watch('locked', () => circuit.fire('fine'))
    note('permits', circuit.semaphore.count)
    work.resolve('fine')
    await call
  },

  'a class is no action but by new': async ({ breaker, watch, note }) => {
    class Action {}
    const circuit = breaker(Action, { errorThresholdPercentage: 100 })
    note('name', circuit.name)
    await watch('call', () => circuit.fire())
  },

  'a promise, an object and a number as actions': async ({ breaker, watch, note }) => {
    for (const action of [Promise.resolve('fine'), { a: 1 }, 5, Symbol.iterator]) {
      const circuit = breaker(action, { name: 'value' })
      note('action', circuit.action)
      await watch('call', () => circuit.fire())
    }
  },

  'call without a context': async ({ breaker, watch, note }) => {
    const circuit = breaker(function (...args) { note('this, arguments', this, args); return 'fine' })
    const nobody = null
    await watch('none', () => circuit.call())
    await watch('null', () => circuit.call(nobody, 1))
    await watch('a word', () => circuit.call('word', 1, 2, 3))
  },

  'a fallback may be taken away': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { errorThresholdPercentage: 100 })
    circuit.fallback(() => 'instead')
    note('returns', circuit.fallback(null) === circuit)
    await watch('failure', () => circuit.fire(down()))
  },

  'a fallback that gives a thenable': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { errorThresholdPercentage: 100 })
    circuit.fallback(() => ({ then: resolve => resolve('instead') }))
    await watch('failure', () => circuit.fire(down()))
    circuit.open()
    await watch('refused', () => circuit.fire('ignored'))
  },

  'a fallback on a refusal gives its very promise': async ({ breaker, note }) => {
    const promise = Promise.resolve('instead')
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.fallback(() => promise)
    circuit.open()
    note('the very promise', circuit.fire() === promise)
  },

  'a fallback that fires the same breaker': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { errorThresholdPercentage: 100 })
    circuit.fallback(order => order instanceof Error ? circuit.fire('again') : 'instead')
    await watch('failure', () => circuit.fire(down()))
  },

  'a fallback on its own capacity': async ({ breaker, watch, defer }) => {
    const work = defer()
    const second = breaker(obey, { capacity: 0, name: 'second' })
    second.fallback(() => 'last')
    const first = breaker(obey, { capacity: 0, name: 'first' })
    first.fallback(second)
    await watch('call', () => first.fire(work.promise))
  },

  'a thenable that the action of a disabled breaker gives': async ({ breaker, note, watch }) => {
    const thenable = { then: resolve => resolve('fine') }
    const circuit = breaker(() => thenable, { enabled: false })
    note('the very thenable', circuit.fire() === thenable)
    await watch('call', () => circuit.fire())
  },

  'a disabled breaker makes a promise of a plain value': async ({ breaker, note, watch }) => {
    const circuit = breaker(() => 'plain', { enabled: false })
    note('a promise', circuit.fire() instanceof Promise)
    await watch('call', () => circuit.fire())
  },

  'enabling and disabling what is shut down': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey)
    circuit.shutdown()
    circuit.enable()
    checkpoint('enabled')
    await watch('refused', () => circuit.fire('ignored'))
    circuit.disable()
    checkpoint('disabled')
    await watch('refused', () => circuit.fire('ignored'))
  },

  'a fire listener that shuts down': async ({ breaker, watch, note }) => {
    const circuit = breaker(() => { note('run'); return 'fine' })
    circuit.on('fire', () => circuit.shutdown())
    await watch('call', () => circuit.fire())
  },

  'an action that shuts its breaker down': async ({ breaker, watch }) => {
    const circuit = breaker(() => { circuit.shutdown(); return 'fine' })
    await watch('call', () => circuit.fire())
    await watch('refused', () => circuit.fire())
  },

  'an open listener that shuts down': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.on('open', () => circuit.shutdown())
    await watch('failure', () => circuit.fire(down()))
    await watch('refused', () => circuit.fire('ignored'))
  },

  'what is shut down keeps names, stats and JSON': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { name: 'payments' })
    await watch('call', () => circuit.fire('fine'))
    circuit.shutdown()
    const { state, status } = circuit.toJSON()
    note('state', state.name, state.shutdown, state.enabled, status.fires)
    note('listeners', circuit.listenerCount('open'))
  },

  'a listener that is added after shutdown': async ({ breaker, note }) => {
    const circuit = breaker(obey)
    circuit.shutdown()
    circuit.on('shutdown', () => note('heard'))
    note('names', circuit.eventNames())
    circuit.shutdown()
  },

  'removeAllListeners of one event of the program\'s': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey)
    circuit.on('custom', () => note('custom'))
    circuit.removeAllListeners('custom')
    note('emit', circuit.emit('custom'))
    await watch('call', () => circuit.fire('fine'))
  },

  'an error listener is the program\'s own business': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { errorThresholdPercentage: 100 })
    circuit.on('error', error => note('error', error))
    await watch('failure', () => circuit.fire(down()))
    circuit.emit('error', down())
  },

  'semaphore: what take, test and release give': async ({ breaker, note, settle }) => {
    const { semaphore } = breaker(obey, { capacity: 2 })
    note('test', semaphore.test(), semaphore.count)
    const release = await semaphore.take()
    note('take', release === semaphore.release, semaphore.count, semaphore.test())
    note('release', release(), semaphore.count)
    semaphore.release()
    await settle()
    note('count', semaphore.count, Object.keys(semaphore).sort())
  },

  'semaphore: its methods may be taken from it': async ({ breaker, note }) => {
    const { test, take, release } = breaker(obey, { capacity: 1 }).semaphore
    note('test', test(), test())
    release()
    note('take', await take() === release)
  },

  'semaphore: the count cannot be set': async ({ breaker, note }) => {
    const { semaphore } = breaker(obey, { capacity: 1 })
    note('set', Reflect.set(semaphore, 'count', 5), semaphore.count)
  },

  'semaphore: permits below none': async ({ breaker, note, watch }) => {
    const circuit = breaker(obey, { capacity: -1, errorThresholdPercentage: 100 })
    note('count', circuit.semaphore.count, circuit.semaphore.test())
    await watch('locked', () => circuit.fire('fine'))
    circuit.semaphore.release()
    circuit.semaphore.release()
    note('count', circuit.semaphore.count)
    await watch('admitted', () => circuit.fire('fine'))
  },

  'semaphore: who waits loses nothing when another gives up': async ({ breaker, note, sleep, settle }) => {
    const { semaphore } = breaker(obey, { capacity: 1 })
    semaphore.test()
    semaphore.take().then(() => note('the first has it'))
    semaphore.take(20).catch(error => note('the second gives up', error.code))
    await sleep(60)
    semaphore.release()
    await settle()
    note('count', semaphore.count)
  },

  'a limit of the window that is 0 takes the default': async ({ breaker, note }) => {
    const { options, status } = breaker(obey, { rollingCountTimeout: 0, rollingCountBuckets: 0 })
    note('options', options.rollingCountTimeout, options.rollingCountBuckets, status.window.length)
  },

  'reset timeouts change while open, for the next time': async ({ breaker, halfOpened, watch }) => {
    const circuit = breaker(obey, { resetTimeout: 40 })
    await watch('failure', () => circuit.fire(down()))
    circuit.options.resetTimeout = NEVER_MS
    await halfOpened(circuit)
    await watch('failing probe', () => circuit.fire(down()))
    await watch('refused', () => circuit.fire('ignored'))
  },

  'one options object for two breakers, of which one is shut down': async ({ breaker, watch }) => {
    const options = { errorThresholdPercentage: 100, rotateBucketController: new EventEmitter() }
    const [first, second] = [breaker(obey, options), breaker(obey, options)]
    first.shutdown()
    await watch('refused', () => first.fire('ignored'))
    await watch('admitted', () => second.fire('fine'))
  },

  'maxFailures is taken': async ({ breaker, note }) => {
    const { error } = console
    console.error = () => {}
    try {
      note('shows', breaker(obey, { maxFailures: 3 }).options.maxFailures)
    } finally {
      console.error = error
    }
  },

  'isOurError of every code': async ({ CircuitBreaker, breaker, note, defer }) => {
    const work = defer()
    const caught = []
    const circuit = breaker(obey, { capacity: 1, timeout: 40, errorThresholdPercentage: 100 })
    const late = circuit.fire(work.promise).catch(error => caught.push(error))
    await circuit.fire('fine').catch(error => caught.push(error))
    await late
    circuit.open()
    await circuit.fire('fine').catch(error => caught.push(error))
    circuit.shutdown()
    await circuit.fire('fine').catch(error => caught.push(error))
    note('errors', caught)
    note('ours', caught.map(error => CircuitBreaker.isOurError(error)))
    note('stack', caught.every(error => typeof error.stack === 'string'))
    work.resolve('too late')
  },

  'the fields of an error': async ({ breaker, note }) => {
    const circuit = breaker(obey)
    circuit.open()
    note('fields', Object.keys(await circuit.fire('refused').catch(error => error)))
  }
}
