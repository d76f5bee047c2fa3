'use strict'

// `fireWith`: a call with a signal of its caller's, a timeout or a `this` of its own.

// Before the module, whose crossings it counts.
const { crossingsUntil } = require('../breaker/support/crossings')

const assert = require('node:assert/strict')
const { getEventListeners, once } = require('node:events')
const { afterEach, describe, test } = require('node:test')
const FakeTimers = require('@sinonjs/fake-timers')

const CircuitBreaker = require('../..')
const { collected, defer, sleep, turn, uncaughtDuring } = require('../support/wait')

const FAKED = ['setTimeout', 'clearTimeout', 'Date']

const hang = () => new Promise(() => {})
const ignore = () => {}
const codeOf = promise => promise.then(() => 'resolved', ({ code, message }) => code ?? message)

const make = (act, options) => new CircuitBreaker(act, { timeout: false, volumeThreshold: 99, ...options })

/** What a breaker has counted that is not zero. */
const countsOf = ({ stats }) => Object.fromEntries(Object.entries(stats)
  .filter(([name, count]) => count > 0 && /^(fires|successes|failures|rejects|timeouts|fallbacks|semaphoreRejections)$/.test(name)))

/** Every event of a breaker that tells how calls end, in their order. */
function eventsOf (breaker) {
  const events = []
  for (const event of ['fire', 'success', 'failure', 'timeout', 'reject', 'fallback', 'open', 'close']) {
    breaker.on(event, () => events.push(event))
  }
  return events
}

describe('with nothing it is fire', () => {
  test('arguments, result, failure, fallback, counts and events', async () => {
    const breaker = make(function (...args) { return [this === breaker.action, ...args] })
    const events = eventsOf(breaker)
    assert.deepEqual(await breaker.fireWith({}, 1, 2, 3), [true, 1, 2, 3])
    breaker.action = async error => { throw error }
    assert.equal(await codeOf(breaker.fireWith({}, new Error('ill'))), 'ill')
    breaker.fallback((first, error) => [first.message, error.message])
    assert.deepEqual(await breaker.fireWith({ timeout: 500 }, new Error('ill')), ['ill', 'ill'])
    breaker.open()
    assert.deepEqual(await breaker.fireWith({ signal: new AbortController().signal }, new Error('ill')), ['ill', 'Breaker is open'])
    assert.deepEqual(countsOf(breaker), { fires: 4, successes: 1, failures: 2, rejects: 1, fallbacks: 2 })
    assert.deepEqual(events, ['fire', 'success', 'fire', 'failure', 'fire', 'failure', 'fallback', 'open', 'fire', 'reject', 'fallback'])
  })

  test('the refusals of fire', async () => {
    const breaker = make(hang, { capacity: 1 })
    breaker.fire()
    assert.equal(await codeOf(breaker.fireWith({})), 'ESEMLOCKED')
    breaker.shutdown()
    assert.equal(await codeOf(breaker.fireWith({ timeout: 5 })), 'ESHUTDOWN')
  })

  test('two crossings', async () => {
    const breaker = make(async () => {})
    const { signal } = new AbortController()
    assert.deepEqual(await crossingsUntil(() => breaker.fireWith({ signal, timeout: 500 })), ['admitWithin', 'settle'])
    assert.deepEqual(await crossingsUntil(() => breaker.fireWith({ signal })), ['admitAgain', 'settle'])
  })
})

test('context is what the action has as its this', async () => {
  const breaker = make(function (argument) { return [this, argument] })
  const context = {}
  assert.deepEqual(await breaker.fireWith({ context }, 1), [context, 1])
  assert.equal((await breaker.fireWith({ context: undefined }))[0], breaker.action)
  assert.equal((await breaker.fireWith({ context: null, timeout: 100 }))[0], null)
})

describe('the signal of the caller', () => {
  test('aborted before: rejects with its reason, and nothing is begun or counted', async () => {
    const reason = new Error('changed my mind')
    const breaker = make(() => assert.fail('begun'), { capacity: 1 }).fallback(() => 'instead')
    const events = eventsOf(breaker)
    await assert.rejects(breaker.fireWith({ signal: AbortSignal.abort(reason) }), error => error === reason)
    assert.deepEqual([countsOf(breaker), events, breaker.semaphore.count], [{}, [], 1])
  })

  test('aborted during: rejects with its reason at once, gives the permit back, and leaves no trace but the fire', async () => {
    for (const timeout of [false, 60_000]) {
      const work = defer()
      const breaker = make(() => work.promise, { capacity: 1, timeout }).fallback(() => 'instead')
      const events = eventsOf(breaker)
      const controller = new AbortController()
      const call = breaker.fireWith({ signal: controller.signal })
      await turn()
      const reason = { any: 'thing' }
      controller.abort(reason)
      await assert.rejects(call, error => error === reason)
      assert.deepEqual([countsOf(breaker), events, breaker.semaphore.count], [{ fires: 1 }, ['fire'], 1])
      const next = breaker.fire()
      work.reject(new Error('too late'))
      assert.equal(await next, 'instead')
      assert.deepEqual(countsOf(breaker), { fires: 2, failures: 1, fallbacks: 1 })
    }
  })

  test('aborted after: changes nothing', async () => {
    const controller = new AbortController()
    const breaker = make(async () => 'well')
    assert.equal(await breaker.fireWith({ signal: controller.signal }), 'well')
    controller.abort()
    assert.deepEqual(countsOf(breaker), { fires: 1, successes: 1 })
  })

  test('its abort, its call\'s timeout and shutdown() abort the signal of the action, and no other\'s', async () => {
    const signals = []
    const breaker = make(() => {
      signals.push(breaker.getSignal())
      return hang()
    })
    const [first, second] = [new AbortController(), new AbortController()]
    const calls = [first, second].map(({ signal }) => breaker.fireWith({ signal }).catch(error => error))
    const hasty = codeOf(breaker.fireWith({ timeout: 10, signal: second.signal }))
    const reason = new Error('changed my mind')
    first.abort(reason)
    assert.equal(await calls[0], reason)
    assert.equal(signals[0].reason, reason)
    assert.equal(await hasty, 'ETIMEDOUT')
    assert.deepEqual(signals.map(({ aborted }) => aborted), [true, false, true])
    breaker.shutdown()
    assert.equal(signals[1].reason.code, 'ESHUTDOWN')
    assert.equal(second.signal.aborted, false)
    second.abort()
    assert.equal((await calls[1]).name, 'AbortError')
  })

  test('aborted by the action itself, before or after it asks for its own', async () => {
    for (const [name, act] of Object.entries({
      before: (breaker, abort) => [abort(), breaker.getSignal()].pop(),
      after: (breaker, abort) => [breaker.getSignal(), abort()].shift()
    })) {
      const controller = new AbortController()
      let signal, seen
      const breaker = make(() => {
        signal = act(breaker, () => controller.abort(new Error(name)))
        seen = signal.aborted
        return hang()
      }, { capacity: 1 })
      assert.equal(await codeOf(breaker.fireWith({ signal: controller.signal })), name)
      assert.equal(signal.reason.message, name)
      assert.deepEqual([seen, breaker.semaphore.count], [true, 1])
    }
  })

  test('aborted by a listener to fire: the call has been counted, and does not begin', async () => {
    const controller = new AbortController()
    const breaker = make(() => assert.fail('begun'), { capacity: 1 })
    breaker.on('fire', () => controller.abort(new Error('changed my mind')))
    assert.equal(await codeOf(breaker.fireWith({ signal: controller.signal })), 'changed my mind')
    assert.deepEqual([countsOf(breaker), breaker.semaphore.count], [{ fires: 1 }, 1])
  })

  test('aborted by a listener to halfOpen, which is announced before the call begins', async () => {
    const controller = new AbortController()
    const breaker = make(() => assert.fail('begun'), { capacity: 1, resetTimeout: 1 })
    breaker.open()
    // Its time is up before the loop comes to announce it.
    for (const end = performance.now() + 5; performance.now() < end;);
    breaker.once('halfOpen', () => controller.abort(new Error('changed my mind')))
    assert.equal(await codeOf(breaker.fireWith({ signal: controller.signal })), 'changed my mind')
    assert.deepEqual([breaker.pendingClose, breaker.semaphore.count], [true, 1])
  })

  test('a probe that is given up is given back: the next call tries', async () => {
    const controller = new AbortController()
    const breaker = make(given => given, { state: { closed: false, halfOpen: true } })
    const probe = codeOf(breaker.fireWith({ signal: controller.signal }, hang()))
    assert.equal(await codeOf(breaker.fire()), 'EOPENBREAKER')
    controller.abort(new Error('changed my mind'))
    assert.equal(await probe, 'changed my mind')
    assert.deepEqual([breaker.halfOpen, breaker.pendingClose], [true, true])
    await breaker.fire('well')
    assert.equal(breaker.closed, true)
  })

  test('of a call that a disabled breaker lets pass: rejects with its reason, too', async () => {
    const controller = new AbortController()
    const breaker = make(hang, { enabled: false })
    const call = codeOf(breaker.fireWith({ signal: controller.signal }))
    controller.abort(new Error('changed my mind'))
    assert.equal(await call, 'changed my mind')
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  })

  test('with a cache alone, which nobody joins: gives the permit back, and a call that waits for its transport does not begin', async () => {
    let answer
    let begun = 0
    const transport = { get: () => new Promise(resolve => { answer = resolve }), set () {}, flush () {} }
    for (const cacheTransport of [undefined, transport]) {
      const controller = new AbortController()
      const signals = []
      const breaker = make(() => {
        begun++
        signals.push(breaker.getSignal())
        return hang()
      }, { cache: true, cacheTransport, capacity: 1 })
      const call = codeOf(breaker.fireWith({ signal: controller.signal }))
      controller.abort(new Error('changed my mind'))
      assert.equal(await call, 'changed my mind')
      answer?.()
      await turn()
      assert.deepEqual([begun, breaker.semaphore.count, signals.map(({ aborted }) => aborted)], [1, 1, cacheTransport ? [] : [true]])
      assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
    }
  })

  test('with coalesce: whoever gives up does so for himself', async () => {
    const controller = new AbortController()
    const work = defer()
    const breaker = make(() => work.promise, { coalesce: true })
    const [first, joined] = [codeOf(breaker.fireWith({ signal: controller.signal })), breaker.fire()]
    controller.abort(new Error('changed my mind'))
    assert.equal(await first, 'changed my mind')
    work.resolve('well')
    assert.equal(await joined, 'well')
    assert.deepEqual(countsOf(breaker), { fires: 2, successes: 1 })
  })

  test('of somebody\'s own make, whose getters throw: it surfaces, and no permit is lost', async () => {
    const thrown = name => new Error(`thrown by ${name}`)
    const given = { addEventListener (_, listener) { given.abort = listener }, removeEventListener () {}, aborted: false }
    const spoilt = {
      addEventListener: { ...given, addEventListener () { throw thrown('addEventListener') } },
      reason: Object.defineProperty({ ...given }, 'reason', { get () { throw thrown('reason') } })
    }
    const breaker = make(async () => 'well', { capacity: 1 })
    const uncaught = await uncaughtDuring(async () => {
      assert.equal(await breaker.fireWith({ signal: spoilt.addEventListener }), 'well')
      breaker.acquire({ signal: spoilt.addEventListener }).success()
      breaker.action = hang
      const call = breaker.fireWith({ signal: spoilt.reason }).catch(({ name }) => name)
      given.abort()
      assert.equal(await call, 'AbortError')
    })
    assert.deepEqual(uncaught.map(({ message }) => message.split(' ').pop()), ['addEventListener', 'addEventListener', 'reason'])
    assert.deepEqual([countsOf(breaker), breaker.semaphore.count], [{ fires: 3, successes: 2 }, 1])
  })

  test('of several calls: all of them are given up, whatever listeners throw', async () => {
    const controller = new AbortController()
    const breaker = make(() => {
      breaker.getSignal().addEventListener('abort', () => { throw new Error('a listener') })
      return hang()
    }, { capacity: 20 })
    const uncaught = await uncaughtDuring(async () => {
      const calls = Array.from({ length: 20 }, () => codeOf(breaker.fireWith({ signal: controller.signal })))
      controller.abort(new Error('all of you'))
      assert.deepEqual(await Promise.all(calls), Array(20).fill('all of you'))
    })
    assert.equal(uncaught[0].message, 'a listener')
    assert.equal(breaker.semaphore.count, 20)
  })

  test('leaves no listener, however a call ends, and never more than one', async () => {
    const { signal } = new AbortController()
    const count = () => getEventListeners(signal, 'abort').length
    const breaker = make(act => act(), { capacity: 2 })
    const ways = [
      async () => 'well', () => 'a value', () => { throw new Error('ill') }, () => Promise.reject(new Error('ill')),
      () => breaker.fireWith({ signal }, () => 'inside')
    ]
    for (let round = 0; round < 20_000; round++) {
      for (const act of ways) {
        const call = breaker.fireWith({ signal }, act)
        if (round === 0) assert(count() <= 1)
        await call.catch(ignore)
      }
    }
    assert.equal(count(), 0)
    assert.equal(await codeOf(breaker.fireWith({ signal, timeout: 5 }, hang)), 'ETIMEDOUT')
    breaker.open()
    assert.equal(await codeOf(breaker.fireWith({ signal }, hang)), 'EOPENBREAKER')
    breaker.close()
    while (breaker.semaphore.test());
    assert.equal(await codeOf(breaker.fireWith({ signal }, hang)), 'ESEMLOCKED')
    breaker.disable()
    assert.equal(await breaker.fireWith({ signal }, () => breaker.getSignal()), signal)
    assert.equal(breaker.getSignal(), undefined)
    breaker.shutdown()
    assert.equal(await codeOf(breaker.fireWith({ signal }, hang)), 'ESHUTDOWN')
    assert.equal(count(), 0)
  })

  test('of a hundred calls at once: one listener, no warning', async () => {
    const { signal } = new AbortController()
    const work = defer()
    const breaker = make(() => work.promise)
    const calls = Array.from({ length: 100 }, () => breaker.fireWith({ signal }))
    assert.equal(getEventListeners(signal, 'abort').length, 1)
    work.resolve()
    await Promise.all(calls)
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })

  test('keeps no call that has ended, and no breaker', async () => {
    const controller = new AbortController()
    const ref = await (async () => {
      const breaker = make(async () => {})
      await breaker.fireWith({ signal: controller.signal })
      return new WeakRef(breaker)
    })()
    await collected(ref)
    controller.abort()
  })
})

describe('a timeout of its own', () => {
  test('shorter, longer, none', async () => {
    const breaker = make(ms => sleep(ms, ms), { timeout: 200 })
    const calls = [
      breaker.fireWith({ timeout: 10 }, 1500), breaker.fire(1), breaker.fire(1500),
      breaker.fireWith({ timeout: 5000 }, 1500), breaker.fireWith({ timeout: false }, 1500),
      breaker.fireWith({ timeout: Infinity }, 1500), breaker.fireWith({ timeout: undefined }, 1500)
    ]
    assert.deepEqual(await Promise.all(calls.map(call => call.catch(({ message }) => message))), [
      'Timed out after 10ms', 1, 'Timed out after 200ms', 1500, 1500, 1500, 'Timed out after 200ms'
    ])
  })

  test('where the breaker has none', async () => {
    const breaker = make(hang)
    await assert.rejects(breaker.fireWith({ timeout: '15' }), { code: 'ETIMEDOUT', message: 'Timed out after 15ms' })
    assert.deepEqual(countsOf(breaker), { fires: 1, failures: 1, timeouts: 1 })
  })

  test('of a thousand different ones each comes on its time', async () => {
    const clock = FakeTimers.install({ toFake: FAKED })
    try {
      const breaker = make(hang)
      const ended = []
      const timeouts = Array.from({ length: 1000 }, (_, place) => 1 + (place * 7919) % 1000)
      const calls = timeouts.map(timeout => breaker.fireWith({ timeout }).catch(() => ended.push([timeout, Date.now()])))
      await clock.tickAsync(1000)
      await Promise.all(calls)
      assert.deepEqual(ended, [...timeouts].sort((a, b) => a - b).map(timeout => [timeout, timeout]))
    } finally {
      clock.uninstall()
    }
  })
})

describe('where calls that fail are tried again', () => {
  const retry = { attempts: 3, delay: { initial: 60_000, max: 60_000 } }

  test('who gives up between two tries ends the wait', async () => {
    const controller = new AbortController()
    const breaker = make(() => Promise.reject(new Error('ill')), { retry, capacity: 1 }).fallback(() => 'instead')
    const retried = once(breaker, 'retry')
    const call = codeOf(breaker.fireWith({ signal: controller.signal }))
    await retried
    controller.abort(new Error('changed my mind'))
    assert.equal(await call, 'changed my mind')
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
    assert.deepEqual([countsOf(breaker), breaker.semaphore.count], [{ fires: 1, failures: 1 }, 1])
  })

  test('who gives up in a later try gives up that one, and each try has the timeout', async () => {
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    let tries = 0
    const signals = []
    const breaker = make(() => {
      signals.push(breaker.getSignal())
      if (++tries === 3) setImmediate(() => controller.abort(reason))
      return hang()
    }, { retry: { attempts: 3, delay: { initial: 1, max: 1 } }, capacity: 1, timeout: 60_000 })
    const call = breaker.fireWith({ signal: controller.signal, timeout: 20 })
    await assert.rejects(call, error => error === reason)
    assert.deepEqual(signals.map(({ reason }) => reason.code ?? reason.message), ['ETIMEDOUT', 'ETIMEDOUT', 'changed my mind'])
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
    assert.deepEqual([countsOf(breaker), breaker.semaphore.count], [{ fires: 3, failures: 2, timeouts: 2 }, 1])
  })

  test('a permit is tried once', () => {
    const breaker = make(hang, { retry })
    breaker.acquire().failure(new Error('ill'))
    assert.deepEqual(countsOf(breaker), { fires: 1, failures: 1 })
  })
})

describe('where answers are kept or shared', () => {
  test('each caller gives up for himself, and the call goes on', async () => {
    for (const options of [{ coalesce: true }, { coalesce: true, cache: true }]) {
      const work = defer()
      let begun = 0
      const breaker = make(() => {
        begun++
        return work.promise
      }, options)
      const controllers = [new AbortController(), new AbortController(), new AbortController()]
      const calls = controllers.map(({ signal }) => codeOf(breaker.fireWith({ signal }, 'key')))
      controllers[0].abort(new Error('the first'))
      controllers[1].abort(new Error('the second'))
      assert.deepEqual(await Promise.all(calls.slice(0, 2)), ['the first', 'the second'])
      work.resolve('well')
      assert.equal(await calls[2], 'resolved')
      assert.deepEqual([begun, ...controllers.map(({ signal }) => getEventListeners(signal, 'abort').length)], [1, 0, 0, 0])
      assert.deepEqual(countsOf(breaker), { fires: 3, successes: 1 })
    }
  })

  test('an answer that is kept, a refusal, and a cache that answers later', async () => {
    const kept = new Map()
    const cacheTransport = { get: async key => kept.get(key), set: (key, value) => kept.set(key, value), flush () {} }
    const controller = new AbortController()
    const { signal } = controller
    const breaker = make(async () => 'well', { cache: true, cacheTransport })
    assert.equal(await breaker.fireWith({ signal, timeout: 500 }), 'well')
    assert.equal(await breaker.fireWith({ signal }), 'well')
    assert.equal(breaker.stats.cacheHits, 1)
    breaker.open()
    assert.equal(await codeOf(breaker.fireWith({ signal }, 'another key')), 'EOPENBREAKER')
    const waiting = codeOf(breaker.fireWith({ signal }))
    controller.abort(new Error('changed my mind'))
    assert.equal(await waiting, 'changed my mind')
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })

  test('a timeout of its own is that of the call that it begins', async () => {
    const breaker = make(hang, { coalesce: true })
    const calls = [breaker.fireWith({ timeout: 10 }), breaker.fire()]
    assert.deepEqual(await Promise.all(calls.map(codeOf)), ['ETIMEDOUT', 'ETIMEDOUT'])
  })
})

describe('under fake timers', () => {
  let clock
  afterEach(() => clock.uninstall())

  test('an action that moves the clock past its deadline, and gives up besides', async () => {
    clock = FakeTimers.install({ toFake: FAKED })
    for (const abortFirst of [true, false]) {
      const controller = new AbortController()
      const breaker = make(() => {
        if (abortFirst) controller.abort(new Error('given up'))
        clock.tick(100)
        controller.abort(new Error('given up'))
        return hang()
      }, { capacity: 1 })
      const code = await codeOf(breaker.fireWith({ signal: controller.signal, timeout: 50 }))
      assert(['ETIMEDOUT', 'given up'].includes(code), code)
      assert.equal(breaker.semaphore.count, 1)
      assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
    }
  })

  test('a call that is given up leaves no timer', async () => {
    clock = FakeTimers.install({ toFake: FAKED })
    const controller = new AbortController()
    const breaker = make(hang)
    const call = codeOf(breaker.fireWith({ signal: controller.signal, timeout: 1000 }))
    controller.abort(new Error('given up'))
    assert.equal(await call, 'given up')
    assert.equal(breaker.closed, true)
    assert.equal(clock.countTimers(), 0)
  })
})

describe('what makes no sense rejects, by its name', () => {
  const breaker = make(() => assert.fail('begun'))
  for (const [given, message] of [
    [undefined, /^options must be an object with signal, timeout, context; got undefined$/],
    [42, /^options must be an object with signal, timeout, context; got 42$/],
    [{ timeoutt: 1 }, /^There is no options\.timeoutt: there are signal, timeout, context$/],
    [{ signal: {} }, /^options\.signal must be an AbortSignal; got \{\}$/],
    [{ signal: new AbortController() }, /^options\.signal must be an AbortSignal; got AbortController/],
    [{ timeout: -1 }, /^options\.timeout must be .*; got -1$/],
    [{ timeout: NaN }, /^options\.timeout must be .*; got NaN$/]
  ]) {
    test(String(message), async () => {
      await assert.rejects(breaker.fireWith(given), { name: 'TypeError', message })
      assert.deepEqual(countsOf(breaker), {})
    })
  }
})
