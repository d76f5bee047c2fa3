'use strict'

// The options of policies on a breaker that lives: what it has learned is kept as far as it fits.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { down, fireInTurn, startBackend } = require('./support/backend')

test('options of when to open hold from the next failure on, and may be taken back', async t => {
  const backend = await startBackend(t)
  backend.answer = down
  const breaker = new CircuitBreaker(backend.get, { errorThresholdPercentage: 100 })
  await fireInTurn(breaker, 2)
  breaker.update({ consecutiveFailures: 2 })
  await fireInTurn(breaker, 1)
  assert.equal(breaker.closed, true, 'the row begins now')
  await fireInTurn(breaker, 1)
  assert.equal(breaker.lastTrip.reason, 'consecutiveFailures')
  breaker.close()
  breaker.update({ consecutiveFailures: false, window: { calls: 3 }, errorThresholdPercentage: 50 })
  assert.equal(breaker.volumeThreshold, 3)
  await fireInTurn(breaker, 2)
  assert.equal(breaker.closed, true)
  breaker.update({ window: { calls: 2 } })
  await fireInTurn(breaker, 1)
  assert.deepEqual(breaker.lastTrip.calls, 2, 'the last two')
  breaker.close()
  breaker.update({ window: null, rateOf: 'outcomes', resetWindowOnClose: true, volumeThreshold: 3 })
  await fireInTurn(breaker, 2)
  assert.equal(breaker.closed, true)
  await fireInTurn(breaker, 1)
  assert.equal(breaker.lastTrip.calls, 3)
  breaker.shutdown()
})

test('an update that makes no sense together with what holds changes nothing', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { window: { calls: 3 } })
  assert.throws(() => breaker.update({ volumeThreshold: 4 }), { name: 'TypeError', message: /volumeThreshold must not be above options\.window\.calls/ })
  assert.throws(() => breaker.update({ rateOf: 'fires' }), { name: 'TypeError', message: /cannot stand with/ })
  assert.deepEqual([breaker.options.volumeThreshold, breaker.options.rateOf], [undefined, undefined])
  backend.answer = down
  await fireInTurn(breaker, 3)
  assert.equal(breaker.lastTrip.calls, 3)
  breaker.shutdown()
})
