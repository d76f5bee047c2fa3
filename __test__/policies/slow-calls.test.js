'use strict'

// `slowCallDuration` and `slowCallThresholdPercentage`: too many slow calls open the circuit.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { sleep, until } = require('../support/wait')
const { down, fireInTurn, ok, startBackend } = require('./support/backend')

// Far from what a healthy answer takes on a slow machine, and from the slow one.
const SLOW_MS = 200
const slowly = (request, response) => sleep(SLOW_MS * 2).then(() => ok(request, response))

test('slow answers open the circuit, though each is a success', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { slowCallDuration: SLOW_MS, volumeThreshold: 4 })
  const reasons = []
  breaker.on('open', ({ reason }) => reasons.push(reason))
  await fireInTurn(breaker, 2)
  backend.answer = slowly
  await fireInTurn(breaker, 2)
  assert.equal(breaker.closed, true, 'two of four')
  assert.deepEqual(await fireInTurn(breaker, 2), [200, 'EOPENBREAKER'])
  assert.deepEqual(reasons, ['slowCallThresholdPercentage'])
  const { slowCalls, calls, percentage, threshold } = breaker.lastTrip
  assert.deepEqual({ slowCalls, calls, percentage, threshold }, { slowCalls: 3, calls: 5, percentage: 60, threshold: 50 })
  assert.equal(breaker.stats.failures, 0)
  breaker.shutdown()
})

test('a slow probe opens the circuit again', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { slowCallDuration: SLOW_MS, resetTimeout: 20, volumeThreshold: 100 })
  breaker.open()
  await until(() => breaker.halfOpen)
  backend.answer = slowly
  await fireInTurn(breaker, 1)
  assert.equal(breaker.lastTrip.reason, 'probe')
  backend.answer = ok
  await until(() => breaker.halfOpen)
  await fireInTurn(breaker, 1)
  assert.equal(breaker.closed, true)
  breaker.shutdown()
})

test('a stall of the event loop makes no call slow', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { slowCallDuration: SLOW_MS, slowCallThresholdPercentage: 0 })
  for (let i = 0; i < 3; i++) {
    const call = breaker.fire()
    await new Promise(resolve => setImmediate(resolve))
    const until = performance.now() + 2 * SLOW_MS
    while (performance.now() < until);
    await call
  }
  assert.equal(breaker.closed, true)
  backend.answer = slowly
  await fireInTurn(breaker, 1)
  assert.equal(breaker.opened, true)
  breaker.shutdown()
})

test('failures may be slow, too', async t => {
  const backend = await startBackend(t)
  backend.answer = (request, response) => sleep(SLOW_MS * 2).then(() => down(request, response))
  const breaker = new CircuitBreaker(backend.get, {
    errorThresholdPercentage: 100, slowCallDuration: SLOW_MS, slowCallThresholdPercentage: 100, volumeThreshold: 2
  })
  await fireInTurn(breaker, 2)
  assert.equal(breaker.lastTrip.reason, 'slowCallThresholdPercentage')
  breaker.shutdown()
})
