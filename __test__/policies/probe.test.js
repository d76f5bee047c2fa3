'use strict'

// probe: what tries a half-open circuit in place of calls.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { once } = require('node:events')
const { after, test } = require('node:test')

const FakeTimers = require('@sinonjs/fake-timers')

const CircuitBreaker = require('../..')
const { child } = require('../support/child')
const { defer, sleep, turn, until } = require('../support/wait')
const { down, ok, startBackend } = require('./support/backend')

// An open circuit keeps no process alive.
const alive = setInterval(() => {}, 1000)
after(() => clearInterval(alive))

const fail = async () => { throw new Error('ill') }

function probed (t, probe, options) {
  const breaker = new CircuitBreaker(fail, { probe, resetTimeout: 10, ...options })
  t.after(() => breaker.shutdown())
  return breaker
}

test('closes the circuit without traffic, and no caller is the guinea pig', async t => {
  const backend = await startBackend(t, down)
  let probes = 0
  const probe = () => { probes++; return backend.get() }
  const breaker = new CircuitBreaker(backend.get, { probe, resetTimeout: 10 })
  t.after(() => breaker.shutdown())
  await assert.rejects(breaker.fire(), { statusCode: 503 })
  await until(() => probes >= 3)
  backend.answer = ok
  await once(breaker, 'close')
  const { failures, fires, successes } = breaker.stats
  assert.deepEqual({ failures, fires, successes }, { failures: 1, fires: 1, successes: 0 }, 'a probe is no call')
})

test('calls are refused while it is out, and it is out once', async t => {
  const answer = defer()
  let probes = 0
  const breaker = probed(t, () => { probes++; return answer.promise })
  breaker.open()
  await until(() => probes === 1)
  await assert.rejects(breaker.fire(), { code: 'EOPENBREAKER', retryAfter: undefined })
  assert.ok(breaker.halfOpen)
  answer.resolve()
  await once(breaker, 'close')
  assert.equal(probes, 1)
})

for (const [how, probe] of [['throws', () => { throw new Error('no') }], ['rejects', async () => { throw new Error('no') }]]) {
  test(`one that ${how} has failed: the circuit opens again, and the error is the one that is told`, async t => {
    const told = []
    const resetTimeout = (attempt, { error }) => { told.push(error?.message); return 5 }
    const breaker = probed(t, probe, { resetTimeout })
    breaker.open()
    await until(() => told.length >= 3)
    assert.deepEqual(told.slice(0, 3), [undefined, 'no', 'no'])
  })
}

test('one that takes longer than timeout has failed, and its signal is aborted', async t => {
  let signal
  const probe = given => { signal = given; return new Promise(() => {}) }
  const breaker = probed(t, probe, { timeout: 30 })
  breaker.open()
  await once(breaker, 'halfOpen')
  await once(breaker, 'open')
  await until(() => signal.aborted)
  assert.equal(signal.reason.code, 'ETIMEDOUT')
})

test('its signal is aborted when nobody asks any more', async t => {
  for (const act of [breaker => breaker.close(), breaker => breaker.open(), breaker => breaker.shutdown()]) {
    let signal
    const breaker = probed(t, given => { signal = given; return new Promise(() => {}) })
    breaker.open()
    await until(() => signal !== undefined)
    act(breaker)
    assert.ok(signal.aborted, `${act}`)
  }
})

test('what comes of it too late moves nothing', async t => {
  const answer = defer()
  const breaker = probed(t, () => answer.promise, { resetTimeout: 10 })
  breaker.open()
  await once(breaker, 'halfOpen')
  await turn()
  breaker.options.resetTimeout = 60_000
  breaker.close()
  breaker.open()
  answer.resolve()
  await turn()
  assert.ok(breaker.opened)
})

test('as many as halfOpenCalls run one after the other', async t => {
  let underWay = 0
  let most = 0
  let probes = 0
  const probe = async () => {
    probes++
    most = Math.max(most, ++underWay)
    await sleep(1)
    underWay--
  }
  const breaker = probed(t, probe, { halfOpenCalls: 3 })
  breaker.open()
  await once(breaker, 'close')
  assert.deepEqual({ most, probes }, { most: 1, probes: 3 })
})

test('it takes a place of the capacity, and gives it back', async t => {
  const answer = defer()
  const breaker = probed(t, () => answer.promise, { capacity: 1 })
  breaker.open()
  await once(breaker, 'halfOpen')
  await until(() => breaker.semaphore.count === 0)
  answer.resolve()
  await once(breaker, 'close')
  assert.equal(breaker.semaphore.count, 1)
})

test('without a place it waits for as long as the circuit was open', async t => {
  let probes = 0
  const breaker = probed(t, () => { probes++ }, { capacity: 1 })
  assert.ok(breaker.semaphore.test())
  breaker.open()
  await once(breaker, 'halfOpen')
  await sleep(30)
  assert.equal(probes, 0)
  assert.ok(breaker.halfOpen)
  breaker.semaphore.release()
  await once(breaker, 'close')
  assert.equal(probes, 1)
})

test('runs in the async context in which the breaker was made', async t => {
  const storage = new AsyncLocalStorage()
  let seen
  const breaker = storage.run('maker', () => probed(t, () => { seen = storage.getStore() }))
  storage.run('opener', () => breaker.open())
  await once(breaker, 'close')
  assert.equal(seen, 'maker')
})

test('works on the clock of a test', async t => {
  const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
  t.after(() => clock.uninstall())
  let probes = 0
  const breaker = probed(t, async () => { probes++ }, { resetTimeout: 1000 })
  breaker.open()
  clock.tick(999)
  assert.equal(probes, 0)
  clock.tick(1)
  assert.equal(probes, 1)
  await turn()
  assert.ok(breaker.closed)
})

test('a breaker that is restored half open is probed, too', async t => {
  const breaker = probed(t, async () => {}, { state: { closed: false, halfOpen: true } })
  assert.ok(breaker.halfOpen)
  await once(breaker, 'close')
})

test('one may be given to a breaker that is half open, and taken from it', async t => {
  const breaker = new CircuitBreaker(async () => 'well', { resetTimeout: 10 })
  t.after(() => breaker.shutdown())
  breaker.open()
  await once(breaker, 'halfOpen')
  let probes = 0
  breaker.update({ probe: async () => { probes++; throw new Error('no') } })
  await once(breaker, 'open')
  assert.equal(probes, 1)
  breaker.update({ probe: null })
  await once(breaker, 'halfOpen')
  assert.equal(await breaker.fire(), 'well')
  assert.ok(breaker.closed)
})

test('an open circuit that is to be probed keeps no process alive', async () => {
  const { code, stdout } = await child(({ path, require }) => {
    const CircuitBreaker = require(path)
    const breaker = new CircuitBreaker(() => {}, { probe: () => console.log('probed'), resetTimeout: 60_000 })
    breaker.open()
    process.on('exit', () => console.log('end', breaker.opened))
  })
  assert.deepEqual([code, stdout], [0, 'end true\n'])
})

test('a probe whose deadline passes while it is asked for, as on the clock of a test, has timed out', () => {
  const clock = FakeTimers.withGlobal(globalThis).install()
  try {
    const { setTimeout: plain } = globalThis
    let isFast = false
    globalThis.setTimeout = Object.assign((...args) => {
      const timer = plain(...args)
      if (isFast) {
        isFast = false
        clock.tick(100)
      }
      return timer
    }, plain)
    let probes = 0
    const probe = () => new Promise(() => { probes++ })
    const breaker = new CircuitBreaker(() => {}, { probe, resetTimeout: 1000, timeout: 10 })
    breaker.open()
    breaker.on('halfOpen', () => { isFast = true })
    clock.tick(1000)
    clock.tick(200)
    assert.equal(breaker.state, 'open', 'it has failed')
    assert.equal(breaker.semaphore.count, breaker.options.capacity, 'its place is free')
    assert.ok(probes <= 1)
    breaker.shutdown()
  } finally {
    clock.uninstall()
  }
})
