'use strict'

// halfOpenTimeout: a half-open circuit does not wait for ever.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { breakerIn, steppedClock } = require('../../lib/testing')
const { until } = require('../support/wait')
const { down, hang, ok, startBackend } = require('./support/backend')

test('probes that hang open the circuit again, and a backend that is back closes it', async t => {
  const backend = await startBackend(t, down)
  const breaker = new CircuitBreaker(backend.get, { halfOpenTimeout: 30, resetTimeout: 20, timeout: false })
  t.after(() => breaker.shutdown())
  const told = []
  for (const name of ['open', 'halfOpen']) breaker.on(name, () => told.push(name))
  await assert.rejects(breaker.fire(), { statusCode: 503 })
  await until(() => told.length === 2)
  backend.answer = hang
  breaker.fire().catch(() => {})
  await until(() => told.length === 4)
  assert.deepEqual(told, ['open', 'halfOpen', 'open', 'halfOpen'])
  backend.answer = ok
  assert.equal(await breaker.fire(), 200)
  assert.ok(breaker.closed)
})

/** Under the clock of a test: half open, with waits that double. */
function halfOpened (t, options) {
  const clock = steppedClock()
  t.after(() => clock.end())
  const resetTimeout = { initial: 1000, jitter: 0 }
  const breaker = breakerIn('halfOpen', () => new Promise(() => {}), { resetTimeout, timeout: false, ...options })
  t.after(() => breaker.shutdown())
  return { breaker, clock }
}

test('opens on its millisecond, for the next wait', async t => {
  const { breaker, clock } = halfOpened(t, { halfOpenTimeout: 500 })
  let waits
  breaker.on('open', () => { waits = breaker.nextAttemptAt - Date.now() })
  await clock.step(5000)
  assert.ok(breaker.halfOpen, 'nobody has tried')
  breaker.fire().catch(() => {})
  await clock.step(499)
  assert.ok(breaker.halfOpen)
  await clock.step(1)
  assert.ok(breaker.opened)
  assert.equal(waits, 2000)
})

test('without it, others may try beside a probe that hangs, and the circuit stays half open', async t => {
  for (const halfOpenTimeout of [false, Infinity, undefined]) {
    const { breaker, clock } = halfOpened(t, { halfOpenTimeout })
    breaker.fire().catch(() => {})
    await clock.step(999)
    assert.ok(!breaker.pendingClose)
    await clock.step(1)
    assert.ok(breaker.pendingClose)
    clock.end()
  }
})
