'use strict'

// `shouldTrip(stats)`: a function of the user's that opens the circuit.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { uncaughtDuring } = require('../support/wait')
const { down, fireInTurn, startBackend } = require('./support/backend')

// Nothing else opens it.
const ALONE = { errorThresholdPercentage: 100 }

test('it is asked after each failure from the volume on, and true opens the circuit', async t => {
  const backend = await startBackend(t)
  const asked = []
  const shouldTrip = stats => {
    asked.push(stats.failures)
    return stats.failures >= 4
  }
  const breaker = new CircuitBreaker(backend.get, { ...ALONE, volumeThreshold: 3, shouldTrip })
  await fireInTurn(breaker, 1)
  backend.answer = down
  await fireInTurn(breaker, 6)
  assert.deepEqual(asked, [2, 3, 4])
  assert.equal(breaker.lastTrip.reason, 'shouldTrip')
  assert.equal(breaker.opened, true)
  breaker.shutdown()
})

test('it is not asked where something else opens the circuit, nor while it is not closed', async t => {
  const backend = await startBackend(t)
  backend.answer = down
  let asked = 0
  const breaker = new CircuitBreaker(backend.get, { shouldTrip: () => { asked++ } })
  const late = Array.from({ length: 5 }, () => breaker.fire().catch(() => {}))
  await Promise.all(late)
  assert.equal(breaker.lastTrip.reason, 'errorThresholdPercentage')
  const { requests } = backend
  assert.ok(asked < requests, 'failures after it opened ask nobody')
  breaker.shutdown()
})

test('listeners to failure make no difference', async t => {
  const backend = await startBackend(t)
  backend.answer = down
  const breaker = new CircuitBreaker(backend.get, { ...ALONE, shouldTrip: stats => stats.failures === 2 })
  breaker.on('failure', () => {})
  await fireInTurn(breaker, 2)
  assert.equal(breaker.lastTrip.reason, 'shouldTrip')
  breaker.shutdown()
})

test('timeouts are failures of which it is asked', async t => {
  const backend = await startBackend(t)
  backend.answer = () => {}
  const breaker = new CircuitBreaker(backend.get, { ...ALONE, timeout: 20, shouldTrip: stats => stats.timeouts === 2 })
  await fireInTurn(breaker, 2)
  assert.equal(breaker.lastTrip.reason, 'shouldTrip')
  breaker.shutdown()
})

test('what it throws, and a promise, open nothing and surface', async t => {
  const backend = await startBackend(t)
  backend.answer = down
  const ill = new Error('ill')
  for (const [shouldTrip, message] of [
    [() => { throw ill }, 'ill'],
    [async () => true, 'options.shouldTrip must give true or false; it gave a promise, which says nothing']
  ]) {
    const breaker = new CircuitBreaker(backend.get, { ...ALONE, shouldTrip })
    const uncaught = await uncaughtDuring(() => fireInTurn(breaker, 1))
    assert.deepEqual(uncaught.map(error => error.message), [message])
    assert.equal(breaker.closed, true)
    breaker.shutdown()
  }
})

test('it may use the breaker, and opens none that has moved meanwhile', async t => {
  const backend = await startBackend(t)
  backend.answer = down
  const breaker = new CircuitBreaker(backend.get, {
    ...ALONE,
    shouldTrip: () => {
      breaker.shutdown()
      return true
    }
  })
  await fireInTurn(breaker, 1)
  assert.deepEqual([breaker.opened, breaker.isShutdown, breaker.lastTrip], [false, true, undefined])
})
