'use strict'

// What operators do with a breaker, in front of a backend: counting only, holding open, health
// checks that close, a breaker for each host. What each does to the letter is in `breaker`.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { down, fireInTurn, ok, startBackend } = require('./support/backend')

test('one that counts only lets every request through, and tells once that it would have opened', async t => {
  const backend = await startBackend(t, down)
  const breaker = new CircuitBreaker(() => backend.get('/'), { preset: 'modern', metricsOnly: true })
  t.after(() => breaker.shutdown())
  let told = 0
  breaker.on('wouldOpen', () => told++)
  await fireInTurn(breaker, 50)
  assert.deepEqual([backend.requests, told, breaker.state], [50, 1, 'metricsOnly'])
  breaker.enable()
  await fireInTurn(breaker, 50)
  assert.equal(breaker.state, 'open', 'what was counted opens it at the next failure')
  assert.equal(backend.requests, 51)
})

test('one that is held open sends no request, and is closed when the last of its holders is done', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(() => backend.get('/'), { resetTimeout: 1 })
  t.after(() => breaker.shutdown())
  const holders = [breaker.forceOpen(), breaker.forceOpen()]
  await fireInTurn(breaker, 5)
  holders[0].dispose()
  await fireInTurn(breaker, 5)
  assert.deepEqual([backend.requests, breaker.state], [0, 'forcedOpen'])
  holders[1].dispose()
  assert.deepEqual(await fireInTurn(breaker, 1), [200])
})

test('a health check closes the circuit of a backend that is back, without a call of anybody', async t => {
  const backend = await startBackend(t, down)
  const breaker = new CircuitBreaker(() => backend.get('/'), { resetTimeout: 600_000 })
  t.after(() => breaker.shutdown())
  await fireInTurn(breaker, 1)
  assert.equal(breaker.state, 'open')
  breaker.healthCheck(() => backend.get('/health'), { interval: 20, closes: true })
  await once(breaker, 'healthCheckFailed')
  assert.equal(breaker.state, 'open')
  backend.answer = ok
  await once(breaker, 'close')
  assert.deepEqual(await fireInTurn(breaker, 1), [200])
})

test('a registry has a circuit for each host: one that is down costs the others nothing', async t => {
  const hosts = { well: await startBackend(t), ill: await startBackend(t, down) }
  const registry = CircuitBreaker.registry({ action: name => hosts[name].get('/'), defaults: { preset: 'modern' } })
  t.after(() => registry.forEach(breaker => breaker.shutdown()))
  for (let call = 0; call < 30; call++) {
    for (const name of Object.keys(hosts)) await registry.for(name).fire(name).catch(() => {})
  }
  assert.deepEqual([hosts.well.requests, hosts.ill.requests], [30, 20])
  assert.deepEqual(Array.from(registry, ([name, { state }]) => [name, state]), [['well', 'closed'], ['ill', 'open']])
})
