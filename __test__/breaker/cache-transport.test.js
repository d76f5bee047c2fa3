'use strict'

// A transport of cached results that answers later, as one over a network does. Those that
// answer at once are among the scenarios of `differential`.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { describe, test } = require('node:test')
const FakeTimers = require('@sinonjs/fake-timers')

const CircuitBreaker = require('../..')
const { child } = require('../support/child')
const { defer, sleep, turn, uncaughtDuring, until } = require('../support/wait')

const LONG = 600_000
const EVENTS = ['fire', 'cacheHit', 'cacheMiss', 'coalesceCacheHit', 'coalesceCacheMiss', 'success', 'reject', 'failure']

const hang = () => new Promise(() => {})

/** A transport over a network: what it is asked is answered by hand, or by what it keeps. */
class Remote {
  kept = new Map()
  asked = []

  get (key) {
    const answer = defer()
    this.asked.push({ key, ...answer })
    return answer.promise
  }

  async set (key, value) {
    this.kept.set(key, await value)
  }

  async flush () {
    this.kept.clear()
  }

  /** Gives what is kept to all who have asked. */
  answer () {
    for (const { key, resolve } of this.asked) resolve(this.kept.get(key) ?? null)
  }
}

function withRemote (options) {
  const remote = new Remote()
  let runs = 0
  const action = options?.action ?? (async () => `run ${++runs}`)
  const breaker = new CircuitBreaker(action, { cache: true, cacheTransport: remote, timeout: LONG, rollingCountTimeout: LONG, ...options })
  const heard = []
  for (const event of EVENTS) breaker.on(event, () => heard.push(event))
  return { breaker, heard, remote }
}

// Only those that are not 0.
function counted ({ stats }) {
  const names = ['fires', 'successes', 'failures', 'timeouts', 'rejects', 'cacheHits', 'cacheMisses', 'coalesceCacheHits', 'coalesceCacheMisses']
  return Object.fromEntries(names.filter(name => stats[name] > 0).map(name => [name, stats[name]]))
}

test('a miss runs the action, and what it gives is found again', async () => {
  const { breaker, heard, remote } = withRemote()
  const missed = breaker.fire('a')
  assert.deepEqual([heard, counted(breaker), breaker.semaphore.count], [['fire'], { fires: 1 }, Number.MAX_SAFE_INTEGER])
  remote.answer()
  assert.equal(await missed, 'run 1')
  assert.deepEqual(heard.splice(0), ['fire', 'cacheMiss', 'success'])
  await turn()
  const found = breaker.fire('a')
  remote.answer()
  assert.equal(await found, 'run 1')
  assert.deepEqual(heard, ['fire', 'cacheHit'])
  assert.deepEqual(counted(breaker), { fires: 2, successes: 1, cacheHits: 1, cacheMisses: 1 })
})

test('what is nothing is a miss, as of a transport that answers at once', async () => {
  for (const nothing of [null, undefined, false, 0, '']) {
    for (const answered of [nothing, Promise.resolve(nothing), { then: resolve => resolve(nothing) }]) {
      const breaker = new CircuitBreaker(async () => 'fresh', { cache: true, cacheTransport: { get: () => answered, set () {}, flush () {} } })
      assert.equal(await breaker.fire(), 'fresh')
      assert.deepEqual(counted(breaker), { fires: 1, successes: 1, cacheMisses: 1 })
    }
  }
})

test('a promise that the transport was given and gives back is the result, whatever that is', async () => {
  for (const result of [null, 0, 'well']) {
    const kept = new Map()
    const cacheTransport = { get: key => kept.get(key), set: (key, value) => kept.set(key, value), flush () {} }
    let runs = 0
    const breaker = new CircuitBreaker(async () => { runs++; return result }, { cache: true, cacheTransport })
    await breaker.fire()
    const heard = []
    breaker.on('cacheHit', () => heard.push('cacheHit'))
    const again = breaker.fire()
    // At once, and the very promise.
    assert.deepEqual([heard, again === [...kept.values()][0]], [['cacheHit'], true])
    assert.deepEqual([await again, runs], [result, 1])
    assert.equal(guardOf(breaker), undefined)
  }
})

test('an answer that rejects is a miss, and heard of', async () => {
  const ill = new Error('connection lost')
  const GETS = {
    'a rejection': () => Promise.reject(ill),
    'a thenable that rejects': () => ({ then: (_, reject) => reject(ill) }),
    'a thenable that throws': () => ({ then () { throw ill } })
  }
  for (const [name, get] of Object.entries(GETS)) {
    const breaker = new CircuitBreaker(async () => 'well', { cache: true, cacheTransport: { get, set () {}, flush () {} } })
    const uncaught = await uncaughtDuring(async () => assert.equal(await breaker.fire(), 'well', name))
    assert.deepEqual(uncaught, [ill], name)
    assert.deepEqual(counted(breaker), { fires: 1, successes: 1, cacheMisses: 1 })
  }
})

test('set and flush that reject are heard of, and change nothing', async () => {
  const rejecting = name => () => Promise.reject(new Error(name))
  const cacheTransport = { get: async () => null, set: rejecting('set'), flush: rejecting('flush') }
  const breaker = new CircuitBreaker(async () => 'well', { cache: true, cacheTransport, capacity: 1 })
  const uncaught = await uncaughtDuring(async () => {
    assert.equal(await breaker.fire(), 'well')
    assert.equal(breaker.clearCache(), undefined)
    await turn()
    breaker.shutdown()
    assert.equal(breaker.isShutdown, true)
  })
  assert.deepEqual(uncaught.map(({ message }) => message), ['set', 'flush', 'flush'])
  assert.deepEqual([counted(breaker), breaker.semaphore.count], [{ fires: 1, successes: 1, cacheMisses: 1 }, 1])
})

describe('an answer that does not come', () => {
  const faked = act => async () => {
    const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
    try {
      return await act(clock)
    } finally {
      clock.uninstall()
    }
  }

  for (const [timeout, bound] of [[700, 700], ['700', 700], [false, 10_000], [Infinity, 10_000], [1e300, 10_000]]) {
    test(`is a miss after ${bound} ms, and heard of, where timeout is ${timeout}`, faked(async clock => {
      const { breaker, remote } = withRemote({ timeout })
      let result
      breaker.fire().then(value => { result = value })
      const uncaught = await uncaughtDuring(async () => {
        await clock.tickAsync(bound - 1)
        assert.deepEqual([result, counted(breaker)], [undefined, { fires: 1 }])
        await clock.tickAsync(1)
        assert.equal(result, 'run 1')
        // Too late for anything.
        remote.asked[0].reject(new Error('too late'))
      })
      const message = `options.cacheTransport.get of ${breaker.name} gave no answer within ${bound}ms, which is taken for a miss`
      assert.deepEqual(uncaught.map(({ code, message }) => [code, message]), [['ETIMEDOUT', message]])
      assert.equal(CircuitBreaker.isOurError(uncaught[0]), false)
      assert.deepEqual(counted(breaker), { fires: 1, successes: 1, cacheMisses: 1 })
      assert.equal(clock.countTimers(), 0)
    }))
  }

  test('a changed timeout holds for the next one', faked(async clock => {
    const { breaker } = withRemote({ timeout: 700 })
    breaker.options.timeout = 50
    const uncaught = await uncaughtDuring(async () => {
      const result = breaker.fire()
      await clock.tickAsync(50)
      assert.equal(await result, 'run 1')
    })
    assert.match(uncaught[0].message, /within 50ms/)
  }))

  test("the action's own timeout begins when the transport has answered", faked(async clock => {
    const { breaker, remote } = withRemote({ timeout: 100, action: ms => new Promise(resolve => setTimeout(resolve, ms, 'well')) })
    const outcomes = []
    breaker.on('timeout', (_, ms) => outcomes.push(`timeout after ${ms}`))
    for (const ms of [90, 110]) breaker.fire(ms).then(value => outcomes.push(value), ({ code }) => outcomes.push(code))
    await clock.tickAsync(90)
    remote.answer()
    await clock.tickAsync(99)
    assert.deepEqual(outcomes, ['well'])
    await clock.tickAsync(1)
    assert.deepEqual(outcomes, ['well', 'timeout after 100', 'ETIMEDOUT'])
  }))

  test('keeps the process until its time is over, and no longer', async () => {
    const { stdout, stderr, ...end } = await child(({ require, path }) => {
      const CircuitBreaker = require(path)
      process.on('uncaughtException', ({ code }) => console.log(code))
      const cacheTransport = { get: () => new Promise(() => {}), set () {}, flush () {} }
      const breaker = new CircuitBreaker(async () => 'well', { cache: true, cacheTransport, timeout: 100 })
      breaker.fire().then(console.log)
      // One that has been answered keeps nothing.
      const answered = new CircuitBreaker(async () => 'answered', { cache: true, cacheTransport: { ...cacheTransport, get: async () => null } })
      answered.fire().then(console.log)
    })
    assert.deepEqual({ stdout, stderr, ...end }, { stdout: 'answered\nwell\nETIMEDOUT\n', stderr: '', code: 0, signal: null })
  })

  test('a stall of the loop is none of it', async () => {
    const { breaker, remote } = withRemote({ timeout: 60 })
    const uncaught = await uncaughtDuring(async () => {
      const result = breaker.fire()
      setTimeout(() => {
        const end = Date.now() + 150
        while (Date.now() < end);
        // By what the loop does after its timers.
        setImmediate(() => remote.answer())
      }, 5)
      assert.equal(await result, 'run 1')
    })
    assert.deepEqual(uncaught, [])
  })
})

describe('calls with one key', () => {
  test('ask once, where they coalesce', async () => {
    const { breaker, heard, remote } = withRemote({ coalesce: true })
    const calls = Array.from({ length: 10 }, () => breaker.fire('a'))
    assert.equal(remote.asked.length, 1)
    assert.deepEqual(heard.filter(event => event !== 'fire'), Array(9).fill('coalesceCacheHit'))
    breaker.fire('b')
    assert.equal(remote.asked.length, 2)
    remote.answer()
    assert.deepEqual(await Promise.all(calls), Array(10).fill('run 1'))
    await turn()
    assert.deepEqual(counted(breaker), { fires: 11, successes: 2, cacheMisses: 2, coalesceCacheHits: 9, coalesceCacheMisses: 2 })
  })

  test('share a hit, too', async () => {
    const { breaker, remote } = withRemote({ coalesce: true })
    remote.kept.set('["a"]', 'kept')
    const calls = [1, 2, 3].map(() => breaker.fire('a'))
    remote.answer()
    assert.deepEqual([await Promise.all(calls), remote.asked.length], [Array(3).fill('kept'), 1])
    assert.deepEqual(counted(breaker), { fires: 3, cacheHits: 1, coalesceCacheHits: 2 })
  })

  test('ask again once there is an answer, and join the call that has begun', async () => {
    const work = defer()
    const { breaker, heard, remote } = withRemote({ coalesce: true, action: () => work.promise })
    const first = breaker.fire('a')
    remote.answer()
    await turn()
    heard.length = 0
    const second = breaker.fire('a')
    assert.equal(remote.asked.length, 2)
    remote.answer()
    await turn()
    assert.deepEqual(heard, ['fire', 'cacheMiss', 'coalesceCacheHit'])
    work.resolve('well')
    assert.deepEqual(await Promise.all([first, second]), ['well', 'well'])
  })

  test('ask each for itself where they do not coalesce, or not any longer', async () => {
    const NOT = {
      'not coalesced': {},
      'a size of 0': { coalesce: true, coalesceSize: 0 },
      cleared: { coalesce: true },
      'switched off': { coalesce: true }
    }
    for (const [name, options] of Object.entries(NOT)) {
      const { breaker, remote } = withRemote(options)
      const first = breaker.fire('a')
      if (name === 'cleared') breaker.clearCache()
      if (name === 'switched off') breaker.options.coalesce = false
      const second = breaker.fire('a')
      assert.equal(remote.asked.length, 2, name)
      remote.answer()
      // Those of a cleared one meet in the call.
      assert.deepEqual(await Promise.all([first, second]), name === 'cleared' ? ['run 1', 'run 1'] : ['run 1', 'run 2'], name)
    }
  })

  test('wait no longer together than coalesceTTL says', async () => {
    const { breaker, remote } = withRemote({ coalesce: true, coalesceTTL: 20 })
    breaker.fire('a')
    await sleep(40)
    breaker.fire('a')
    assert.equal(remote.asked.length, 2)
    remote.answer()
  })
})

describe('while the transport has not answered', () => {
  test('the circuit opens: a hit is given, and a miss refused', async () => {
    for (const [kept, outcome] of [['kept', 'kept'], [undefined, 'EOPENBREAKER']]) {
      const { breaker, heard, remote } = withRemote()
      remote.kept.set('[]', kept)
      const result = breaker.fire().catch(({ code }) => code)
      breaker.open()
      remote.answer()
      assert.equal(await result, outcome)
      assert.deepEqual(heard, kept ? ['fire', 'cacheHit'] : ['fire', 'cacheMiss', 'reject'])
    }
  })

  test('a half-open circuit keeps its one try', async () => {
    const { breaker, remote } = withRemote({ resetTimeout: 1 })
    breaker.open()
    await until(() => breaker.halfOpen)
    const result = breaker.fire()
    assert.equal(breaker.pendingClose, true)
    remote.answer()
    assert.equal(await result, 'run 1')
    assert.equal(breaker.closed, true)
  })

  test('the breaker is shut down: a hit is given, and a miss refused', async () => {
    for (const [kept, outcome] of [['kept', 'kept'], [undefined, 'ESHUTDOWN']]) {
      const { breaker, remote } = withRemote({ coalesce: true })
      const result = breaker.fire().catch(({ code }) => code)
      breaker.shutdown()
      remote.kept.set('[]', kept)
      remote.answer()
      assert.equal(await result, outcome)
      await assert.rejects(breaker.fire(), { code: 'ESHUTDOWN' })
      assert.equal(remote.asked.length, 1)
    }
  })

  test('the breaker is disabled: a miss runs the action unguarded', async () => {
    const { breaker, heard, remote } = withRemote({ action: () => { throw new Error('ill') } })
    const result = breaker.fire()
    breaker.disable()
    remote.answer()
    await assert.rejects(result, /ill/)
    assert.deepEqual([heard, counted(breaker)], [['fire', 'cacheMiss'], { fires: 1, cacheMisses: 1 }])
  })

  test('nonsense comes among the options: the call rejects, and takes no place', async () => {
    const { breaker, remote } = withRemote({ capacity: 1 })
    const result = breaker.fire()
    breaker.options.timeout = 'soon'
    remote.answer()
    await assert.rejects(result, { name: 'TypeError', message: /^options.timeout must be/ })
    assert.equal(breaker.semaphore.count, 1)
    breaker.options.timeout = LONG
    const next = breaker.fire()
    remote.answer()
    assert.equal(await next, 'run 1')
  })

  test('a listener throws: the call goes on', async () => {
    const { breaker, remote } = withRemote()
    breaker.on('cacheMiss', () => { throw new Error('ill') })
    const uncaught = await uncaughtDuring(async () => {
      const result = breaker.fire()
      remote.answer()
      assert.equal(await result, 'run 1')
    })
    assert.deepEqual(uncaught.map(({ message }) => message), ['ill'])
  })

  test('the cache is switched off: the answer counts, and nothing is kept', async () => {
    const { breaker, remote } = withRemote()
    const result = breaker.fire()
    breaker.options.cache = false
    remote.answer()
    assert.equal(await result, 'run 1')
    await turn()
    assert.equal(remote.kept.size, 0)
  })
})

test('the action runs in the async context of its caller', async () => {
  const storage = new AsyncLocalStorage()
  const { breaker, remote } = withRemote({ action: async () => storage.getStore() })
  const calls = ['one', 'two'].map(name => storage.run(name, () => breaker.fire(name)))
  remote.answer()
  assert.deepEqual(await Promise.all(calls), ['one', 'two'])
  // And where the transport is late.
  breaker.options.timeout = 10
  await uncaughtDuring(async () => assert.equal(await storage.run('three', () => breaker.fire('three')), 'three'))
})

test('a transport that throws at once rejects the call, as before', async () => {
  const cacheTransport = { get () { throw new Error('ill') }, set () {}, flush () {} }
  const breaker = new CircuitBreaker(hang, { cache: true, cacheTransport, coalesce: true })
  for (let i = 0; i < 2; i++) await assert.rejects(breaker.fire(), /ill/)
})

test('an answer is waited for in silence: not in the stream for dashboards', async () => {
  const stream = CircuitBreaker.stats
  const names = []
  stream.on('data', datum => names.push(JSON.parse(datum.slice('data: '.length)).name))
  const { breaker, remote } = withRemote({ name: 'asks' })
  const result = breaker.fire()
  remote.answer()
  await result
  // Again, for who asks for the stream has every breaker join.
  assert.equal(CircuitBreaker.stats, stream)
  for (const { status } of [guardOf(breaker), breaker]) status.emit('snapshot', status.stats)
  await turn()
  stream.destroy()
  assert.deepEqual(names, ['asks'])
})

// The breaker that guards the answers of the transport.
function guardOf (breaker) {
  const inner = Object.getOwnPropertySymbols(breaker).find(({ description }) => description === 'inner')
  return breaker[inner].guard
}
