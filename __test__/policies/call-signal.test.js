'use strict'

// The signal of each call: whose it is, and when it is aborted. Without a controller of the
// user's own, for with one opossum's signal stays, which all calls share.

const assert = require('node:assert/strict')
const { createServer } = require('node:http')
const { once } = require('node:events')
const { afterEach, describe, test } = require('node:test')
const { runInNewContext } = require('node:vm')
const FakeTimers = require('@sinonjs/fake-timers')

const CircuitBreaker = require('../..')
const { collected, defer, sleep, turn, uncaughtDuring, until } = require('../support/wait')

// Promises and the test runner need the rest.
const FAKED = ['setTimeout', 'clearTimeout', 'Date']

const hang = () => new Promise(() => {})
const ignore = () => {}

/** A breaker whose action is told its breaker, by which it asks for its signal. */
function guarding (act, options) {
  const breaker = new CircuitBreaker((...args) => act(breaker, ...args), { timeout: false, ...options })
  return breaker
}

/** One whose action writes down its signal and goes on for ever, unless it is told otherwise. */
function noting (options, act = hang) {
  const signals = []
  const breaker = guarding((breaker, ...args) => {
    signals.push(breaker.getSignal())
    return act(...args)
  }, options)
  return { breaker, signals }
}

const codeOf = promise => promise.then(() => 'resolved', ({ code, message }) => code ?? message)

describe('there is one', () => {
  test('in the synchronous part of an action, the same however often it is asked for', async () => {
    const breaker = guarding(breaker => [breaker.getSignal(), breaker.getSignal()])
    const [first, second] = await breaker.fire()
    assert(first instanceof AbortSignal)
    assert.equal(first, second)
    assert.equal(first.aborted, false)
  })

  test('for each call another, though what is kept of calls is used again', async () => {
    const { breaker, signals } = noting({}, async () => {})
    for (let call = 0; call < 3; call++) await breaker.fire()
    await Promise.all([breaker.fire(), breaker.fire(1, 2, 3), breaker.call({}, 1)])
    assert.equal(new Set(signals).size, 6)
    assert(signals.every(signal => signal instanceof AbortSignal))
  })

  test('and none outside, nor after an await, whoever else is under way', async () => {
    const work = defer()
    const seen = []
    const breaker = guarding(async breaker => {
      await work.promise
      seen.push(breaker.getSignal())
    })
    const calls = [breaker.fire(), breaker.fire()]
    assert.equal(breaker.getSignal(), undefined)
    work.resolve()
    await Promise.all(calls)
    assert.deepEqual(seen, [undefined, undefined])
  })

  test('none where listeners and fallbacks of a call hear of it', async () => {
    const seen = []
    const note = breaker => () => { seen.push(breaker.getSignal()) }
    const { breaker } = noting({ capacity: 1 })
    breaker.fallback(note(breaker))
    for (const event of ['fire', 'semaphoreLocked', 'failure', 'fallback', 'reject']) breaker.on(event, note(breaker))
    breaker.fire().catch(ignore)
    await breaker.fire()
    breaker.open()
    await breaker.fire()
    assert.deepEqual(seen, Array(10).fill(undefined))
  })

  test('none of a disabled breaker', async () => {
    assert.equal(await guarding(breaker => breaker.getSignal(), { enabled: false }).fire(), undefined)
  })
})

describe('of calls inside each other', () => {
  test('the innermost has its own, and the outer one has its own again after it', async () => {
    // What is asked of the breaker in between hides who was admitted last.
    for (const between of [ignore, breaker => breaker.stats, breaker => breaker.opened]) {
      const signals = { down: [], up: [] }
      const breaker = guarding((breaker, depth) => {
        between(breaker)
        signals.down[depth] = breaker.getSignal()
        if (depth > 0) breaker.fire(depth - 1)
        between(breaker)
        signals.up[depth] = breaker.getSignal()
      })
      breaker.fire(4)
      assert.equal(new Set(signals.down).size, 5)
      assert.deepEqual(signals.up.map((signal, depth) => signal === signals.down[depth]), Array(5).fill(true))
    }
  })

  test('each breaker knows its own', () => {
    const seen = {}
    const inner = guarding((inner, outer) => {
      seen.inner = inner.getSignal()
      seen.outerInside = outer.getSignal()
      seen.innerAgain = inner.getSignal()
    })
    const outer = guarding(outer => {
      seen.none = inner.getSignal()
      inner.fire(outer)
      seen.outer = outer.getSignal()
      seen.after = inner.getSignal()
    })
    outer.fire()
    assert.equal(seen.none, undefined)
    assert.equal(seen.after, undefined)
    assert.equal(seen.outer, seen.outerInside)
    assert.equal(seen.inner, seen.innerAgain)
    assert.notEqual(seen.inner, seen.outer)
    assert(seen.inner instanceof AbortSignal && seen.outer instanceof AbortSignal)
  })

  test('one that is refused or throws hides nobody', () => {
    const seen = []
    const breaker = guarding((breaker, inner) => {
      if (inner) throw new Error('ill')
      const own = breaker.getSignal()
      breaker.fire(true).catch(ignore)
      seen.push(breaker.getSignal() === own)
      while (breaker.semaphore.test());
      breaker.fire(true).catch(ignore)
      seen.push(breaker.stats.semaphoreRejections, breaker.getSignal() === own)
    }, { capacity: 3 })
    breaker.on('semaphoreLocked', () => { seen.push('locked') })
    breaker.fire(false)
    assert.deepEqual(seen, [true, 'locked', 1, true])
  })

  test('what a disabled breaker was given for one is no other\'s', async () => {
    for (const enables of [false, true]) {
      const seen = []
      const { signal } = new AbortController()
      const breaker = guarding((breaker, isOuter) => {
        seen.push(breaker.getSignal() === signal)
        if (!isOuter) return
        if (enables) breaker.enable()
        breaker.fire(false)
        seen.push(breaker.getSignal() === signal)
      }, { enabled: false })
      await breaker.fireWith({ signal }, true)
      assert.deepEqual([seen, breaker.getSignal()], [[true, false, true], undefined])
    }
  })

  test('nor is it there when the action was stopped by the timeout of node:vm', async () => {
    const { signal } = new AbortController()
    const breaker = guarding(() => { for (;;); }, { enabled: false })
    assert.throws(() => runInNewContext('fire()', { fire: () => breaker.fireWith({ signal }) }, { timeout: 50 }), /timed out/)
    await turn()
    assert.equal(breaker.getSignal(), undefined)
  })

  test('many others under way hide nobody', async () => {
    const work = defer()
    const breaker = guarding((breaker, asks) => {
      if (!asks) return work.promise
      const { fires } = breaker.stats
      return [fires, breaker.getSignal(), breaker.getSignal()]
    })
    const others = Array.from({ length: 200 }, () => breaker.fire(false))
    const [fires, first, second] = await breaker.fire(true)
    assert.equal(fires, 201)
    assert(first instanceof AbortSignal)
    assert.equal(first, second)
    work.resolve()
    await Promise.all(others)
  })
})

describe('it is aborted', () => {
  test('by the timeout of its call alone, with the error of that', async () => {
    const work = defer()
    const { breaker, signals } = noting({ timeout: 30, volumeThreshold: 9 }, given => given)
    const first = breaker.fire(hang())
    await sleep(15)
    breaker.options.timeout = 60_000
    const second = breaker.fire(work.promise)
    const error = await first.catch(error => error)
    assert.equal(error.code, 'ETIMEDOUT')
    assert.deepEqual(signals.map(({ aborted }) => aborted), [true, false])
    assert.equal(signals[0].reason, error)
    work.resolve('well')
    assert.equal(await second, 'well')
  })

  test('after listeners and the fallback, as the signal of a controller is', async () => {
    const seen = []
    const { breaker, signals } = noting({ timeout: 10 })
    for (const event of ['timeout', 'failure', 'open', 'fallback']) {
      breaker.on(event, () => seen.push([event, signals[0].aborted]))
    }
    breaker.fallback(() => 'instead')
    assert.equal(await breaker.fire(), 'instead')
    assert.deepEqual(seen, ['timeout', 'failure', 'open', 'fallback'].map(event => [event, false]))
    assert.equal(signals[0].aborted, true)
  })

  test('by a timeout whose error is filtered, too', async () => {
    const { breaker, signals } = noting({ timeout: 10, errorFilter: () => true })
    assert.equal(await codeOf(breaker.fire()), 'ETIMEDOUT')
    assert.equal(signals[0].reason.code, 'ETIMEDOUT')
  })

  test('by shutdown(): that of every call under way, and of none that has ended', async () => {
    const work = defer()
    const { breaker, signals } = noting({}, given => given)
    await breaker.fire()
    await breaker.fire(Promise.reject(new Error('ill'))).catch(ignore)
    const calls = [breaker.fire(work.promise), breaker.fire(work.promise)]
    breaker.shutdown()
    assert.deepEqual(signals.map(({ aborted }) => aborted), [false, false, true, true])
    assert.equal(signals[2].reason.code, 'ESHUTDOWN')
    work.resolve('well')
    assert.deepEqual(await Promise.all(calls), ['well', 'well'], 'they settle by their actions')
  })

  test('by shutdown() in the action itself', async () => {
    const breaker = guarding(breaker => {
      const signal = breaker.getSignal()
      breaker.shutdown()
      return signal
    })
    assert.equal((await breaker.fire()).reason.code, 'ESHUTDOWN')
  })

  test('and not by a success, a failure, a throw, a refusal or an opening', async () => {
    const work = defer()
    const { breaker, signals } = noting({ capacity: 2, timeout: 60_000 }, act => act())
    await breaker.fire(async () => {})
    await breaker.fire(() => Promise.reject(new Error('ill'))).catch(ignore)
    await breaker.fire(() => { throw new Error('ill') }).catch(ignore)
    breaker.close()
    const last = breaker.fire(() => work.promise)
    breaker.semaphore.test()
    await breaker.fire(hang).catch(ignore)
    breaker.open()
    await breaker.fire(hang).catch(ignore)
    await turn()
    assert.deepEqual(signals.map(({ aborted }) => aborted), [false, false, false, false])
    work.resolve()
    await last
  })

  test('what its listeners throw changes no call', async () => {
    const uncaught = await uncaughtDuring(async () => {
      const breaker = guarding(breaker => {
        breaker.getSignal().addEventListener('abort', () => { throw new Error('a listener') })
        return hang()
      }, { timeout: 10 })
      assert.equal(await codeOf(breaker.fire()), 'ETIMEDOUT')
      assert.equal(breaker.semaphore.count, breaker.options.capacity)
    })
    assert.deepEqual(uncaught.map(({ message }) => message), ['a listener'])
  })

  test('if its action was stopped by the timeout of node:vm', async () => {
    const { breaker, signals } = noting({}, () => { for (;;); })
    assert.throws(() => runInNewContext('fire()', { fire: () => breaker.fire() }, { timeout: 50 }), /timed out/)
    assert.equal(signals[0].aborted, false)
    await until(() => signals[0].aborted)
    assert.equal(signals[0].reason.name, 'AbortError')
  })
})

describe('with calls of all kinds', () => {
  test('a cache that answers later: the call begins later, and has its own', async () => {
    const cacheTransport = { get: async () => undefined, set () {}, flush () {} }
    const { breaker, signals } = noting({ cache: true, cacheTransport, timeout: 20 })
    assert.equal(await codeOf(breaker.fire()), 'ETIMEDOUT')
    assert.equal(signals[0].reason.code, 'ETIMEDOUT')
  })

  test('joined calls: one action, and one signal', async () => {
    const { breaker, signals } = noting({ coalesce: true, timeout: 20, volumeThreshold: 9 })
    const joined = [breaker.fire(), breaker.fire()]
    assert.deepEqual(await Promise.all(joined.map(codeOf)), ['ETIMEDOUT', 'ETIMEDOUT'])
    assert.equal(signals.length, 1)
    assert.equal(signals[0].aborted, true)
  })

  test('an action that keeps its result in a cache after it has asked for its signal', async () => {
    const { breaker } = noting({ cache: true }, async () => 'well')
    assert.deepEqual([await breaker.fire(), await breaker.fire()], ['well', 'well'])
    assert.equal(breaker.stats.cacheHits, 1)
  })

  test('a thenable, a plain value, a throw', async () => {
    const { breaker, signals } = noting({}, given => given())
    assert.equal(await breaker.fire(() => ({ then: done => done('a thenable') })), 'a thenable')
    assert.equal(await breaker.fire(() => 'a value'), 'a value')
    assert.equal(await codeOf(breaker.fire(() => { throw new Error('ill') })), 'ill')
    assert.equal(new Set(signals).size, 3)
  })

  test('a breaker seen through a Proxy', async () => {
    const signals = []
    const breaker = new CircuitBreaker(() => {
      signals.push(proxy.getSignal(), breaker.getSignal())
      return hang()
    }, { timeout: 10 })
    const proxy = new Proxy(breaker, {})
    assert.equal(await codeOf(proxy.fire()), 'ETIMEDOUT')
    assert.equal(signals[0], signals[1])
    assert.equal(signals[0].aborted, true)
  })
})

describe('under fake timers', () => {
  let clock
  afterEach(() => clock.uninstall())

  test('it is aborted on the millisecond', async () => {
    clock = FakeTimers.install({ toFake: FAKED })
    const { breaker, signals } = noting({ timeout: 100, volumeThreshold: 9 })
    const calls = [codeOf(breaker.fire())]
    await clock.tickAsync(50)
    calls.push(codeOf(breaker.fire()))
    const aborted = () => signals.map(({ aborted }) => aborted)
    await clock.tickAsync(49)
    assert.deepEqual(aborted(), [false, false])
    await clock.tickAsync(1)
    assert.deepEqual(aborted(), [true, false])
    await clock.tickAsync(50)
    assert.deepEqual(aborted(), [true, true])
    assert.deepEqual(await Promise.all(calls), ['ETIMEDOUT', 'ETIMEDOUT'])
  })

  test('calls inside each other that begin at the same moment have their own', async () => {
    clock = FakeTimers.install({ toFake: FAKED })
    const signals = []
    const breaker = guarding((breaker, depth) => {
      if (depth > 0) breaker.fire(depth - 1)
      assert.equal(breaker.opened, false)
      signals.push(breaker.getSignal())
    })
    await breaker.fire(3)
    assert.equal(new Set(signals).size, 4)
  })

  test('an action that moves the clock past its own deadline has one that is aborted when it returns', async () => {
    clock = FakeTimers.install({ toFake: FAKED })
    for (const asksFirst of [true, false]) {
      const signals = []
      const breaker = guarding(breaker => {
        if (asksFirst) signals.push(breaker.getSignal())
        clock.tick(200)
        signals.push(breaker.getSignal())
        return hang()
      }, { timeout: 100 })
      assert.equal(await codeOf(breaker.fire()), 'ETIMEDOUT')
      assert.equal(new Set(signals).size, 1)
      assert.equal(signals[0].reason.code, 'ETIMEDOUT')
    }
  })
})

test('nothing is left of a signal when its call has ended', async () => {
  const signals = []
  const breaker = guarding((breaker, act) => {
    signals.push(new WeakRef(breaker.getSignal()))
    return act()
  }, { timeout: 10, volumeThreshold: 9 })
  await breaker.fire(async () => {})
  await breaker.fire(() => { throw new Error('ill') }).catch(ignore)
  await breaker.fire(hang).catch(ignore)
  for (const ref of signals) await collected(ref)
  assert.equal(breaker.status.stats.fires, 3)
})

test('fetch: the server sees the request of the call that times out end, and no other', async t => {
  const requests = new Map()
  const server = createServer((request, response) => {
    const seen = { response, gone: once(request.socket, 'close') }
    requests.set(request.url, seen)
  })
  server.listen(0)
  await once(server, 'listening')
  t.after(() => server.closeAllConnections())
  t.after(() => server.close())
  const { port } = server.address()
  const breaker = guarding(async (breaker, path) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: breaker.getSignal() })
    return response.text()
  }, { timeout: 100, volumeThreshold: 9 })
  const hasty = breaker.fire('/hasty')
  breaker.options.timeout = 60_000
  const patient = breaker.fire('/patient')
  assert.equal(await codeOf(hasty), 'ETIMEDOUT')
  await until(() => requests.size === 2)
  await requests.get('/hasty').gone
  requests.get('/patient').response.end('well')
  assert.equal(await patient, 'well')
})
