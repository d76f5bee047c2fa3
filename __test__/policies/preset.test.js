'use strict'

// `preset: 'modern'`: what goes wrong by the defaults of opossum, and does not by these.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const CircuitBreaker = require('../..')
const { startBackend, down, ok } = require('./support/backend')

const MODERN = {
  rateOf: 'outcomes',
  volumeThreshold: 20,
  resetWindowOnClose: true,
  resetTimeout: { initial: 1000, max: 60_000 },
  halfOpenTimeout: 10_000
}
const settle = (breaker, times) => Promise.allSettled(Array.from({ length: times }, () => breaker.fire('/')))

const inTurn = async (breaker, times) => {
  for (let time = 0; time < times; time++) await settle(breaker, 1)
}

const guard = (backend, options) => new CircuitBreaker(path => backend.get(path), { preset: 'modern', ...options })

describe('the preset', () => {
  test('shows on the options what it stands for, and own options go before it', () => {
    const shown = options => {
      const breaker = new CircuitBreaker(() => {}, options)
      breaker.shutdown()
      return Object.fromEntries(Object.keys(MODERN).map(name => [name, breaker.options[name]]))
    }
    assert.deepEqual(shown({ preset: 'modern' }), MODERN)
    assert.deepEqual(shown({ preset: 'modern', resetTimeout: 5, volumeThreshold: 3 }), { ...MODERN, resetTimeout: 5, volumeThreshold: 3 })
    assert.deepEqual(shown({ preset: 'modern', window: { calls: 10 } }), { ...MODERN, volumeThreshold: undefined }, 'all of the last calls')
    assert.equal(shown({ preset: 'modern', timeout: 700 }).halfOpenTimeout, 700)
    assert.equal(shown({ preset: 'modern', timeout: false }).halfOpenTimeout, undefined)
    assert.equal(shown({}).rateOf, undefined, "without it all is opossum's")
    assert.deepEqual(shown(Object.freeze({ preset: 'modern' })), MODERN)
  })

  test('goes before the defaults of a registry', () => {
    const registry = CircuitBreaker.registry({ action: () => {}, defaults: { volumeThreshold: 3, timeout: 7 } })
    assert.equal(registry.for('a', { preset: 'modern' }).options.volumeThreshold, 20)
    assert.equal(registry.for('a').options.timeout, 7)
    const modern = CircuitBreaker.registry({ action: () => {}, defaults: { preset: 'modern', volumeThreshold: 3 } })
    assert.deepEqual([modern.for('a').options.volumeThreshold, modern.for('a').options.rateOf], [3, 'outcomes'])
  })

  test('may be given to a breaker that lives', () => {
    const breaker = new CircuitBreaker(() => {}, { timeout: 5 })
    breaker.update({ preset: 'modern', volumeThreshold: 4 })
    assert.deepEqual([breaker.options.rateOf, breaker.options.resetTimeout, breaker.volumeThreshold, breaker.options.timeout],
      ['outcomes', { initial: 1000, max: 60_000 }, 4, 5])
    assert.throws(() => breaker.update({ preset: 'postmodern' }), { name: 'TypeError', message: "options.preset must be the name of a preset: 'modern'; got 'postmodern'" })
    breaker.shutdown()
  })
})

describe('by the preset', () => {
  test('calls that all fail at once open it at the volume', async t => {
    const backend = await startBackend(t, down)
    const breaker = guard(backend)
    let failures = 0
    let atOpening
    breaker.on('failure', () => failures++)
    breaker.on('open', () => { atOpening = failures })
    await settle(breaker, 100)
    assert.equal(atOpening, 20)
    breaker.shutdown()
  })

  test('refused callers do not hide the failures after a recovery, nor does one failure open it', async t => {
    const backend = await startBackend(t, down)
    const breaker = guard(backend)
    await settle(breaker, 20)
    assert.equal(breaker.opened, true)
    await settle(breaker, 200)
    backend.answer = ok
    breaker.close()
    await inTurn(breaker, 30)
    backend.answer = down
    await inTurn(breaker, 1)
    assert.equal(breaker.opened, false)
    await inTurn(breaker, 30)
    assert.equal(breaker.opened, true, '31 of 61 outcomes, whoever was refused before')
    breaker.shutdown()
  })

  test('cache hits do not water the rate down', async t => {
    const backend = await startBackend(t, (request, response) => (request.url === '/well' ? ok : down)(request, response))
    const breaker = guard(backend, { cache: true, cacheGetKey: path => path })
    await breaker.fire('/well')
    for (let time = 0; time < 200; time++) await breaker.fire('/well')
    for (let time = 0; time < 25; time++) await breaker.fire(`/ill/${time}`).catch(() => {})
    assert.equal(breaker.opened, true)
    breaker.shutdown()
  })

  test('joined calls do not either', async t => {
    const backend = await startBackend(t, down)
    const breaker = guard(backend, { coalesce: true, coalesceResetOn: ['error'], cacheGetKey: path => path })
    for (let time = 0; time < 20; time++) await settle(breaker, 10)
    assert.equal(backend.requests, 20)
    assert.equal(breaker.opened, true)
    breaker.shutdown()
  })

  test('calls that were made while it was disabled do not either', async t => {
    const backend = await startBackend(t, ok)
    const breaker = guard(backend)
    breaker.disable()
    await settle(breaker, 200)
    breaker.enable()
    backend.answer = down
    await settle(breaker, 20)
    assert.equal(breaker.opened, true)
    breaker.shutdown()
  })
})
