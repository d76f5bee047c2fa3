'use strict'

// `rateOf: 'outcomes'`: the rate is a share of what the service answered.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { until } = require('../support/wait')
const { down, fireInTurn, fireTogether, ok, startBackend } = require('./support/backend')

// Longer than a few hundred refusals take, on a slow machine, too.
const RESET_MS = 500

test('many calls that fail together open the circuit at the volume', async t => {
  const backend = await startBackend(t)
  backend.answer = down
  const opensAt = async rateOf => {
    const breaker = new CircuitBreaker(backend.get, { rateOf, volumeThreshold: 10 })
    let failures = 0
    breaker.on('failure', () => { if (breaker.closed) failures++ })
    await fireTogether(breaker, 100)
    breaker.shutdown()
    return failures
  }
  assert.equal(await opensAt('outcomes'), 10)
  assert.equal(await opensAt('fires'), 51, 'by default the calls under way count')
})

test('refused callers do not hide the failures before a recovery', async t => {
  const backend = await startBackend(t)
  const opensAgain = async options => {
    const breaker = new CircuitBreaker(backend.get, { volumeThreshold: 20, resetTimeout: RESET_MS, ...options })
    backend.answer = down
    await fireInTurn(breaker, 20)
    assert.equal(breaker.opened, true)
    assert.deepEqual(new Set(await fireTogether(breaker, 400)), new Set(['EOPENBREAKER']))
    backend.answer = ok
    await until(() => breaker.halfOpen)
    await fireInTurn(breaker, 1)
    assert.equal(breaker.closed, true)
    let trip
    breaker.once('open', why => { trip = why })
    backend.answer = down
    await fireInTurn(breaker, 200)
    breaker.shutdown()
    return trip?.failures
  }
  assert.equal(await opensAgain({ rateOf: 'outcomes', resetWindowOnClose: true }), 20)
  assert.equal(await opensAgain({ rateOf: 'outcomes' }), 21, 'all that failed is in the window, and one more')
  const hidden = await opensAgain({})
  assert.ok(hidden === undefined || hidden > 200, `opossum's rate is watered down: ${hidden}`)
})

test('cache hits and joined calls do not water the rate down', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(path => backend.get(path), {
    rateOf: 'outcomes', volumeThreshold: 4, cache: true, coalesce: true, coalesceResetOn: ['error', 'success']
  })
  await fireInTurn(breaker, 100, '/kept')
  assert.equal(backend.requests, 1)
  backend.answer = down
  await Promise.all([fireTogether(breaker, 100, '/joined'), breaker.fire('/other').catch(() => {})])
  assert.equal(backend.requests, 3)
  assert.equal(breaker.closed, true, 'two of three failed, below the volume')
  await fireInTurn(breaker, 1, '/third')
  assert.equal(breaker.opened, true)
  const { failures, calls, percentage } = breaker.lastTrip
  assert.deepEqual({ failures, calls, percentage }, { failures: 3, calls: 4, percentage: 75 })
  breaker.shutdown()
})

test('calls made while disabled are no outcomes', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { rateOf: 'outcomes', volumeThreshold: 2 })
  breaker.disable()
  await fireInTurn(breaker, 50)
  breaker.enable()
  backend.answer = down
  await fireInTurn(breaker, 2)
  assert.equal(breaker.opened, true)
  assert.equal(breaker.lastTrip.calls, 2)
  breaker.shutdown()
})

test('refusals by capacity are no outcomes', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { rateOf: 'outcomes', capacity: 1 })
  const outcomes = await fireTogether(breaker, 20)
  assert.equal(outcomes.filter(outcome => outcome === 'ESEMLOCKED').length, 19)
  assert.equal(breaker.closed, true)
  assert.equal(breaker.stats.failures, 19, 'they are among the failures of the stats all the same')
  breaker.shutdown()
})
