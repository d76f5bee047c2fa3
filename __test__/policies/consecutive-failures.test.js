'use strict'

// `consecutiveFailures`: so many in a row open the circuit.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { sleep } = require('../support/wait')
const { down, fireInTurn, fireTogether, ok, startBackend } = require('./support/backend')

// The rate never opens it, and no volume is reached.
const BY_ROW_ALONE = { errorThresholdPercentage: 100, volumeThreshold: 1000 }

test('so many failures in a row open the circuit, whatever the volume', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { ...BY_ROW_ALONE, consecutiveFailures: 3 })
  backend.answer = down
  await fireInTurn(breaker, 2)
  backend.answer = ok
  await fireInTurn(breaker, 1)
  backend.answer = down
  await fireInTurn(breaker, 2)
  assert.equal(breaker.closed, true, 'a success was between them')
  await fireInTurn(breaker, 1)
  assert.equal(breaker.opened, true)
  const { reason, failures, threshold } = breaker.lastTrip
  assert.deepEqual({ reason, failures, threshold }, { reason: 'consecutiveFailures', failures: 3, threshold: 3 })
  breaker.shutdown()
})

test('refusals by capacity do not add to the row, nor end it', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { ...BY_ROW_ALONE, consecutiveFailures: 3, capacity: 1 })
  backend.answer = (request, response) => sleep(20).then(() => down(request, response))
  for (let row = 1; row <= 3; row++) {
    assert.equal(breaker.closed, true)
    await fireTogether(breaker, 10)
  }
  assert.equal(breaker.opened, true)
  assert.equal(breaker.lastTrip.failures, 3)
  breaker.shutdown()
})

test('maxFailures counts them, and waits for the volume, as before', async t => {
  const backend = await startBackend(t)
  t.mock.method(console, 'error', () => {})
  const options = { errorThresholdPercentage: 100, volumeThreshold: 5, maxFailures: 2, capacity: 1 }
  const breaker = new CircuitBreaker(backend.get, options)
  await fireTogether(breaker, 5)
  assert.equal(breaker.lastTrip.reason, 'maxFailures')
  assert.equal(breaker.lastTrip.failures, 4, 'refusals, at the fifth call')
  breaker.shutdown()
})

test('a warm-up holds it back', async t => {
  const backend = await startBackend(t)
  backend.answer = down
  const breaker = new CircuitBreaker(backend.get, { ...BY_ROW_ALONE, consecutiveFailures: 1, allowWarmUp: true })
  await fireInTurn(breaker, 3)
  assert.equal(breaker.closed, true)
  breaker.shutdown()
})
