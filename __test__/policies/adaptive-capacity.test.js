'use strict'

// `capacity: { adaptive: true }`: as many calls under way as latencies allow.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { inspect } = require('node:util')

const FakeTimers = require('@sinonjs/fake-timers')

const CircuitBreaker = require('../..')
const { steppedClock } = require('../../lib/testing')
const { sleep, turn } = require('../support/wait')
const { fireTogether, startBackend } = require('./support/backend')

const ADAPTIVE = { adaptive: true }
const answerIn = ms => new Promise(resolve => setTimeout(resolve, ms))

/** A breaker of calls that take so long as they are told to, on a clock that is stepped. */
function stepped (t, options) {
  const clock = steppedClock()
  t.after(() => clock.end())
  const breaker = new CircuitBreaker(answerIn, { capacity: ADAPTIVE, ...options })
  return { breaker, clock }
}

/** So many windows in which as many calls are under way as may be, and one is refused. */
async function windows (breaker, clock, count, latency) {
  for (let i = 0; i < count; i++) {
    const calls = fireTogether(breaker, breaker.stats.capacityLimit + 1, latency)
    await clock.step(Math.max(300, latency))
    await calls
  }
}

test('a service that is full is kept at what it can do, and callers with it', { timeout: 60_000 }, async t => {
  // 4 slots of 40 ms, one queue without an end: 100 calls a second.
  const overload = async options => {
    const backend = await startBackend(t)
    let free = 4
    const waiting = []
    const work = async response => {
      await sleep(40)
      response.end('ok')
      const next = waiting.shift()
      if (next === undefined) free++
      else work(next)
    }
    backend.answer = (request, response) => {
      if (free === 0) return waiting.push(response)
      free--
      work(response)
    }
    const breaker = new CircuitBreaker(backend.get, { timeout: 5000, ...options })
    const latencies = []
    const load = async (perSecond, ms) => {
      const since = performance.now()
      for (let fired = 0, passed = 0; passed < ms; passed = performance.now() - since) {
        for (; fired < passed * perSecond / 1000; fired++) {
          const began = performance.now()
          breaker.fire().then(() => latencies.push(performance.now() - began), () => {})
        }
        await sleep(5)
      }
    }
    await load(50, 1500)
    latencies.length = 0
    await load(200, 5000)
    const last = latencies.slice(-100).sort((a, b) => a - b)[50]
    const { opened, stats } = breaker
    breaker.shutdown()
    return { last, opened, stats }
  }
  const [fixed, adaptive] = await Promise.all([overload({}), overload({ capacity: ADAPTIVE })])
  assert.ok(adaptive.last < fixed.last / 4, `${adaptive.last} ms, without ${fixed.last} ms`)
  assert.ok(adaptive.stats.semaphoreRejections > 100, 'callers beyond are refused')
  assert.equal(adaptive.opened, false)
})

describe('on a clock that is stepped', () => {
  test('the limit grows while it is used and latencies are usual, and falls while calls wait', async t => {
    const { breaker, clock } = stepped(t)
    assert.equal(breaker.stats.capacityLimit, 20)
    await windows(breaker, clock, 8, 20)
    const { capacityLimit: grown } = breaker.stats
    assert.ok(grown > 40, `${grown}`)
    await windows(breaker, clock, 12, 200)
    assert.ok(breaker.stats.capacityLimit < grown / 2, `${breaker.stats.capacityLimit}`)
  })

  test('the semaphore counts the places of the moment', async t => {
    const { breaker, clock } = stepped(t)
    for (let i = 0; i < 6; i++) {
      await windows(breaker, clock, 1, 20)
      const { capacityLimit } = breaker.stats
      assert.equal(breaker.semaphore.count, capacityLimit)
      const calls = fireTogether(breaker, 3, 20)
      assert.equal(breaker.semaphore.count, capacityLimit - 3)
      assert.equal(breaker.semaphore.test(), true)
      assert.equal(breaker.semaphore.count, capacityLimit - 4)
      breaker.semaphore.release()
      await clock.step(20)
      await calls
    }
  })

  test('whoever waits for a place has one as soon as the limit grows', async t => {
    const { breaker, clock } = stepped(t, { capacity: { adaptive: true, initial: 10, max: 100 } })
    const { semaphore } = breaker
    await windows(breaker, clock, 1, 20)
    const { count } = semaphore
    for (let i = 0; i < count - 1; i++) assert.equal(semaphore.test(), true)
    const served = []
    // More than the place that the call gives back.
    const releases = [semaphore.take(), semaphore.take(), semaphore.take()].map(taken => taken.then(() => served.push(1)))
    await clock.step(1)
    assert.equal(served.length, 1)
    breaker.update({ capacity: { adaptive: true, min: count + 2 } })
    await clock.step(1)
    assert.equal(served.length, 3)
    await Promise.all(releases)
  })

  test('with a queue, whoever waits has a turn as places come free and as the limit grows', async t => {
    const { breaker, clock } = stepped(t, { capacity: { adaptive: true, initial: 10 }, queue: { size: 100, timeout: 60_000 } })
    for (let i = 0; i < 6; i++) {
      const calls = fireTogether(breaker, breaker.stats.capacityLimit * 2, 20)
      await clock.step(300)
      assert.deepEqual(new Set(await calls), new Set([undefined]))
    }
    assert.ok(breaker.stats.capacityLimit > 15, `${breaker.stats.capacityLimit}`)
    breaker.update({ capacity: { adaptive: true, max: 2 } })
    const ended = []
    const calls = Array.from({ length: 6 }, (_, number) => breaker.fire(100).then(() => ended.push(number)))
    await clock.step(50)
    assert.equal(breaker.semaphore.count, 0)
    breaker.update({ capacity: { adaptive: true, min: 4 } })
    await clock.step(60)
    assert.deepEqual(ended, [0, 1])
    await clock.step(40)
    assert.deepEqual(ended, [0, 1, 2, 3], 'two began as the limit grew')
    await clock.step(200)
    await Promise.all(calls)
    assert.equal(breaker.semaphore.count, 4)
  })

  test('calls that time out lower it', async t => {
    const { breaker, clock } = stepped(t, { timeout: 100, errorThresholdPercentage: 100 })
    await clock.step(300)
    const calls = fireTogether(breaker, 20, 500)
    await clock.step(100)
    assert.deepEqual(new Set(await calls), new Set(['ETIMEDOUT']))
    assert.equal(breaker.stats.capacityLimit, 18)
  })

  test('while it only counts nobody is refused, and it learns', async t => {
    const { breaker, clock } = stepped(t, { metricsOnly: true })
    for (let i = 0; i < 8; i++) {
      const calls = fireTogether(breaker, 100, 20)
      await clock.step(300)
      assert.ok((await calls).every(result => result === undefined))
    }
    assert.ok(breaker.stats.capacityLimit > 40, `${breaker.stats.capacityLimit}`)
    breaker.enable()
    const calls = fireTogether(breaker, 150, 20)
    await clock.step(300)
    assert.ok((await calls).includes('ESEMLOCKED'))
  })

  test('disabled, it refuses nobody and learns nothing', async t => {
    const { breaker, clock } = stepped(t)
    breaker.disable()
    for (let i = 0; i < 8; i++) {
      const calls = fireTogether(breaker, 100, 20)
      await clock.step(300)
      await calls
    }
    assert.equal(breaker.stats.capacityLimit, 20)
  })

  test('a probe that finds no place is not spent', async t => {
    const { breaker, clock } = stepped(t, { capacity: { adaptive: true, min: 1, max: 2, initial: 1 }, resetTimeout: 100 })
    const slow = breaker.fire(1000)
    breaker.open()
    await clock.step(100)
    assert.equal(breaker.halfOpen, true)
    await assert.rejects(breaker.fire(1), { code: 'ESEMLOCKED' })
    assert.equal(breaker.halfOpen, true)
    await clock.step(1000)
    await slow
    const probe = breaker.fire(1)
    await clock.step(1)
    await probe
    assert.equal(breaker.closed, true)
  })
})

test("under sinon's timers it adapts on their clock", async t => {
  const clock = FakeTimers.install()
  t.after(() => clock.uninstall())
  const breaker = new CircuitBreaker(answerIn, { capacity: ADAPTIVE })
  for (let i = 0; i < 8; i++) {
    const calls = fireTogether(breaker, breaker.stats.capacityLimit + 1, 20)
    await clock.tickAsync(300)
    await calls
  }
  assert.ok(breaker.stats.capacityLimit > 40, `${breaker.stats.capacityLimit}`)
  breaker.shutdown()
})

describe('what it refuses', () => {
  const refusing = async options => {
    const breaker = new CircuitBreaker(async fails => { if (fails) throw new Error('ill') }, { capacity: { adaptive: true, max: 2, initial: 2 }, ...options })
    // Two places, taken by hand.
    breaker.semaphore.test()
    breaker.semaphore.test()
    const results = await fireTogether(breaker, 50)
    assert.ok(results.every(code => code === 'ESEMLOCKED' || code === 'EOPENBREAKER'))
    const wasOpened = breaker.opened
    breaker.semaphore.release()
    await breaker.fire(false).catch(() => {})
    await breaker.fire(false).catch(() => {})
    await breaker.fire(true).catch(() => {})
    const state = [wasOpened, breaker.opened]
    breaker.shutdown()
    return state
  }

  test('does not open the circuit, whose failures are a share of outcomes', async () => {
    assert.deepEqual(await refusing({}), [false, false])
  })

  test('does not open it by maxFailures either', async () => {
    assert.deepEqual(await refusing({ maxFailures: 3 }), [false, false])
  })

  test('does where failures are said to be a share of fires', async () => {
    assert.deepEqual(await refusing({ rateOf: 'fires' }), [true, true])
  })

  test('is counted, told and given a fallback as any refusal for want of a place', async () => {
    const breaker = new CircuitBreaker(() => sleep(20), { capacity: { adaptive: true, max: 1 } })
    const told = []
    breaker.on('semaphoreLocked', ({ code }) => told.push(code))
    breaker.fallback((...args) => args.at(-1).code)
    const calls = [breaker.fire(), breaker.fire()]
    assert.deepEqual(await Promise.all(calls), [undefined, 'ESEMLOCKED'])
    assert.deepEqual(told, ['ESEMLOCKED'])
    const { failures, fallbacks, semaphoreRejections } = breaker.stats
    assert.deepEqual({ failures, fallbacks, semaphoreRejections }, { failures: 1, fallbacks: 1, semaphoreRejections: 1 })
    breaker.shutdown()
  })
})

test('a loop that stalls teaches it nothing', async () => {
  const breaker = new CircuitBreaker(answerIn, { capacity: ADAPTIVE })
  // As long as each turn is busy for half a second, every call is overlapped by a stall.
  for (let i = 0; i < 4; i++) {
    // Longer than it takes to fire them, or a slow machine ends them before the stall.
    const calls = fireTogether(breaker, 21, 100)
    await turn()
    for (const until = performance.now() + 500; performance.now() < until;);
    assert.equal((await calls).filter(result => result === 'ESEMLOCKED').length, 1)
  }
  assert.equal(breaker.stats.capacityLimit, 20)
  assert.equal(breaker.toJSON().state.usualLatency, undefined)
  breaker.shutdown()
})

describe('a breaker that lives', () => {
  test('goes from a number to an adaptive capacity, to other bounds and back', async t => {
    const { breaker, clock } = stepped(t, { capacity: 5 })
    assert.equal('capacityLimit' in breaker.stats, false)
    const slow = fireTogether(breaker, 5, 1000)
    breaker.update({ capacity: { adaptive: true, initial: 12 } })
    assert.equal(breaker.semaphore.count, 7)
    await clock.step(1000)
    await slow
    await windows(breaker, clock, 8, 20)
    const { capacityLimit } = breaker.stats
    assert.ok(capacityLimit > 30, `${capacityLimit}`)
    breaker.update({ timeout: 9000 })
    breaker.update({ capacity: { adaptive: true, initial: 3 } })
    assert.equal(breaker.stats.capacityLimit, capacityLimit, 'what was learned is kept')
    breaker.update({ capacity: { adaptive: true, max: 9 } })
    assert.deepEqual([breaker.stats.capacityLimit, breaker.semaphore.count], [9, 9])
    breaker.update({ capacity: 6 })
    assert.equal('capacityLimit' in breaker.stats, false)
    assert.deepEqual([breaker.options.capacity, breaker.semaphore.count], [6, 6])
    breaker.update({ capacity: null })
    assert.equal(breaker.options.capacity, Number.MAX_SAFE_INTEGER)
  })

  test('takes no bounds that make no sense, and stays as it is', async t => {
    const { breaker } = stepped(t)
    assert.throws(() => breaker.update({ capacity: { adaptive: true, min: 9, max: 8 }, timeout: 3 }), TypeError)
    assert.deepEqual([breaker.options.capacity, breaker.options.timeout], [ADAPTIVE, 10_000])
    assert.equal(breaker.stats.capacityLimit, 20)
  })

  test('judges outcomes only as long as its capacity adapts', () => {
    const breaker = new CircuitBreaker(async () => {}, { capacity: 0, errorThresholdPercentage: 10 })
    breaker.update({ capacity: ADAPTIVE })
    assert.match(breaker.explain(), /^Closed/)
    breaker.update({ capacity: 0 })
    return breaker.fire().catch(() => assert.equal(breaker.opened, true)).finally(() => breaker.shutdown())
  })
})

describe('what was learned', () => {
  const learnt = async t => {
    const { breaker, clock } = stepped(t)
    await windows(breaker, clock, 8, 20)
    return breaker
  }

  test('goes on in a breaker that is made of its JSON', async t => {
    const breaker = await learnt(t)
    const { state } = JSON.parse(JSON.stringify(breaker))
    assert.equal(state.capacityLimit, breaker.stats.capacityLimit)
    assert.equal(Math.round(state.usualLatency), 20)
    const next = new CircuitBreaker(answerIn, { capacity: ADAPTIVE, state })
    assert.equal(next.stats.capacityLimit, state.capacityLimit)
    assert.equal(next.semaphore.count, state.capacityLimit)
    assert.equal(Math.round(next.toJSON().state.usualLatency), 20)
    const bounded = new CircuitBreaker(answerIn, { capacity: { adaptive: true, max: 7 }, state })
    assert.equal(bounded.stats.capacityLimit, 7)
    const open = new CircuitBreaker(answerIn, { capacity: ADAPTIVE, state: { ...state, closed: false } })
    assert.deepEqual([open.opened || open.halfOpen, open.stats.capacityLimit], [true, state.capacityLimit])
    const words = new CircuitBreaker(answerIn, { capacity: ADAPTIVE, state: { capacityLimit: '33', usualLatency: '20' } })
    assert.equal(words.stats.capacityLimit, 33)
  })

  test('is nothing to a breaker whose capacity does not adapt, and nonsense to none', async t => {
    const breaker = await learnt(t)
    const { state } = breaker.toJSON()
    assert.equal(new CircuitBreaker(answerIn, { capacity: 5, state }).semaphore.count, 5)
    for (const capacityLimit of [NaN, -1, 0, Infinity, 'many', null, {}, []]) {
      const next = new CircuitBreaker(answerIn, { capacity: ADAPTIVE, state: { capacityLimit, usualLatency: capacityLimit } })
      assert.equal(next.stats.capacityLimit, 20, inspect(capacityLimit))
    }
    const next = new CircuitBreaker(answerIn, { capacity: ADAPTIVE, state: { capacityLimit: 30, usualLatency: 'soon' } })
    assert.equal(next.stats.capacityLimit, 30)
    assert.equal('usualLatency' in next.toJSON().state, false)
  })

  test('is not in the JSON of a breaker that has learned nothing', t => {
    const { breaker } = stepped(t)
    assert.equal('capacityLimit' in breaker.toJSON().state, false)
  })

  test('is shown', async t => {
    const breaker = await learnt(t)
    const { capacityLimit } = breaker.stats
    assert.match(breaker.explain(), new RegExp(`Latencies allow ${capacityLimit} calls at once; under way: 0\\.`))
    assert.match(inspect(breaker), new RegExp(`capacityLimit: ${capacityLimit}`))
    assert.match(inspect(breaker.status), new RegExp(`capacityLimit: ${capacityLimit}`))
    breaker.metricsOnly()
    assert.match(breaker.explain(), /Latencies allow/)
  })

  test('is in the snapshots and in the Hystrix stream', async t => {
    const { breaker, clock } = stepped(t, { name: 'one that is shown' })
    const snapshots = []
    breaker.status.on('snapshot', ({ capacityLimit }) => snapshots.push(capacityLimit))
    const stream = CircuitBreaker.stats
    const told = []
    stream.on('data', text => told.push(JSON.parse(text.slice('data: '.length))))
    await clock.step(1000)
    await turn()
    assert.deepEqual(snapshots, [20])
    const { propertyValue_executionIsolationSemaphoreMaxConcurrentRequests: most } = told.find(({ name }) => name === breaker.name)
    assert.equal(most, 20)
    stream.destroy()
  })
})

test('a call that is tried again takes a place each time', async t => {
  const { breaker, clock } = stepped(t, {
    capacity: { adaptive: true, max: 1 }, retry: { attempts: 1, delay: { initial: 10 } }, errorThresholdPercentage: 100
  })
  let tries = 0
  breaker.action = () => answerIn(10).then(() => { if (++tries === 1) throw new Error('ill') })
  const first = breaker.fire()
  assert.equal(breaker.semaphore.count, 0)
  // Refused: a refusal is not tried again.
  await assert.rejects(breaker.fire(), { code: 'ESEMLOCKED' })
  await clock.step(100)
  await first
  assert.deepEqual([tries, breaker.semaphore.count], [2, 1])
})

test('answers of a cache and joined calls take no place and teach nothing', async t => {
  const { breaker, clock } = stepped(t, { capacity: { adaptive: true, max: 1 }, cache: true, coalesce: true })
  const calls = [breaker.fire(20), breaker.fire(20)]
  await clock.step(20)
  await Promise.all(calls)
  for (let i = 0; i < 100; i++) await breaker.fire(20)
  await clock.step(1000)
  assert.equal(breaker.stats.semaphoreRejections, 0)
  assert.equal(breaker.toJSON().state.usualLatency, undefined)
})
