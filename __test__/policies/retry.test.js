'use strict'

// retry: calls that fail are tried again, as far as the circuit and a budget let them.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { once } = require('node:events')
const { describe, test } = require('node:test')

const FakeTimers = require('@sinonjs/fake-timers')

const CircuitBreaker = require('../..')
const { down, ok, startBackend } = require('./support/backend')
const { child } = require('../support/child')
const { collected, uncaughtDuring, until } = require('../support/wait')

/** Never opens by itself; waits are short; the budget is no matter. */
const CALM = { errorThresholdPercentage: 100, timeout: false }
const SOON = { delay: { initial: 0, max: 0 }, budget: { minPerSecond: 1000 } }

/** A breaker whose calls are tried again, gone when the test ends. */
function retrying (t, action, retry, options) {
  const breaker = new CircuitBreaker(action, { ...CALM, ...options, retry })
  t.after(() => breaker.shutdown())
  return breaker
}

/** An action that fails so often before it gives `well`; `calls` has what it was called with. */
function failing (times, error = new Error('ill')) {
  const action = async (...args) => {
    action.calls.push(args)
    if (action.calls.length <= times) throw error
    return 'well'
  }
  action.calls = []
  return action
}

/** What a breaker emits from now on, in order: `[name, ...what]`. */
function heard (breaker, ...names) {
  const events = []
  for (const name of names) breaker.on(name, (...args) => events.push([name, ...args]))
  return events
}

function installClock (t) {
  const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
  t.after(() => clock.uninstall())
  return clock
}

describe('a call that fails', () => {
  test('is tried again until it succeeds, with the same arguments and `this`', async t => {
    const receivers = []
    const action = failing(2)
    const breaker = retrying(t, function (...args) {
      receivers.push(this)
      return action(...args)
    }, { ...SOON, attempts: 3 })
    const me = {}
    assert.equal(await breaker.call(me, 1, 'two', [3]), 'well')
    assert.deepEqual(action.calls, [[1, 'two', [3]], [1, 'two', [3]], [1, 'two', [3]]])
    assert.ok(receivers.every(receiver => receiver === me))
    action.calls.length = 0
    assert.equal(await breaker.fire('a'), 'well')
    assert.deepEqual(action.calls, [['a'], ['a'], ['a']])
    assert.ok(receivers.slice(3).every(receiver => receiver === breaker.action))
  })

  test('ends as its last try did', async t => {
    const errors = []
    const breaker = retrying(t, async () => { throw errors[errors.push(new Error(`no. ${errors.length}`)) - 1] }, { ...SOON, attempts: 2 })
    await assert.rejects(breaker.fire(), error => error === errors[2])
    assert.equal(errors.length, 3)
  })

  test('falls back once, after the last try', async t => {
    const action = failing(3)
    const breaker = retrying(t, action, { ...SOON, attempts: 2 })
    const fallback = t.mock.fn((...args) => args)
    breaker.fallback(fallback)
    assert.deepEqual((await breaker.fire('x')).slice(0, 1), ['x'])
    assert.equal(fallback.mock.callCount(), 1)
    assert.equal(breaker.stats.fallbacks, 1)
    assert.equal(action.calls.length, 3)
  })

  test('counts each try, and is fired once', async t => {
    const breaker = retrying(t, failing(2), { ...SOON, attempts: 2 })
    const events = heard(breaker, 'fire', 'failure', 'retry', 'success')
    await breaker.fire()
    assert.deepEqual(events.map(([name]) => name), ['fire', 'failure', 'retry', 'failure', 'retry', 'success'])
    const { failures, fires, successes } = breaker.stats
    assert.deepEqual({ failures, fires, successes }, { failures: 2, fires: 3, successes: 1 })
  })

  test('is told by `retry`, before the wait: with the error, which attempt, and the wait', async t => {
    const clock = installClock(t)
    const error = new Error('ill')
    const breaker = retrying(t, failing(2, error), { attempts: 2, delay: { initial: 1000, max: 2000 } })
    const events = heard(breaker, 'retry')
    const promise = breaker.fire()
    await clock.tickAsync(0)
    assert.equal(events.length, 1)
    await clock.tickAsync(3000)
    assert.equal(await promise, 'well')
    const waits = events.map(([, , , wait]) => wait)
    assert.deepEqual(events, [['retry', error, 1, waits[0]], ['retry', error, 2, waits[1]]])
    assert.ok(waits.every(Number.isInteger) && waits[0] < 1000 && waits[1] < 2000, `${waits}`)
  })

  test('may throw, be late or reject: each is tried again', async t => {
    const ways = [() => { throw new Error('thrown') }, () => new Promise(() => {}), async () => { throw new Error('rejected') }, () => 'well']
    let tries = 0
    const breaker = retrying(t, () => ways[tries++](), { ...SOON, attempts: 3 }, { timeout: 20 })
    const events = heard(breaker, 'retry')
    assert.equal(await breaker.fire(), 'well')
    assert.deepEqual(events.map(([, { code, message }]) => code ?? message), ['thrown', 'ETIMEDOUT', 'rejected'])
  })

  test('has the whole timeout for each try', async t => {
    const clock = installClock(t)
    const breaker = retrying(t, () => new Promise(() => {}), { ...SOON, attempts: 2 }, { timeout: 100 })
    let outcome
    breaker.fire().catch(error => { outcome = error.code })
    await clock.tickAsync(299)
    assert.equal(outcome, undefined)
    await clock.tickAsync(20)
    assert.equal(outcome, 'ETIMEDOUT')
    assert.equal(breaker.stats.timeouts, 3)
  })

  test('is tried again at a real backend that is down for a while', async t => {
    const backend = await startBackend(t, (request, response) => backend.requests < 3 ? down(request, response) : ok(request, response))
    const breaker = retrying(t, backend.get, { ...SOON, attempts: 2 })
    assert.equal(await breaker.fire(), 200)
    assert.equal(backend.requests, 3)
  })
})

describe('a result that `classify` takes for a failure', () => {
  const classify = ({ result }) => result?.status >= 500 ? 'failure' : undefined

  test('is tried again: `when` and listeners get the error that carries it', async t => {
    const statuses = [503, 500, 200]
    const asked = []
    const when = error => asked.push([error.code, error.result.status])
    const breaker = retrying(t, async () => ({ status: statuses.shift() }), { ...SOON, when }, { classify })
    assert.deepEqual(await breaker.fire(), { status: 200 })
    assert.deepEqual(asked, [['ERESULT', 503], ['ERESULT', 500]])
  })

  test('is given to the caller after the last try, and when there is none: without a fallback', async t => {
    let tries = 0
    const breaker = retrying(t, async () => ({ status: 503, tries: ++tries }), { ...SOON, attempts: 2 }, { classify })
    breaker.fallback(() => assert.fail('a fallback'))
    assert.deepEqual(await breaker.fire(), { status: 503, tries: 3 })
    breaker.on('retry', () => breaker.open())
    assert.deepEqual(await breaker.fire(), { status: 503, tries: 4 })
  })

  test('is not if it is to be ignored', async t => {
    const action = t.mock.fn(async () => { throw new Error('ill') })
    await assert.rejects(retrying(t, action, SOON, { classify: () => 'ignore' }).fire(), { message: 'ill' })
    assert.equal(action.mock.callCount(), 1)
  })
})

describe('is not tried again', () => {
  const TRIES = { ...SOON, attempts: 2 }

  /** How often the action was called, until the call had rejected with an error that `expected` describes. */
  async function triesOf (t, error, retry, options, expected) {
    const action = failing(Infinity, error)
    const breaker = retrying(t, action, { ...TRIES, ...retry }, options)
    await assert.rejects(breaker.fire(), expected ?? (thrown => thrown === error))
    return action.calls.length
  }

  test('without the option, or with `false`', async t => {
    for (const retry of [undefined, null, false]) {
      const action = failing(1)
      await assert.rejects(retrying(t, action, retry).fire())
      assert.equal(action.calls.length, 1)
    }
  })

  test('more often than `attempts` says; two times, if that is left out', async t => {
    for (const [attempts, tries] of [[0, 1], [1, 2], [5, 6], [undefined, 3]]) {
      assert.equal(await triesOf(t, new Error('ill'), { attempts }), tries)
    }
  })

  test('what `when` does not want: it is asked with the error and the number of the attempt', async t => {
    const error = new Error('ill')
    const asked = []
    const when = (...args) => asked.push(args) < 2
    assert.equal(await triesOf(t, error, { attempts: 5, when }), 2)
    assert.deepEqual(asked, [[error, 1], [error, 2]])
  })

  test('when `when` throws, or gives a promise, which is told', async t => {
    const broken = new Error('broken')
    const [thrown] = await uncaughtDuring(async () => {
      assert.equal(await triesOf(t, new Error('ill'), { when () { throw broken } }), 1)
    })
    assert.equal(thrown, broken)
    const [promised] = await uncaughtDuring(async () => {
      assert.equal(await triesOf(t, new Error('ill'), { when: async () => true }), 1)
    })
    assert.equal(promised.name, 'TypeError')
    assert.match(promised.message, /^options\.retry\.when gives a promise/)
  })

  test('an error that is filtered', async t => {
    assert.equal(await triesOf(t, new Error('mine'), {}, { errorFilter: () => true }), 1)
  })

  test('an abort', async t => {
    const aborted = AbortSignal.abort()
    assert.equal(await triesOf(t, aborted.reason), 1)
    assert.equal(await triesOf(t, Object.assign(new Error('The operation was aborted'), { code: 'ABORT_ERR', name: 'AbortError' })), 1)
    // As libraries that have errors of their own name it.
    for (const code of ['ABORT_ERR', 'ERR_CANCELED']) assert.equal(await triesOf(t, Object.assign(new Error('canceled'), { code })), 1)
  })

  test('when whoever draws the wait has shut the breaker down', async t => {
    const made = []
    const random = () => {
      made[0]?.shutdown()
      return 0.9
    }
    const breaker = retrying(t, failing(Infinity), { attempts: 3, delay: { initial: 600_000, max: 600_000 }, timeout: false }, { random })
    made.push(breaker)
    await assert.rejects(breaker.fire(), { message: 'ill' })
    assert.equal(breaker.stats.fires, 1)
  })

  test('a refusal of the breaker for want of a place', async t => {
    const action = failing(Infinity)
    const breaker = retrying(t, action, TRIES, { capacity: 0 })
    await assert.rejects(breaker.fire(), { code: 'ESEMLOCKED' })
    assert.equal(breaker.stats.fires, 1)
  })

  test('a refusal of a breaker inside', async t => {
    const inside = new CircuitBreaker(() => {}, { name: 'inside' })
    t.after(() => inside.shutdown())
    inside.open()
    const breaker = retrying(t, t.mock.fn(() => inside.fire()), TRIES)
    await assert.rejects(breaker.fire(), { breaker: 'inside', code: 'EOPENBREAKER' })
    assert.equal(breaker.action.mock.callCount(), 1)
  })

  test('once the circuit is open: the caller hears what failed, and no refusal is counted', async t => {
    assert.equal(await triesOf(t, new Error('ill'), {}, { errorThresholdPercentage: 0 }), 1)
    const error = new Error('ill')
    const breaker = retrying(t, failing(Infinity, error), TRIES, { errorThresholdPercentage: 60, volumeThreshold: 2 })
    const events = heard(breaker, 'retry', 'open', 'reject')
    await assert.rejects(breaker.fire(), thrown => thrown === error)
    assert.deepEqual(events.map(([name]) => name), ['retry', 'open'])
    assert.equal(breaker.stats.rejects, 0)
  })

  test('if the circuit opens during the wait', async t => {
    const error = new Error('ill')
    const action = failing(Infinity, error)
    const breaker = retrying(t, action, TRIES)
    breaker.on('retry', () => breaker.open())
    await assert.rejects(breaker.fire(), thrown => thrown === error)
    const { fires, rejects } = breaker.stats
    assert.deepEqual({ fires, rejects }, { fires: 1, rejects: 0 })
  })

  test('if the breaker is disabled during the wait', async t => {
    const action = failing(Infinity)
    const breaker = retrying(t, action, TRIES)
    breaker.on('retry', () => breaker.disable())
    await assert.rejects(breaker.fire(), { message: 'ill' })
    assert.equal(action.calls.length, 1)
  })

  test('while the breaker is disabled', async t => {
    const action = failing(1)
    await assert.rejects(retrying(t, action, TRIES, { enabled: false }).fire())
    assert.equal(action.calls.length, 1)
  })

  test('the probe of a half-open circuit: it has opened again', async t => {
    const clock = installClock(t)
    const action = failing(Infinity)
    const breaker = retrying(t, action, TRIES, { resetTimeout: 100 })
    breaker.open()
    clock.tick(100)
    assert.ok(breaker.halfOpen)
    await assert.rejects(breaker.fire(), { message: 'ill' })
    assert.ok(breaker.opened)
    assert.equal(action.calls.length, 1)
  })
})

describe('a wait', () => {
  test('is any time up to delay.initial, which grows by factor up to max', async t => {
    const clock = installClock(t)
    const seen = [[], [], [], []]
    for (let run = 0; run < 200; run++) {
      const breaker = retrying(t, failing(Infinity), { attempts: 4, delay: { initial: 100, max: 500, factor: 3 } })
      breaker.on('retry', (...[, attempt, wait]) => seen[attempt - 1].push(wait))
      const promise = breaker.fire().catch(() => {})
      await clock.tickAsync(2000)
      await promise
      breaker.shutdown()
    }
    for (const [index, longest] of [100, 300, 500, 500].entries()) {
      const [least, most] = [Math.min(...seen[index]), Math.max(...seen[index])]
      assert.equal(seen[index].length, 200)
      assert.ok(least >= 0 && most < longest, `${least} to ${most}`)
      assert.ok(least < longest * 0.1 && most > longest * 0.9, `${least} to ${most}`)
    }
  })

  test('is not begun if it would end after `timeout`, counted from the first try', async t => {
    const clock = installClock(t)
    const action = t.mock.fn(() => new Promise((resolve, reject) => setTimeout(reject, 400, new Error('slow'))))
    const breaker = retrying(t, action, { ...SOON, attempts: 9, timeout: 1000 })
    let ended
    breaker.fire().catch(() => { ended = Date.now() })
    await clock.tickAsync(5000)
    assert.equal(action.mock.callCount(), 3, 'at 0, 400 and 800, and a little')
    assert.ok(ended < 1250, `${ended}`)
  })

  test('whose timer goes off as it is set has ended', { timeout: 20_000 }, async t => {
    const set = setTimeout
    t.mock.method(globalThis, 'setTimeout', (onTimer, ...others) => {
      onTimer()
      return set(onTimer, ...others)
    })
    assert.equal(await retrying(t, failing(2), { ...SOON, attempts: 2 }).fire(), 'well')
  })

  test('is not shorter than `retryAfter` of the error, in milliseconds', async t => {
    const clock = installClock(t)
    const action = failing(1, Object.assign(new Error('busy'), { retryAfter: 1500 }))
    const breaker = retrying(t, action, { delay: { initial: 10, max: 2000 } })
    const events = heard(breaker, 'retry')
    const promise = breaker.fire()
    await clock.tickAsync(1499)
    assert.equal(action.calls.length, 1)
    await clock.tickAsync(1)
    assert.equal(await promise, 'well')
    assert.equal(events[0][3], 1500)
  })

  test('is not begun if `retryAfter` passes the timeout, or the longest delay', async t => {
    for (const [retryAfter, retry] of [[501, { timeout: 500 }], [2001, {}], [Infinity, {}]]) {
      const action = failing(1, Object.assign(new Error('busy'), { retryAfter }))
      await assert.rejects(retrying(t, action, retry).fire(), { message: 'busy' })
      assert.equal(action.calls.length, 1)
    }
  })

  test('`retryAfter` that is no number of milliseconds is none', async t => {
    for (const retryAfter of [NaN, -1, '5000', null, new Date()]) {
      const action = failing(1, Object.assign(new Error('busy'), { retryAfter }))
      assert.equal(await retrying(t, action, SOON).fire(), 'well')
    }
  })

  test('ends at once with a shutdown, by the fallback or the last error', async t => {
    const breaker = retrying(t, failing(Infinity), { attempts: 2, delay: { initial: 60_000, max: 60_000 }, when: () => true })
    const started = Date.now()
    const first = breaker.fire()
    await once(breaker, 'retry')
    breaker.shutdown()
    await assert.rejects(first, { message: 'ill' })
    const other = retrying(t, failing(Infinity), { attempts: 2, delay: { initial: 60_000, max: 60_000 } })
    other.fallback(() => 'instead')
    const second = other.fire()
    await once(other, 'retry')
    other.shutdown()
    assert.equal(await second, 'instead')
    assert.ok(Date.now() - started < 30_000)
  })

  test('ends with a shutdown by a listener to `retry`, too', async t => {
    const breaker = retrying(t, failing(Infinity), { attempts: 2, delay: { initial: 60_000, max: 60_000 } })
    breaker.on('retry', () => breaker.shutdown())
    await assert.rejects(breaker.fire(), { message: 'ill' })
  })

  test('keeps the process, as an action that waits would, and leaves nothing when it has ended', async () => {
    const { code, stdout } = await child(({ require, path }) => {
      const CircuitBreaker = require(path)
      let tries = 0
      const action = async () => {
        if (tries++ === 0) throw Object.assign(new Error('busy'), { retryAfter: 100 })
        return 'well'
      }
      new CircuitBreaker(action, { errorThresholdPercentage: 100, timeout: false, retry: {} }).fire().then(console.log)
    })
    assert.equal(code, 0)
    assert.equal(stdout.trim(), 'well')
  })

  test('that a shutdown has ended keeps the process no longer', async () => {
    const { code, stdout } = await child(async ({ require, path }) => {
      const CircuitBreaker = require(path)
      const retry = { delay: { initial: 2 ** 31 - 1 } }
      const breaker = new CircuitBreaker(async () => { throw new Error('ill') }, { errorThresholdPercentage: 100, retry })
      breaker.on('retry', () => setImmediate(() => breaker.shutdown()))
      await breaker.fire().catch(error => console.log(error.message))
    })
    assert.equal(code, 0)
    assert.equal(stdout.trim(), 'ill')
  })

  test('is waited for by a timer of Node where the one in place cannot be set', async t => {
    const breaker = retrying(t, failing(1), SOON)
    t.mock.method(globalThis, 'setTimeout', () => { throw new Error('broken') })
    assert.equal(await breaker.fire(), 'well')
  })
})

describe('the budget', () => {
  const NO_WAIT = { initial: 0, max: 0 }

  /** How many of so many calls that all fail are tried again. */
  async function retriesOf (breaker, calls) {
    let retries = 0
    const count = () => retries++
    breaker.on('retry', count)
    await Promise.allSettled(Array.from({ length: calls }, () => breaker.fire()))
    breaker.off('retry', count)
    return retries
  }

  test('lets one call in ten that succeed be tried again, and one a second, of ten seconds at the most', async t => {
    const clock = installClock(t)
    let healthy = false
    const breaker = retrying(t, async () => { if (!healthy) throw new Error('ill') }, { attempts: 1, delay: NO_WAIT })
    const retries = async calls => {
      const promise = retriesOf(breaker, calls)
      await clock.tickAsync(10)
      return await promise
    }
    assert.equal(await retries(50), 10, 'it has been idle')
    assert.equal(await retries(50), 0)
    clock.tick(3000)
    assert.equal(await retries(50), 3)
    healthy = true
    await Promise.all(Array.from({ length: 200 }, () => breaker.fire()))
    healthy = false
    assert.equal(await retries(50), 20)
    await clock.tickAsync(60_000)
    assert.equal(await retries(50), 10)
  })

  test('is what is left when it is empty: the calls fail as if they were not to be tried again', async t => {
    const breaker = retrying(t, failing(Infinity), { attempts: 5, delay: NO_WAIT, budget: { ratio: 0, minPerSecond: 0.3 } })
    assert.equal(await retriesOf(breaker, 1), 3)
    await assert.rejects(breaker.fire(), { message: 'ill' })
    assert.equal(breaker.stats.fires, 5)
  })

  test('may be one for several breakers', async t => {
    const budget = CircuitBreaker.retryBudget({ ratio: 1, minPerSecond: 0 })
    const healthy = retrying(t, async () => 'well', { budget })
    const ill = retrying(t, failing(Infinity), { attempts: 1, delay: NO_WAIT, budget })
    assert.equal(await retriesOf(ill, 3), 0)
    await healthy.fire()
    await healthy.fire()
    assert.equal(await retriesOf(ill, 3), 2)
    assert.deepEqual([budget.ratio, budget.minPerSecond], [1, 0])
  })

  test('is told nothing of errors that are filtered but that they are successes', async t => {
    let filtered = true
    const breaker = retrying(t, failing(Infinity), { attempts: 1, delay: NO_WAIT, budget: { ratio: 1, minPerSecond: 0 } }, { errorFilter: () => filtered })
    await assert.rejects(breaker.fire())
    filtered = false
    assert.equal(await retriesOf(breaker, 2), 1)
  })
})

describe('what stands around', () => {
  test('the cache keeps what the last try gave, one entry for all tries', async t => {
    const action = failing(1)
    const breaker = retrying(t, action, SOON, { cache: true })
    assert.equal(await breaker.fire('a'), 'well')
    assert.equal(await breaker.fire('a'), 'well')
    assert.equal(action.calls.length, 2)
    const { cacheHits, cacheMisses } = breaker.stats
    assert.deepEqual({ cacheHits, cacheMisses }, { cacheHits: 1, cacheMisses: 1 })
  })

  test('calls join one that waits to be tried again, and are not counted as ended by its first try', async t => {
    const action = failing(1)
    const breaker = retrying(t, action, { attempts: 1, delay: { initial: 50, max: 50 } }, { coalesce: true, coalesceResetOn: ['error', 'success'] })
    const first = breaker.fire('a')
    await once(breaker, 'retry')
    const second = breaker.fire('a')
    assert.equal(second, first)
    assert.equal(await second, 'well')
    assert.equal(action.calls.length, 2)
    assert.notEqual(breaker.fire('a'), first, 'the last one has ended it')
  })

  test('the last failure ends the joining, by a try or without', async t => {
    for (const attempts of [1, 2]) {
      const breaker = retrying(t, failing(Infinity), { ...SOON, attempts }, { coalesce: true, coalesceResetOn: ['error'] })
      if (attempts === 2) breaker.on('retry', () => breaker.open())
      const first = breaker.fire('a')
      await assert.rejects(first)
      breaker.close()
      const second = breaker.fire('a')
      assert.notEqual(second, first)
      await assert.rejects(second)
    }
  })

  test('a try that finds no place ends the call, and the joining', async t => {
    const breaker = retrying(t, failing(Infinity), SOON, { capacity: 1, coalesce: true, coalesceResetOn: ['error'] })
    breaker.on('retry', () => breaker.semaphore.test())
    const first = breaker.fire('a')
    await assert.rejects(first, { code: 'ESEMLOCKED' })
    const second = breaker.fire('a')
    assert.notEqual(second, first)
    await assert.rejects(second, { code: 'ESEMLOCKED' })
  })

  test('the signal of a call is that of its try', async t => {
    const signals = []
    const breaker = retrying(t, () => {
      signals.push(breaker.getSignal())
      return signals.length === 1 ? new Promise(() => {}) : 'well'
    }, SOON, { timeout: 20 })
    assert.equal(await breaker.fire(), 'well')
    assert.deepEqual(signals.map(({ aborted }) => aborted), [true, false])
    assert.equal(signals[0].reason.code, 'ETIMEDOUT')
  })

  test('the async context of the caller is that of `when`, of listeners and of each try', async t => {
    const storage = new AsyncLocalStorage()
    for (const [clocked, timeout] of [[false, false], [false, 20], [true, false], [true, 20]]) {
      const clock = clocked ? installClock(t) : undefined
      const seen = []
      const see = name => seen.push([name, storage.getStore()])
      const breaker = new CircuitBreaker(() => {
        see('action')
        return timeout ? new Promise(() => {}) : Promise.reject(new Error('ill'))
      }, { ...CALM, timeout, retry: { ...SOON, attempts: 1, when: () => see('when') } })
      const promise = storage.run('mine', () => breaker.fire().catch(() => see('caller')))
      if (clocked) await clock.tickAsync(200)
      await promise
      assert.deepEqual(seen, ['action', 'when', 'action', 'caller'].map(name => [name, 'mine']), `${clocked} ${timeout}`)
      breaker.shutdown()
      clock?.uninstall()
    }
  })

  test('update() takes other options, and has calls tried again no more', async t => {
    const action = failing(Infinity)
    const breaker = retrying(t, action, undefined)
    const triesNow = async () => {
      action.calls.length = 0
      await assert.rejects(breaker.fire())
      return action.calls.length
    }
    assert.equal(await triesNow(), 1)
    breaker.update({ retry: { ...SOON, attempts: 2 } })
    assert.equal(await triesNow(), 3)
    assert.throws(() => breaker.update({ retry: { attempts: -1 } }), { name: 'TypeError' })
    breaker.update({ timeout: 1000 })
    assert.equal(await triesNow(), 3)
    breaker.update({ retry: false })
    assert.equal(await triesNow(), 1)
  })

  test('update() has calls tried again that begin from then on, for of others their terms were not kept', async t => {
    const begins = []
    const work = []
    const breaker = retrying(t, function () {
      begins.push(this)
      return new Promise((resolve, reject) => work.push(reject))
    }, undefined, { capacity: 4 })
    const me = {}
    breaker.semaphore.test()
    const calls = [breaker.fire(), breaker.call(me), breaker.fireWith({ context: me, timeout: 60_000 })]
    breaker.update({ retry: { ...SOON, attempts: 1 } })
    breaker.semaphore.release()
    work.splice(0).forEach(reject => reject(new Error('ill')))
    for (const call of calls) await assert.rejects(call, { message: 'ill' })
    assert.equal(begins.length, 3)
    const later = [breaker.fire(), breaker.call(me), breaker.fireWith({ context: me })]
    for (let tries = 0; tries < 2; tries++) {
      await until(() => work.length === 3)
      work.splice(0).forEach(reject => reject(new Error('ill')))
    }
    for (const call of later) await assert.rejects(call, { message: 'ill' })
    assert.deepEqual(begins.slice(3).map(receiver => receiver === me).sort(), [false, false, true, true, true, true])
  })

  test('a wait under timers that are gone goes on by those in place, from when the breaker is fired next', async t => {
    const clock = installClock(t)
    const action = failing(1)
    const breaker = retrying(t, action, { attempts: 1, delay: { initial: 50, max: 50 } })
    const retried = once(breaker, 'retry')
    const call = breaker.fire()
    await retried
    clock.uninstall()
    assert.equal(await breaker.fire(), 'well')
    assert.equal(await call, 'well')
    assert.equal(action.calls.length, 3)
  })

  test('update() keeps what is in the budget, unless that is another', async t => {
    const retry = { attempts: 1, delay: { initial: 0, max: 0 }, budget: { ratio: 0, minPerSecond: 0.1 } }
    const breaker = retrying(t, failing(Infinity), retry)
    const retries = async () => {
      const { fires } = breaker.stats
      await assert.rejects(breaker.fire())
      return breaker.stats.fires - fires - 1
    }
    assert.equal(await retries(), 1)
    breaker.update({ retry: { ...retry, attempts: 2 } })
    assert.equal(await retries(), 0)
    breaker.update({ retry: { ...retry, budget: { ratio: 0, minPerSecond: 0.2 } } })
    assert.equal(await retries(), 1)
  })

  test('a breaker that waits is not collected, and one that has ended is', async t => {
    let breaker = new CircuitBreaker(failing(1), { ...CALM, retry: SOON })
    const promise = breaker.fire()
    const ref = new WeakRef(breaker)
    breaker = undefined
    assert.equal(await promise, 'well')
    await collected(ref)
  })

  test('every place of the capacity is given back, whatever becomes of the tries', async t => {
    const breaker = retrying(t, async how => {
      if (how === 'throw') throw new Error('ill')
      if (how === 'hang') await new Promise(() => {})
      return how
    }, { ...SOON, attempts: 2 }, { capacity: 50, timeout: 10 })
    await Promise.allSettled(Array.from({ length: 45 }, (_, index) => breaker.fire(['throw', 'hang', 'well'][index % 3])))
    assert.equal(breaker.semaphore.count, 50)
  })
})

describe('nonsense', () => {
  const SENSELESS = {
    '': [true, 1, 'twice', [], () => {}],
    attempts: [-1, 1.5, NaN, 'two', {}],
    when: [true, 1, 'always', {}],
    timeout: [-1, NaN, 'soon', {}],
    delay: [1, 'long', [], true],
    'delay.initial': [-1, NaN, 'short', {}, Infinity],
    'delay.max': [-1, 99, NaN, 'long'],
    'delay.factor': [0, 0.9, NaN, Infinity, 'twice'],
    budget: [1, 'much', [], true],
    'budget.ratio': [-0.1, NaN, 'most', Infinity],
    'budget.minPerSecond': [-1, NaN, 'few', Infinity]
  }

  test('is refused by name', () => {
    for (const [name, values] of Object.entries(SENSELESS)) {
      for (const value of values) {
        const [field, inner] = name.split('.')
        const retry = name === '' ? value : { delay: { initial: 100 }, [field]: inner ? { initial: 100, [inner]: value } : value }
        if (inner && field === 'budget') delete retry.budget.initial
        assert.throws(() => new CircuitBreaker(() => {}, { retry }), error => {
          assert.equal(error.name, 'TypeError')
          assert.ok(error.message.startsWith(`options.retry${name && `.${name}`} must be `), error.message)
          return true
        }, `${name}: ${String(value)}`)
      }
    }
  })

  test('so is what there is not', () => {
    for (const [retry, message] of [
      [{ retries: 2 }, 'options.retry has no retries: it may have attempts, delay, when, budget and timeout'],
      [{ delay: { min: 2 } }, 'options.retry.delay has no min: it may have initial, max and factor'],
      [{ budget: { percent: 2 } }, 'options.retry.budget has no percent: it may have ratio and minPerSecond']
    ]) {
      assert.throws(() => new CircuitBreaker(() => {}, { retry }), { message, name: 'TypeError' })
    }
    assert.throws(() => CircuitBreaker.retryBudget({ ratio: -1 }), { name: 'TypeError' })
    assert.throws(() => CircuitBreaker.retryBudget(0.1), { name: 'TypeError' })
  })

  test('a budget of another load of the module is refused', () => {
    const other = { __proto__: { [Symbol.for('didelphis.retryBudget')]: true } }
    assert.throws(() => new CircuitBreaker(() => {}, { retry: { budget: other } }), { name: 'TypeError' })
  })
})
