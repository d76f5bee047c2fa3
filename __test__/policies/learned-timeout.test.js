'use strict'

// `timeout: { adaptive: true }`: how long a call may take is learned from those that succeed.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { inspect } = require('node:util')

const FakeTimers = require('@sinonjs/fake-timers')

const CircuitBreaker = require('../..')
const { steppedClock } = require('../../lib/testing')
const { sleep, turn, uncaughtDuring } = require('../support/wait')
const { fireTogether, hang, ok, startBackend } = require('./support/backend')

const LEARNED = { adaptive: true, max: 5000 }
const answerIn = ms => new Promise(resolve => setTimeout(resolve, ms))

/** A breaker of calls that take so long as they are told to, on a clock that is stepped. */
function stepped (t, options) {
  const clock = steppedClock()
  t.after(() => clock.end())
  const breaker = new CircuitBreaker(answerIn, { timeout: LEARNED, errorThresholdPercentage: 100, ...options })
  return { breaker, clock }
}

/** 1,200 calls that take so long, and one that begins in the next second. */
async function teach (breaker, clock, latency) {
  const calls = fireTogether(breaker, 1200, latency)
  await clock.step(latency)
  await calls
  await clock.step(1000)
  const last = breaker.fire(latency)
  await clock.step(latency)
  await last
  return breaker.stats.learnedTimeout
}

const isNear = (actual, expected) => assert.ok(actual >= 0.95 * expected && actual <= 1.05 * expected, `${actual}, not ${expected}`)

test('a backend that answers, hangs and is back', { timeout: 60_000 }, async t => {
  const backend = await startBackend(t)
  const answer = (request, response) => sleep(20).then(() => ok(request, response))
  backend.answer = answer
  const breaker = new CircuitBreaker(backend.get, {
    timeout: { adaptive: true, min: 10, max: 3000 },
    // A machine that is busy with other things stalls loops, and what they see then teaches nothing.
    stallThreshold: 2000,
    rollingCountTimeout: 1000,
    volumeThreshold: 50,
    resetTimeout: 300
  })
  // Calls until that holds, and a moment more.
  const loadUntil = async condition => {
    const since = performance.now()
    for (let fired = 0, passed = 0; !condition(); passed = performance.now() - since) {
      for (; fired < passed * 0.15; fired++) breaker.fire().catch(() => {})
      await sleep(5)
    }
  }
  const within = ms => {
    const then = performance.now() + ms
    return () => performance.now() > then
  }
  await loadUntil(() => breaker.stats.learnedTimeout < 3000)
  await loadUntil(within(2000))
  const { learnedTimeout: learned } = breaker.stats
  assert.ok(learned >= 20 && learned < 3000, `${learned}`)
  backend.answer = hang
  await loadUntil(() => !breaker.closed)
  await loadUntil(within(2000))
  const { learnedTimeout: inOutage } = breaker.stats
  assert.ok(inOutage <= 1.6 * learned, `${inOutage}, before ${learned}`)
  backend.answer = answer
  await loadUntil(() => breaker.closed)
  breaker.shutdown()
})

describe('on a clock that is stepped', () => {
  test('calls may take max until something was learned, then half as long again as the longest of 999 in 1,000', async t => {
    const { breaker, clock } = stepped(t)
    assert.equal(breaker.stats.learnedTimeout, 5000)
    const call = breaker.fire(6000).catch(({ message }) => message)
    await clock.step(5000)
    assert.equal(await call, 'Timed out after 5000ms')
    isNear(await teach(breaker, clock, 100), 150)
  })

  test('the error names what the call had, whatever is learned meanwhile', async t => {
    const { breaker, clock } = stepped(t)
    const early = breaker.fire(60_000).catch(({ message }) => message)
    const learned = await teach(breaker, clock, 100)
    const late = breaker.fire(60_000).catch(({ code, message }) => `${code}: ${message}`)
    await clock.step(200)
    assert.equal(await late, `ETIMEDOUT: Timed out after ${learned}ms`)
    await clock.step(5000)
    assert.equal(await early, 'Timed out after 5000ms')
  })

  test('with a listener to timeouts, too', async t => {
    const { breaker, clock } = stepped(t)
    const learned = await teach(breaker, clock, 100)
    const told = []
    breaker.on('timeout', ({ message }) => told.push(message))
    const late = breaker.fire(60_000).catch(({ message }) => told.push(message))
    await clock.step(200)
    await late
    assert.deepEqual(told, [`Timed out after ${learned}ms`, `Timed out after ${learned}ms`])
  })

  test('a call with a timeout of its own has that, and teaches nothing', async t => {
    const { breaker, clock } = stepped(t)
    const before = await teach(breaker, clock, 100)
    const long = breaker.fireWith({ timeout: 3000 }, 2000)
    const short = breaker.fireWith({ timeout: 30 }, 2000).catch(({ message }) => message)
    const endless = breaker.fireWith({ timeout: false }, 20_000)
    const aborted = breaker.fireWith({ signal: AbortSignal.timeout(5) }, 2000).catch(({ name }) => name)
    const permit = breaker.acquire({ timeout: 3000 })
    await clock.step(2500)
    assert.equal(permit.signal.aborted, false)
    permit.success()
    await clock.step(20_000)
    assert.equal(await short, 'Timed out after 30ms')
    await Promise.all([long, endless])
    assert.match(await aborted, /TimeoutError|Error/)
    for (let i = 0; i < 3; i++) {
      const others = Array.from({ length: 1500 }, () => breaker.fireWith({ timeout: 3000 }, 1000))
      await clock.step(1000)
      await Promise.all(others)
    }
    const last = breaker.fire(10)
    await clock.step(10)
    await last
    assert.ok(breaker.stats.learnedTimeout <= before, `${breaker.stats.learnedTimeout}`)
  })

  test('a permit has the timeout that is learned', async t => {
    const { breaker, clock } = stepped(t)
    const learned = await teach(breaker, clock, 100)
    const permit = breaker.acquire()
    await clock.step(learned + 1)
    assert.equal(permit.signal.aborted, true)
    assert.equal(permit.signal.reason.message, `Timed out after ${learned}ms`)
  })

  test('an outage is not learned', async t => {
    const { breaker, clock } = stepped(t, { errorThresholdPercentage: 50, volumeThreshold: 20, resetTimeout: 5000 })
    const before = await teach(breaker, clock, 100)
    for (let i = 0; i < 60; i++) {
      fireTogether(breaker, 100, 60_000)
      await clock.step(1000)
    }
    assert.equal(breaker.closed, false)
    assert.equal(breaker.stats.learnedTimeout, before)
  })

  test('failures at once do not lower it', async t => {
    const { breaker, clock } = stepped(t)
    const before = await teach(breaker, clock, 100)
    breaker.action = async () => { throw new Error('ill') }
    for (let i = 0; i < 20; i++) {
      await fireTogether(breaker, 100)
      await clock.step(1000)
    }
    assert.equal(breaker.stats.learnedTimeout, before)
  })

  test('a service that becomes slower is followed', async t => {
    const { breaker, clock } = stepped(t)
    const before = await teach(breaker, clock, 100)
    for (let i = 0; i < 40; i++) {
      fireTogether(breaker, 200, 400)
      await clock.step(1000)
    }
    const { learnedTimeout } = breaker.stats
    assert.ok(before < 200 && learnedTimeout > 400, `${before}, then ${learnedTimeout}`)
    const call = breaker.fire(400)
    await clock.step(400)
    await call
  })

  test('a rare slow class stays whole', async t => {
    const { breaker, clock } = stepped(t)
    let timedOut = 0
    for (let i = 0; i < 60; i++) {
      const calls = Array.from({ length: 400 }, (_, place) => breaker.fire(place % 200 === 0 ? 300 : 5).catch(() => timedOut++))
      await clock.step(1000)
      await Promise.all(calls)
    }
    assert.equal(timedOut, 0)
    assert.ok(breaker.stats.learnedTimeout >= 300)
  })

  test('what is ignored, filtered or a failure by its result teaches as what it counts as', async t => {
    const { breaker, clock } = stepped(t, { classify: ({ result }) => result === 'odd' ? 'ignore' : 'success' })
    breaker.action = ms => answerIn(ms).then(() => ms === 100 ? 'odd' : 'well')
    for (const [latency, learned] of [[100, 5000], [200, 300]]) {
      isNear(await teach(breaker, clock, latency), learned)
    }
  })

  test('a probe has it, and no other calls begin meanwhile', async t => {
    const { breaker, clock } = stepped(t, { resetTimeout: 100, probe: signal => new Promise(() => {}) })
    const learned = await teach(breaker, clock, 100)
    breaker.open()
    await clock.step(100)
    assert.equal(breaker.halfOpen, true)
    await clock.step(learned + 1)
    assert.equal(breaker.opened, true)
    assert.equal(breaker.lastFailure.message, `Timed out after ${learned}ms`)
  })

  test('each try of a call has the timeout of its moment', async t => {
    const { breaker, clock } = stepped(t, { retry: { attempts: 1, delay: { initial: 0 } } })
    const learned = await teach(breaker, clock, 100)
    const tries = []
    breaker.on('retry', ({ message }) => tries.push(message))
    const call = breaker.fire(60_000).catch(({ message }) => message)
    await clock.step(1000)
    assert.equal(await call, `Timed out after ${learned}ms`)
    assert.deepEqual(tries, [`Timed out after ${learned}ms`])
  })

  test('explorers are drawn by the random of the options', async t => {
    const draws = []
    let next = 0.999
    const { breaker, clock } = stepped(t, { random: () => draws.push(next) && next })
    await teach(breaker, clock, 100)
    // More than 0.1 % time out, and less than a tenth.
    const calls = fireTogether(breaker, 1000, 100)
    const late = fireTogether(breaker, 30, 60_000)
    await clock.step(1000)
    await Promise.all([calls, late])
    next = 0
    const [first, second] = [breaker.fire(60_000), breaker.fire(60_000)].map(call => call.catch(({ message }) => message))
    await clock.step(6000)
    assert.deepEqual([await first, await second].filter(message => message === 'Timed out after 5000ms').length >= 1, true)
    assert.ok(draws.length > 1)
  })

  test('while it only counts, calls have it, and it is learned', async t => {
    const { breaker, clock } = stepped(t, { metricsOnly: true })
    isNear(await teach(breaker, clock, 100), 150)
  })

  test('disabled, calls take as long as they like, and nothing is learned', async t => {
    const { breaker, clock } = stepped(t)
    breaker.disable()
    const call = breaker.fire(6000)
    await clock.step(6000)
    await call
    assert.equal(await teach(breaker, clock, 100), 5000)
  })

  test('hits of a cache and joined calls teach nothing', async t => {
    const { breaker, clock } = stepped(t, { cache: true, coalesce: true })
    assert.equal(await teach(breaker, clock, 100), 5000)
    assert.equal(breaker.options.coalesceTTL, 5000)
  })
})

test("under sinon's timers it is learned on their clock", async t => {
  const clock = FakeTimers.install()
  t.after(() => clock.uninstall())
  const breaker = new CircuitBreaker(answerIn, { timeout: LEARNED })
  const calls = fireTogether(breaker, 1200, 100)
  await clock.tickAsync(1100)
  await calls
  const last = breaker.fire(1)
  await clock.tickAsync(1)
  await last
  isNear(breaker.stats.learnedTimeout, 150)
  breaker.shutdown()
})

test('a loop that stalls teaches it nothing', { timeout: 60_000 }, async () => {
  const breaker = new CircuitBreaker(answerIn, { timeout: { adaptive: true, max: 5000 }, errorThresholdPercentage: 100 })
  for (let i = 0; i < 4; i++) {
    // Longer than it takes to fire them, or a slow machine ends them before the stall.
    const calls = fireTogether(breaker, 400, 100)
    await turn()
    for (const until = performance.now() + 500; performance.now() < until;);
    assert.ok((await calls).every(result => result === undefined))
  }
  await breaker.fire(1)
  assert.equal(breaker.stats.learnedTimeout, 5000)
  assert.equal('learnedTimeout' in breaker.toJSON().state, false)
  breaker.shutdown()
})

describe('a breaker that lives', () => {
  test('goes from a number to a learned timeout, to other bounds and back', async t => {
    const { breaker, clock } = stepped(t, { timeout: 700 })
    assert.equal('learnedTimeout' in breaker.stats, false)
    const early = breaker.fire(60_000).catch(({ message }) => message)
    breaker.update({ timeout: LEARNED })
    assert.equal(breaker.stats.learnedTimeout, 5000)
    await clock.step(700)
    assert.equal(await early, 'Timed out after 700ms')
    const learned = await teach(breaker, clock, 100)
    isNear(learned, 150)
    breaker.update({ capacity: 5000 })
    breaker.update({ timeout: { adaptive: true, max: 9000 } })
    assert.equal(breaker.stats.learnedTimeout, learned, 'what was learned is kept')
    breaker.update({ timeout: { adaptive: true, min: 800 } })
    assert.equal(breaker.stats.learnedTimeout, 800)
    breaker.update({ timeout: 50 })
    assert.equal('learnedTimeout' in breaker.stats, false)
    const late = breaker.fire(60_000).catch(({ message }) => message)
    await clock.step(50)
    assert.equal(await late, 'Timed out after 50ms')
    breaker.update({ timeout: null })
    assert.equal(breaker.options.timeout, 10_000)
  })

  test('takes a learned timeout and a number that are written to its options', async t => {
    const { breaker, clock } = stepped(t, { timeout: false })
    breaker.options.timeout = { adaptive: true, max: 400 }
    const first = breaker.fire(60_000).catch(({ message }) => message)
    await clock.step(400)
    assert.equal(await first, 'Timed out after 400ms')
    breaker.options.timeout = 50
    const second = breaker.fire(60_000).catch(({ message }) => message)
    await clock.step(50)
    assert.equal(await second, 'Timed out after 50ms')
    breaker.options.timeout = { adaptive: true, max: 10, min: 20 }
    const message = 'options.timeout.max must not be below options.timeout.min; got 10 and 20'
    for (let i = 0; i < 2; i++) await assert.rejects(breaker.fire(1), { name: 'TypeError', message })
    breaker.options.timeout = { adaptive: true, min: 20 }
    const third = breaker.fire(10)
    await clock.step(10)
    await third
    assert.equal(breaker.stats.learnedTimeout, 10_000)
  })

  test('keeps what was learned where another object says it anew', async t => {
    const { breaker, clock } = stepped(t)
    const learned = await teach(breaker, clock, 100)
    breaker.options.timeout = { ...LEARNED }
    const call = breaker.fire(10)
    await clock.step(10)
    await call
    assert.equal(breaker.stats.learnedTimeout, learned)
  })

  test('takes no bounds that make no sense, and stays as it is', t => {
    const { breaker } = stepped(t)
    assert.throws(() => breaker.update({ timeout: { adaptive: true, min: 9, max: 8 }, capacity: 3 }), TypeError)
    assert.deepEqual([breaker.options.timeout, breaker.options.capacity], [LEARNED, Number.MAX_SAFE_INTEGER])
  })

  test('under preset modern waits for those that try as long as any call may take', t => {
    const { breaker } = stepped(t, { preset: 'modern' })
    assert.equal(breaker.options.halfOpenTimeout, 5000)
    breaker.update({ timeout: { adaptive: true, min: 20_000 } })
    assert.equal(breaker.options.halfOpenTimeout, 20_000)
    breaker.update({ timeout: 300 })
    assert.equal(breaker.options.halfOpenTimeout, 300)
  })
})

describe('what was learned', () => {
  test('goes on in a breaker that is made of its JSON', async t => {
    const { breaker, clock } = stepped(t)
    assert.equal('learnedTimeout' in breaker.toJSON().state, false, 'nothing yet')
    const learned = await teach(breaker, clock, 100)
    const { state } = JSON.parse(JSON.stringify(breaker))
    assert.equal(state.learnedTimeout, learned)
    const next = new CircuitBreaker(answerIn, { timeout: LEARNED, state })
    assert.equal(next.stats.learnedTimeout, learned)
    assert.equal(next.toJSON().state.learnedTimeout, learned)
    const open = new CircuitBreaker(answerIn, { timeout: LEARNED, state: { ...state, closed: false } })
    assert.equal(open.stats.learnedTimeout, learned)
    const bounded = new CircuitBreaker(answerIn, { timeout: { adaptive: true, max: 60 }, state })
    assert.equal(bounded.stats.learnedTimeout, 60)
    assert.equal(new CircuitBreaker(answerIn, { timeout: LEARNED, state: { learnedTimeout: '133' } }).stats.learnedTimeout, 133)
  })

  test('is nothing to a breaker whose timeout is a number, and nonsense to none', () => {
    const fixed = new CircuitBreaker(answerIn, { timeout: 500, state: { learnedTimeout: 90 } })
    assert.equal('learnedTimeout' in fixed.stats, false)
    for (const learnedTimeout of [NaN, -1, 0, Infinity, 'soon', null, {}, [], undefined]) {
      const next = new CircuitBreaker(answerIn, { timeout: LEARNED, state: { learnedTimeout } })
      assert.equal(next.stats.learnedTimeout, 5000, inspect(learnedTimeout))
    }
  })

  test('is shown', async t => {
    const { breaker, clock } = stepped(t, { name: 'one that is shown' })
    assert.match(breaker.explain(), /A call may take 5 s, until something is learned\.$/)
    const learned = await teach(breaker, clock, 100)
    assert.match(breaker.explain(), new RegExp(`A call may take ${learned} ms, by what was learned\\.$`))
    assert.match(inspect(breaker), new RegExp(`learnedTimeout: ${learned}`))
    const snapshots = []
    breaker.status.on('snapshot', ({ learnedTimeout }) => snapshots.push(learnedTimeout))
    const told = []
    const stream = CircuitBreaker.stats
    stream.on('data', text => told.push(JSON.parse(text.slice('data: '.length))))
    await clock.step(1000)
    await turn()
    assert.deepEqual(snapshots, [learned])
    assert.equal(told.find(({ name }) => name === breaker.name).propertyValue_executionTimeoutInMilliseconds, learned)
    stream.destroy()
  })

  test('has no place in the stats and the JSON of other breakers', () => {
    const breaker = new CircuitBreaker(answerIn, {})
    const names = Object.keys(breaker.stats)
    assert.deepEqual(names.filter(name => /learned|Limit|usual/.test(name)), [])
    assert.deepEqual(Object.keys(breaker.toJSON().state).filter(name => /learned|Limit|usual/.test(name)), [])
    assert.doesNotMatch(breaker.explain(), /learned|Latencies/)
    breaker.shutdown()
  })
})

test('a transport of a cache is waited for as long as any call may take', async t => {
  const { breaker, clock } = stepped(t, { cache: true, cacheTransport: { get: () => new Promise(() => {}), set () {}, flush () {} }, timeout: { adaptive: true, max: 80 } })
  const uncaught = await uncaughtDuring(async () => {
    const call = breaker.fire(10)
    await clock.step(79)
    assert.equal(breaker.stats.cacheMisses, 0)
    await clock.step(1)
    await clock.step(10)
    await call
  })
  assert.match(uncaught[0].message, /gave no answer within 80ms/)
})
