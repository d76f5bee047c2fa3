'use strict'

// halfOpenTimeout: a half-open circuit does not wait for ever.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const FakeTimers = require('@sinonjs/fake-timers')

const CircuitBreaker = require('../..')
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
  const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
  t.after(() => clock.uninstall())
  const resetTimeout = { initial: 1000, jitter: 0 }
  const breaker = new CircuitBreaker(() => new Promise(() => {}), { resetTimeout, timeout: false, ...options })
  t.after(() => breaker.shutdown())
  breaker.open()
  clock.tick(1000)
  assert.ok(breaker.halfOpen)
  return { breaker, clock }
}

test('opens on its millisecond, for the next wait', t => {
  const { breaker, clock } = halfOpened(t, { halfOpenTimeout: 500 })
  let waits
  breaker.on('open', () => { waits = breaker.nextAttemptAt - Date.now() })
  clock.tick(5000)
  assert.ok(breaker.halfOpen, 'nobody has tried')
  breaker.fire().catch(() => {})
  clock.tick(499)
  assert.ok(breaker.halfOpen)
  clock.tick(1)
  assert.ok(breaker.opened)
  assert.equal(waits, 2000)
})

test('without it, others may try beside a probe that hangs, and the circuit stays half open', t => {
  for (const halfOpenTimeout of [false, Infinity, undefined]) {
    const { breaker, clock } = halfOpened(t, { halfOpenTimeout })
    breaker.fire().catch(() => {})
    clock.tick(999)
    assert.ok(!breaker.pendingClose)
    clock.tick(1)
    assert.ok(breaker.pendingClose)
    clock.uninstall()
  }
})
