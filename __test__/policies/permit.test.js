'use strict'

// `acquire`: permits for work that is no promise.

// Before the module, whose crossings it counts.
const { crossingsOf } = require('../breaker/support/crossings')

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { getEventListeners } = require('node:events')
const { describe, test } = require('node:test')
const FakeTimers = require('@sinonjs/fake-timers')

const { withGlobal } = require('@sinonjs/fake-timers')

const CircuitBreaker = require('../..')
const { child } = require('../support/child')
const { collected, sleep, until } = require('../support/wait')

const never = () => assert.fail('no action is asked')
const make = options => new CircuitBreaker(never, { timeout: false, volumeThreshold: 99, ...options })
const ill = () => new Error('ill')

/** What a breaker has counted that is not zero. */
const countsOf = ({ stats }) => Object.fromEntries(Object.entries(stats)
  .filter(([name, count]) => count > 0 && /^(fires|successes|failures|rejects|timeouts|fallbacks|semaphoreRejections)$/.test(name)))

/** Every event of a breaker that tells how calls end, with what is given. */
function eventsOf (breaker) {
  const events = []
  for (const event of ['fire', 'success', 'failure', 'timeout', 'reject', 'semaphoreLocked', 'fallback', 'open', 'close', 'halfOpen']) {
    breaker.on(event, (first, ms, args) => events.push([event, first?.code ?? first?.message ?? first, args]))
  }
  return events
}

describe('a permit', () => {
  test('counts as a call: success, failure, and nothing for ignore', () => {
    const breaker = make({ capacity: 1 })
    const events = eventsOf(breaker)
    breaker.acquire().success('well')
    breaker.acquire().failure(ill())
    breaker.acquire().ignore()
    assert.deepEqual(countsOf(breaker), { fires: 3, successes: 1, failures: 1 })
    assert.deepEqual(events, [
      ['fire', [], undefined], ['success', 'well', undefined],
      ['fire', [], undefined], ['failure', 'ill', []],
      ['fire', [], undefined]
    ])
    assert.equal(breaker.semaphore.count, 1)
  })

  test('is settled at once, and once', () => {
    const breaker = make({ capacity: 1 })
    for (const first of ['success', 'failure', 'ignore']) {
      const permit = breaker.acquire()
      assert.equal(breaker.semaphore.count, 0)
      permit[first]()
      assert.equal(breaker.semaphore.count, 1)
      const counts = countsOf(breaker)
      // Its place is another one's by now.
      const other = breaker.acquire()
      permit.success()
      permit.failure(ill())
      permit.ignore()
      assert.equal(breaker.semaphore.count, 0)
      other.ignore()
      assert.deepEqual(countsOf(breaker), { ...counts, fires: counts.fires + 1 })
    }
  })

  test('opens the circuit, is its probe, and closes it', () => {
    const tripping = new CircuitBreaker(never, { timeout: false })
    tripping.acquire().failure(ill())
    assert.equal(tripping.opened, true)
    const breaker = new CircuitBreaker(never, { timeout: false, state: { closed: false, halfOpen: true } })
    breaker.acquire().ignore()
    assert.equal(breaker.pendingClose, true, 'a probe that is ignored is given back')
    const probe = breaker.acquire()
    assert.throws(() => breaker.acquire(), { code: 'EOPENBREAKER' })
    probe.success()
    assert.equal(breaker.closed, true)
  })

  test('has its error filtered', () => {
    const breaker = make({ errorFilter: ({ message }) => message === 'ill' })
    breaker.acquire().failure(ill())
    breaker.acquire().failure(new Error('worse'))
    assert.deepEqual(countsOf(breaker), { fires: 2, successes: 1, failures: 1 })
  })

  test('makes two crossings', () => {
    const breaker = make()
    assert.deepEqual(crossingsOf(() => breaker.acquire().success()), ['admitAgain', 'settle'])
  })

  test('of a disabled breaker counts as a fire and nothing else', () => {
    const breaker = make({ enabled: false })
    const permit = breaker.acquire()
    assert.equal(permit.signal.aborted, false)
    permit.failure(ill())
    permit.success()
    assert.deepEqual(countsOf(breaker), { fires: 1 })
    const { signal } = new AbortController()
    assert.equal(breaker.acquire({ signal }).signal, signal)
  })

  test('may settle while another call is in its action', async () => {
    let permit
    const breaker = new CircuitBreaker(() => {
      permit = breaker.acquire()
      const { signal } = permit
      const own = breaker.getSignal()
      return [signal !== own, own === breaker.getSignal()]
    }, { capacity: 2, timeout: false })
    assert.deepEqual(await breaker.fire(), [true, true])
    assert.equal(breaker.semaphore.count, 1)
    permit.success()
    assert.equal(breaker.semaphore.count, 2)
  })
})

describe('where a call would be refused, acquire throws', () => {
  test('with the errors and events of fire, and asks no fallback', () => {
    const breaker = make({ capacity: 1 }).fallback(() => assert.fail('the fallback'))
    const events = eventsOf(breaker)
    const permit = breaker.acquire()
    assert.throws(() => breaker.acquire(), { code: 'ESEMLOCKED' })
    permit.success()
    breaker.open()
    assert.throws(() => breaker.acquire(), error => error.code === 'EOPENBREAKER' && error.retryAfter > 29_000)
    assert.deepEqual(events.map(([event]) => event),
      ['fire', 'fire', 'semaphoreLocked', 'failure', 'success', 'open', 'fire', 'reject'])
    assert.deepEqual(countsOf(breaker), { fires: 3, successes: 1, failures: 1, rejects: 1, semaphoreRejections: 1 })
    assert.equal(breaker.semaphore.count, 1)
    breaker.shutdown()
    assert.throws(() => breaker.acquire(), { code: 'ESHUTDOWN' })
  })

  test('for options that make no sense, by their names', () => {
    for (const [given, message] of [
      [{ context: 1 }, /^There is no options\.context: there are signal, timeout$/],
      [{ timeout: 'soon' }, /^options\.timeout must be .*; got 'soon'$/],
      [{ signal: 1 }, /^options\.signal must be an AbortSignal; got 1$/],
      [null, /^options must be an object with signal, timeout; got null$/]
    ]) assert.throws(() => make().acquire(given), { name: 'TypeError', message })
  })
})

describe('its timeout', () => {
  test('is that of the breaker, or its own: a timeout like any other, and its signal is aborted', async () => {
    for (const [options, own] of [[{ timeout: 20 }, undefined], [{}, { timeout: 20 }]]) {
      const breaker = make({ ...options, capacity: 1 }).fallback(() => assert.fail('the fallback'))
      const events = eventsOf(breaker)
      const permit = breaker.acquire(own)
      const { signal } = permit
      await until(() => signal.aborted)
      assert.equal(signal.reason.code, 'ETIMEDOUT')
      assert.equal(signal.reason.message, 'Timed out after 20ms')
      permit.success()
      permit.failure(ill())
      assert.deepEqual(events.map(([event]) => event), ['fire', 'timeout', 'failure'])
      assert.deepEqual(countsOf(breaker), { fires: 1, failures: 1, timeouts: 1 })
      assert.equal(breaker.semaphore.count, 1)
    }
  })

  test('is known to a signal that is asked for afterwards', async () => {
    const breaker = make()
    const permit = breaker.acquire({ timeout: 10 })
    await until(() => breaker.stats.timeouts === 1)
    assert.equal(permit.signal.reason.code, 'ETIMEDOUT')
  })

  test('none, if it says so', async () => {
    const breaker = make({ timeout: 10 })
    const permit = breaker.acquire({ timeout: false })
    await sleep(50)
    permit.success()
    assert.deepEqual(countsOf(breaker), { fires: 1, successes: 1 })
  })

  test('runs listeners in the context in which the permit was asked for', async () => {
    const storage = new AsyncLocalStorage()
    const breaker = make({ timeout: 10 })
    let seen
    breaker.on('timeout', () => { seen = storage.getStore() })
    // Held to the end: one that is collected counts as ignored.
    const permit = storage.run('mine', () => breaker.acquire())
    await until(() => seen !== undefined)
    assert.equal(seen, 'mine')
    permit.ignore()
  })

  test('leaves no timer behind when the permit is settled', () => {
    const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    try {
      const breaker = make({ timeout: 1000 })
      for (const end of ['success', 'failure', 'ignore']) {
        const permit = breaker.acquire()
        assert.equal(clock.countTimers(), 1)
        permit[end](ill())
        assert.equal(breaker.closed, true)
        assert.equal(clock.countTimers(), 0)
      }
    } finally {
      clock.uninstall()
    }
  })
})

describe('its signal', () => {
  test('is aborted by shutdown, and by that of whoever asked, who gives it up', () => {
    const reason = new Error('changed my mind')
    const breaker = make({ capacity: 2 })
    const controller = new AbortController()
    const permits = [breaker.acquire({ signal: controller.signal }), breaker.acquire()]
    const signals = permits.map(({ signal }) => signal)
    controller.abort(reason)
    assert.equal(signals[0].reason, reason)
    assert.equal(breaker.semaphore.count, 1)
    breaker.shutdown()
    assert.equal(signals[1].reason.code, 'ESHUTDOWN')
    permits[1].success()
    assert.equal(breaker.semaphore.count, 2)
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
    assert.throws(() => make().acquire({ signal: controller.signal }), error => error === reason)
  })

  test('is left alone when the work is settled', () => {
    const breaker = make()
    for (const end of ['success', 'failure', 'ignore']) {
      const controller = new AbortController()
      const permit = breaker.acquire({ signal: controller.signal })
      const { signal } = permit
      permit[end](ill())
      assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
      controller.abort()
      breaker.acquire().ignore()
      assert.equal(signal.aborted, false)
      assert.equal(permit.signal, signal)
    }
  })
})

test('at the end of its scope a permit that has not been settled is ignored', { skip: !Symbol.dispose }, async () => {
  const breaker = make({ capacity: 1 })
  const permit = breaker.acquire()
  permit[Symbol.dispose]()
  assert.equal(breaker.semaphore.count, 1)
  await breaker.acquire()[Symbol.asyncDispose]()
  const settled = breaker.acquire()
  settled.success()
  settled[Symbol.dispose]()
  assert.deepEqual(countsOf(breaker), { fires: 3, successes: 1 })
})

describe('one that is collected without having been settled', () => {
  test('gives its place back and counts as ignored, with one warning', async () => {
    const { stdout, stderr } = await child(`async ({ require, path }) => {
      const CircuitBreaker = require(path)
      const { setTimeout: sleep } = require('node:timers/promises')
      for (const timeout of [false, 60_000]) {
        const breaker = new CircuitBreaker(() => {}, { timeout, capacity: 5 })
        const signals = []
        const drop = () => { for (let made = 0; made < 4; made++) signals.push(new WeakRef(breaker.acquire())) }
        drop()
        const kept = breaker.acquire()
        const { signal } = kept
        while (breaker.semaphore.count < 4) {
          globalThis.gc()
          await sleep(5)
        }
        const { fires, failures, successes } = breaker.stats
        console.log(JSON.stringify([fires, failures, successes, breaker.semaphore.count, signal.aborted]))
        kept.success()
      }
    }`)
    assert.equal(stdout, '[5,0,0,4,false]\n[5,0,0,4,false]\n')
    assert.equal(stderr.match(/DIDELPHIS_LOST_PERMIT/g)?.length, 1, stderr)
  })

  test('says nothing of one that was, or whose time is over', async () => {
    const { stdout, stderr } = await child(`async ({ require, path }) => {
      const CircuitBreaker = require(path)
      const { setTimeout: sleep } = require('node:timers/promises')
      const breaker = new CircuitBreaker(() => {}, { timeout: 10, capacity: 5 })
      const held = []
      const ask = () => {
        for (const end of ['success', 'failure', 'ignore']) breaker.acquire()[end](new Error('ill'))
        breaker.close()
        held.push(breaker.acquire())
      }
      ask()
      while (breaker.stats.timeouts < 1) await sleep(5)
      held.pop()
      for (let round = 0; round < 10; round++) {
        globalThis.gc()
        await sleep(5)
      }
      console.log(breaker.semaphore.count)
    }`)
    assert.deepEqual([stdout, stderr], ['5\n', ''])
  })

  test('keeps no breaker', async () => {
    const ref = (() => {
      const breaker = make()
      breaker.acquire().success()
      const lost = breaker.acquire()
      assert(lost.signal)
      return new WeakRef(breaker)
    })()
    await collected(ref)
  })
})

test('one whose deadline passes while it is asked for, as on the clock of a test, has timed out', () => {
  const clock = withGlobal(globalThis).install()
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
    const breaker = new CircuitBreaker(() => {}, { timeout: 10, volumeThreshold: 9 })
    isFast = true
    const permit = breaker.acquire()
    assert.equal(isFast, false)
    assert.equal(permit.signal.aborted, true)
    permit.success()
    assert.deepEqual([breaker.stats.timeouts, breaker.stats.failures, breaker.stats.successes], [1, 1, 0])
    breaker.shutdown()
  } finally {
    clock.uninstall()
  }
})
