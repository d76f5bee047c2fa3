'use strict'

// resetTimeout as an object: waits that grow.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { steppedClock } = require('../../lib/testing')
const { down, ok, startBackend } = require('./support/backend')

const fail = async () => { throw new Error('ill') }

/** Under the clock of a test: a breaker of that action, and what it waited for each time that it opened. */
function underClock (t, resetTimeout, action = fail) {
  const clock = steppedClock()
  t.after(() => clock.end())
  const breaker = new CircuitBreaker(action, { resetTimeout })
  t.after(() => breaker.shutdown())
  const waits = []
  breaker.on('open', () => waits.push(breaker.nextAttemptAt - Date.now()))
  return { breaker, clock, waits }
}

test('waits for ever longer while the backend is down, and closes when it is back', async t => {
  const backend = await startBackend(t, down)
  const breaker = new CircuitBreaker(backend.get, { resetTimeout: { initial: 10, max: 60, jitter: 0 } })
  t.after(() => breaker.shutdown())
  const waits = []
  breaker.on('halfOpen', wait => {
    waits.push(wait)
    if (waits.length === 4) backend.answer = ok
    // Whoever comes next.
    breaker.fire().catch(() => {})
  })
  breaker.fire().catch(() => {})
  await once(breaker, 'close')
  assert.deepEqual(waits, [10, 20, 40, 60])
  assert.equal(backend.requests, 5)
})

test('grows by the factor, up to max', async t => {
  const { breaker, clock, waits } = underClock(t, { initial: 100, max: 1000, factor: 3, jitter: 0 })
  for (let attempt = 0; attempt < 5; attempt++) {
    await breaker.fire().catch(() => {})
    await clock.step(1000)
  }
  assert.deepEqual(waits, [100, 300, 900, 1000, 1000])
})

test('starts over once the circuit was closed for longer than the last wait, and not before', async t => {
  let healthy = false
  const { breaker, clock, waits } = underClock(t, { initial: 100, jitter: 0 }, () => healthy ? 1 : fail())
  const opensAndCloses = async closedFor => {
    healthy = false
    // The window holds what went well: it opens by hand.
    breaker.open()
    await clock.step(waits.at(-1))
    healthy = true
    await breaker.fire()
    assert.ok(breaker.closed)
    await clock.step(closedFor)
  }
  await opensAndCloses(50)
  await opensAndCloses(200)
  await opensAndCloses(401)
  await opensAndCloses(0)
  assert.deepEqual(waits, [100, 200, 400, 100])
})

test('chance only shortens: no wait is longer than it says, and they differ', t => {
  const waits = Array.from({ length: 200 }, () => {
    const breaker = new CircuitBreaker(fail, { resetTimeout: { initial: 1000 } })
    breaker.open()
    const wait = breaker.nextAttemptAt - Date.now()
    breaker.shutdown()
    return wait
  })
  assert.ok(waits.every(wait => wait > 490 && wait <= 1001), `${waits}`)
  assert.ok(Math.max(...waits) - Math.min(...waits) > 250, `${waits}`)
})

test('by default, five minutes are the longest wait, or the first', async t => {
  const { breaker, clock, waits } = underClock(t, { initial: 200_000, jitter: 0 })
  for (let attempt = 0; attempt < 3; attempt++) {
    await breaker.fire().catch(() => {})
    await clock.step(300_000)
  }
  assert.deepEqual(waits, [200_000, 300_000, 300_000])
  const patient = new CircuitBreaker(fail, { resetTimeout: { initial: 400_000, jitter: 0 } })
  t.after(() => patient.shutdown())
  patient.open()
  assert.equal(patient.nextAttemptAt - Date.now(), 400_000)
})

test('another object on the living options holds from the next opening on', async t => {
  const { breaker, clock, waits } = underClock(t, 100)
  breaker.open()
  await clock.step(100)
  breaker.options.resetTimeout = { initial: 300, factor: 1, jitter: 0 }
  await breaker.fire().catch(() => {})
  assert.deepEqual(waits, [100, 300])
  breaker.options.resetTimeout = { initial: 300, jitter: 7 }
  await assert.rejects(breaker.fire(), {
    message: 'options.resetTimeout.jitter must be a number from 0 to 1; got 7',
    name: 'TypeError'
  })
})

test('each field that makes no sense is named, and so is one that there is not', () => {
  const nonsense = {
    initial: [undefined, -1, NaN, 'soon', {}],
    max: [-1, 99, NaN, 'late'],
    factor: [0, 0.9, NaN, Infinity, 'twice'],
    jitter: [-0.1, 1.1, NaN, 'some']
  }
  for (const [name, values] of Object.entries(nonsense)) {
    for (const value of values) {
      const resetTimeout = { initial: 100, [name]: value }
      assert.throws(() => new CircuitBreaker(fail, { resetTimeout }), error => {
        assert.equal(error.name, 'TypeError')
        return error.message.startsWith(`options.resetTimeout.${name} must be `)
      }, `${name}: ${value}`)
    }
  }
  assert.throws(() => new CircuitBreaker(fail, { resetTimeout: { initial: 100, maxDelay: 5 } }), {
    message: 'options.resetTimeout has no maxDelay: it may have initial, max, factor and jitter',
    name: 'TypeError'
  })
})

test('nextAttemptAt is what retryAfter of a refusal says', async t => {
  const { breaker, clock } = underClock(t, 250)
  assert.equal(breaker.nextAttemptAt, undefined)
  breaker.open()
  await clock.step(100)
  const { retryAfter } = await breaker.fire().catch(error => error)
  assert.equal(breaker.nextAttemptAt, Date.now() + retryAfter)
  assert.equal(retryAfter, 150)
  await clock.step(150)
  assert.equal(breaker.nextAttemptAt, undefined, 'one may try')
  breaker.close()
  breaker.options.resetTimeout = Infinity
  breaker.open()
  assert.equal(breaker.nextAttemptAt, Infinity)
})

test('a breaker that goes on from a toJSON() waits what is left, and longer the next time', async t => {
  const { breaker, clock, waits } = underClock(t, { initial: 100, jitter: 0 })
  breaker.open()
  await clock.step(100)
  await breaker.fire().catch(() => {})
  assert.deepEqual(waits, [100, 200])
  const { state } = JSON.parse(JSON.stringify(breaker))
  assert.deepEqual([state.attempt, state.wait], [2, 200])
  await clock.step(50)
  const other = new CircuitBreaker(fail, { resetTimeout: { initial: 100, jitter: 0 }, state })
  t.after(() => other.shutdown())
  assert.equal(other.nextAttemptAt - Date.now(), 150)
  await clock.step(150)
  await other.fire().catch(() => {})
  assert.equal(other.nextAttemptAt - Date.now(), 400)
  breaker.close()
  assert.ok(!('attempt' in breaker.toJSON().state), 'closed')
  for (const nonsense of [{ attempt: 'many' }, { attempt: 2, wait: null }, { attempt: 2, wait: 'long' }]) {
    const third = new CircuitBreaker(fail, { resetTimeout: { initial: 100, jitter: 0 }, state: { ...state, wait: undefined, ...nonsense, lastTimerAt: Date.now() } })
    t.after(() => third.shutdown())
    assert.ok(third.nextAttemptAt - Date.now() <= 100, JSON.stringify(nonsense))
  }
})
