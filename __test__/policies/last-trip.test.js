'use strict'

// `lastTrip`: why a circuit opened last, when, and by what figures.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { sleep, until } = require('../support/wait')
const { down, fireInTurn, startBackend } = require('./support/backend')

test('the open event carries why the circuit opened, and lastTrip remembers it', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { volumeThreshold: 4, errorThresholdPercentage: 60 })
  const told = []
  breaker.on('open', (...args) => told.push(args))
  assert.equal(breaker.lastTrip, undefined)
  await fireInTurn(breaker, 1)
  backend.answer = down
  const before = Date.now()
  await fireInTurn(breaker, 3)
  const { at, ...trip } = breaker.lastTrip
  assert.deepEqual(trip, {
    reason: 'errorThresholdPercentage', failures: 3, calls: 4, percentage: 75, threshold: 60
  })
  // Two clocks, each rounded.
  assert.ok(at >= before - 2 && at <= Date.now() + 2, `${at}`)
  assert.deepEqual(told, [[breaker.lastTrip]])
  await sleep(5)
  assert.equal(breaker.lastTrip, told[0][0], 'the same object until it opens again')
  breaker.shutdown()
})

test('a probe that fails and a command are reasons, too', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { resetTimeout: 20 })
  const reasons = []
  breaker.on('open', ({ reason }) => reasons.push(reason))
  backend.answer = down
  await fireInTurn(breaker, 1)
  await until(() => breaker.halfOpen)
  await fireInTurn(breaker, 1)
  breaker.close()
  breaker.open()
  assert.deepEqual(reasons, ['errorThresholdPercentage', 'probe', 'open'])
  assert.deepEqual(Object.keys(breaker.lastTrip), ['reason', 'at'], 'without figures')
  breaker.close()
  assert.equal(breaker.lastTrip.reason, 'open', 'it stays when the circuit closes')
  breaker.shutdown()
  assert.equal(breaker.lastTrip.reason, 'open')
})

test('a breaker that begins open has not tripped', () => {
  const breaker = new CircuitBreaker(() => {}, { state: { closed: false } })
  assert.deepEqual([breaker.opened, breaker.lastTrip], [true, undefined])
  breaker.shutdown()
})

test('under a fake clock it opened at the time that the test shows', t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 })
  const breaker = new CircuitBreaker(() => {})
  t.mock.timers.tick(500)
  breaker.open()
  t.mock.timers.tick(250)
  assert.equal(breaker.lastTrip.at, 1_000_500)
  breaker.shutdown()
})
