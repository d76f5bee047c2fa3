'use strict'

// throttle: a share of the calls is refused in place of a circuit that opens.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { steppedClock } = require('../../lib/testing')
const { until } = require('../support/wait')
const { down, fireTogether, ok, startBackend } = require('./support/backend')

const well = async () => 'well'
const ill = async () => { throw new Error('ill') }

/** What `random` gives is `draws.next`: 0 refuses wherever chance decides, 0.999 nowhere. */
function throttled (t, options, action = fails => fails ? ill() : well()) {
  const draws = { next: 0.999 }
  const breaker = new CircuitBreaker(action, { throttle: true, random: () => draws.next, timeout: false, ...options })
  t.after(() => breaker.shutdown())
  return {
    breaker,
    draws,
    /** Has so many calls succeed and fail. */
    async end (good, bad) {
      await settle(draws, 0.999, breaker)
      await Promise.all(Array.from({ length: good }, () => breaker.fire(false)))
      await Promise.allSettled(Array.from({ length: bad }, () => breaker.fire(true)))
    },
    /** Fires with that draw: what comes of it. */
    async fire (draw, ...args) {
      await settle(draws, draw, breaker)
      return breaker.fire(...args).then(() => 'passed', error => error.code ?? error.message)
    }
  }
}

// The draw that was given beforehand is used up: another source is asked at once.
async function settle (draws, draw, breaker) {
  draws.next = draw
  breaker.update({ random: () => draws.next })
}

test('a backend that can answer a part of what is asked for goes on doing so, and gets about twice as much', async t => {
  const backend = await startBackend(t)
  let quota = Infinity
  backend.answer = (request, response) => quota-- > 0 ? ok(request, response) : down(request, response)
  const breaker = new CircuitBreaker(backend.get, { throttle: true })
  t.after(() => breaker.shutdown())
  const results = []
  const round = async () => {
    quota = 10
    results.push(...await fireTogether(breaker, 40))
  }
  for (let count = 0; count < 10; count++) await round()
  const before = backend.requests
  results.length = 0
  for (let count = 0; count < 20; count++) await round()
  const of = outcome => results.filter(result => result === outcome).length
  assert.equal(of('ETHROTTLED') + backend.requests - before, 800)
  // Half of them on average: the odds of fewer or more than these are one in millions.
  const requests = backend.requests - before
  assert.ok(requests > 250 && requests < 550, `${requests} of 800 were made`)
  assert.ok(of(200) > 150, `${of(200)} of 200 were answered`)
  assert.equal(breaker.state, 'closed')
  assert.equal(breaker.lastTrip, undefined)
  backend.answer = ok
  // What was ill is outweighed by what is well.
  for (let count = 0; count < 100 && breaker.explain().includes('refused by chance'); count++) await fireTogether(breaker, 50)
  assert.deepEqual(new Set(await fireTogether(breaker, 20)), new Set([200]))
})

test('a call is refused below the share, and passes at it', async t => {
  const { breaker, end, fire } = throttled(t)
  await end(25, 75)
  // (100 - 2 * 25) / 108
  assert.equal(await fire(0.4629, false), 'ETHROTTLED')
  assert.equal(await fire(0.4722, false), 'passed', '51 / 109 is 0.468')
  assert.deepEqual([breaker.stats.rejects, breaker.stats.failures, breaker.stats.fires], [1, 75, 102])
  assert.equal(breaker.state, 'closed')
})

test('a refusal is told by its code and what failed last, knows no moment, and has the fallback and the event of refusals', async t => {
  const { breaker, end, fire } = throttled(t)
  await end(0, 100)
  const rejects = []
  breaker.on('reject', error => rejects.push(error))
  assert.equal(await fire(0, false), 'ETHROTTLED')
  const [error] = rejects
  assert.equal(error.message, 'Breaker is throttling')
  assert.deepEqual([error.retryAfter, error.cause.message, CircuitBreaker.isOurError(error)], [undefined, 'ill', true])
  breaker.fallback(() => 'instead')
  assert.equal(await fire(0, false), 'passed')
  assert.equal(breaker.stats.fallbacks, 1)
  assert.throws(() => breaker.acquire(), { code: 'ETHROTTLED' })
})

test('a call that is under way is no evidence, nor are fewer than ten that have ended', async t => {
  let fail
  const { breaker, fire } = throttled(t, {}, () => new Promise((resolve, reject) => { fail = reject }))
  const slow = Array.from({ length: 100 }, () => breaker.fire())
  await settle({}, 0, breaker)
  for (let call = 0; call < 9; call++) {
    const promise = breaker.fire()
    fail(new Error('ill'))
    await assert.rejects(promise, { message: 'ill' })
  }
  assert.match(breaker.explain(), /^Closed: calls go through\./)
  const tenth = fire(0)
  await new Promise(resolve => setImmediate(resolve))
  fail(new Error('ill'))
  assert.equal(await tenth, 'ill')
  assert.equal(await fire(0), 'ETHROTTLED')
  slow.forEach(promise => promise.catch(() => {}))
})

test('one call a second passes, by the clock of a test, too', async t => {
  const clock = steppedClock()
  t.after(() => clock.end())
  const { breaker, draws, end } = throttled(t, { throttle: { maxRejection: 1 } })
  await end(0, 200)
  draws.next = 0
  await breaker.fire(true).catch(() => {})
  const passed = []
  for (let ms = 0; ms < 4000; ms += 100) {
    await breaker.fire(true).catch(error => { if (error.code !== 'ETHROTTLED') passed.push(clock.now) })
    await clock.step(100)
  }
  assert.ok(passed.length >= 3 && passed.length <= 4, `${passed}`)
  passed.slice(1).forEach((at, index) => assert.equal(at - passed[index], 1000))
})

test('it can be opened by hand, and then is tried as any', async t => {
  const { breaker, fire } = throttled(t, { resetTimeout: 10 })
  breaker.open()
  assert.equal(await fire(0, false), 'EOPENBREAKER')
  await until(() => breaker.halfOpen)
  assert.equal(await fire(0, false), 'passed')
  assert.ok(breaker.closed)
  breaker.forceOpen()
  assert.equal(await fire(0, false), 'EOPENBREAKER')
  breaker.close()
  assert.equal(await fire(0, false), 'passed')
})

test('counting only, and disabled, it refuses nobody, and says what it would', async t => {
  const { breaker, end, fire } = throttled(t)
  await end(0, 100)
  breaker.metricsOnly()
  assert.equal(await fire(0, false), 'passed')
  breaker.enable()
  assert.equal(await fire(0, false), 'ETHROTTLED')
  assert.match(breaker.explain(),
    /^Closed: 90 % of the calls are refused by chance \(throttle\)\. The window holds 100 failures of 101 calls \(99 %\); it is throttled in place of opening\.$/)
  breaker.disable()
  assert.equal(await fire(0, false), 'passed')
})

test('it begins, changes and ends with an update', async t => {
  const { breaker, end, fire } = throttled(t, { throttle: false, volumeThreshold: 1000 })
  breaker.update({ throttle: true })
  await end(0, 100)
  assert.equal(await fire(0.89, false), 'ETHROTTLED')
  breaker.update({ throttle: { maxRejection: 0.5 } })
  assert.equal(await fire(0.51, false), 'passed')
  assert.throws(() => breaker.update({ throttle: { maxRejection: 2 } }), { message: 'options.throttle.maxRejection must be a number from 0 to 1; got 2' })
  assert.equal(await fire(0.49, false), 'ETHROTTLED')
  breaker.update({ throttle: false })
  assert.equal(await fire(0, false), 'passed')
})

test('with a preset it is tried as it is without: no halfOpenTimeout', t => {
  const breaker = new CircuitBreaker(well, { preset: 'modern', throttle: true })
  t.after(() => breaker.shutdown())
  assert.equal(breaker.options.halfOpenTimeout, undefined)
  breaker.update({ throttle: false })
  assert.equal(breaker.options.halfOpenTimeout, 10_000)
  breaker.update({ throttle: true })
  assert.equal(breaker.options.halfOpenTimeout, undefined)
  assert.throws(() => breaker.update({ halfOpenTimeout: 5 }), {
    name: 'TypeError', message: 'options.throttle cannot stand with options.halfOpenTimeout: the circuit does not open by itself'
  })
})

test('a try that it refuses is the end of a call', async t => {
  const { breaker, end, draws } = throttled(t, { retry: { attempts: 3, delay: { initial: 1 } } })
  await end(0, 100)
  draws.next = 0
  await breaker.fire(true).catch(() => {})
  const error = await breaker.fire(true).catch(error => error)
  assert.equal(error.code, 'ETHROTTLED')
})

for (const [fields, message] of [
  [{ k: 0.5 }, 'options.throttle.k must be a number, 1 or more; got 0.5'],
  [{ k: Infinity }, 'options.throttle.k must be a number, 1 or more; got Infinity'],
  [{ maxRejection: -0.1 }, 'options.throttle.maxRejection must be a number from 0 to 1; got -0.1'],
  [{ maxRejection: 90 }, 'options.throttle.maxRejection must be a number from 0 to 1; got 90'],
  [{ ratio: 2 }, 'options.throttle has no ratio: it may have k and maxRejection']
]) {
  test(`nonsense is refused by name: ${JSON.stringify(fields)}`, () => {
    assert.throws(() => new CircuitBreaker(well, { throttle: fields }), { name: 'TypeError', message })
  })
}
