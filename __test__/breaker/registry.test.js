'use strict'

// Breakers by key.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const CircuitBreaker = require('../..')

const echo = async value => value
const keysOf = registry => [...registry.keys()]

describe('a registry', () => {
  test('makes a breaker for a key on first use, and gives it again', async () => {
    const registry = CircuitBreaker.registry({ action: echo, defaults: { timeout: 123 } })
    const breaker = registry.for('a')
    assert.ok(breaker instanceof CircuitBreaker)
    assert.equal(registry.for('a'), breaker)
    assert.equal(breaker.name, 'a')
    assert.equal(breaker.options.timeout, 123)
    assert.equal(await breaker.fire('x'), 'x')
    assert.equal(registry.size, 1)
  })

  test("takes a breaker's own action and options before its defaults", async () => {
    const defaults = { timeout: 123, capacity: 5 }
    const registry = CircuitBreaker.registry({ action: echo, defaults })
    const breaker = registry.for('a', async () => 'own', { timeout: 7, capacity: undefined, name: 'named' })
    assert.equal(await breaker.fire(), 'own')
    assert.deepEqual([breaker.options.timeout, breaker.options.capacity, breaker.name], [7, 5, 'named'])
    assert.equal(registry.for('b', { timeout: 9 }).options.timeout, 9)
    assert.deepEqual(defaults, { timeout: 123, capacity: 5 }, 'they are copied')
    assert.notEqual(registry.for('a').options, registry.for('b').options)
  })

  test('reads as a Map does', () => {
    const registry = CircuitBreaker.registry({ action: echo })
    const keys = [1, 'one', {}]
    const breakers = keys.map(key => registry.for(key))
    assert.deepEqual(keysOf(registry), keys)
    assert.deepEqual([...registry.values()], breakers)
    assert.deepEqual([...registry], keys.map((key, place) => [key, breakers[place]]))
    assert.deepEqual([...registry.entries()], [...registry])
    const seen = []
    registry.forEach(function (breaker, key, of) { seen.push([breaker, key, of, this]) }, 'context')
    assert.deepEqual(seen.map(([breaker, key, of]) => [breaker, key, of]), keys.map((key, place) => [breakers[place], key, registry]))
    assert.equal(registry.has(1), true)
    assert.equal(registry.get('two'), undefined)
    assert.equal(registry.delete(1), true)
    assert.equal(registry.delete(1), false)
    registry.clear()
    assert.equal(registry.size, 0)
    assert.equal(String(registry), '[object CircuitBreakerRegistry]')
  })

  test('beyond max forgets the least recently used', () => {
    const registry = CircuitBreaker.registry({ action: echo, max: 3 })
    for (const key of ['a', 'b', 'c']) registry.for(key)
    registry.for('a')
    registry.get('b')
    registry.has('c')
    registry.for('d')
    assert.deepEqual(keysOf(registry), ['a', 'b', 'd'], 'to ask whether one is there is no use')
  })

  test('never forgets one that is open, half open, forced open, disabled or in use', async () => {
    const registry = CircuitBreaker.registry({ action: () => new Promise(() => {}), defaults: { timeout: false }, max: 2 })
    const wait = { resetTimeout: 1 }
    registry.for('open').open()
    registry.for('halfOpen', wait).open()
    registry.for('forced').forceOpen()
    registry.for('disabled').disable()
    registry.for('busy').fire()
    await new Promise(resolve => setTimeout(resolve, 20))
    assert.equal(registry.for('halfOpen').halfOpen, true)
    registry.for('idle')
    registry.for('next')
    assert.deepEqual(keysOf(registry), ['open', 'forced', 'disabled', 'busy', 'halfOpen', 'next'], 'more than max, and idle went')
    for (const breaker of registry.values()) breaker.close()
    registry.get('disabled').enable()
    registry.for('last')
    assert.deepEqual(keysOf(registry), ['busy', 'last'], 'as soon as they can go, they do')
    for (const breaker of registry.values()) breaker.shutdown()
  })

  test('makes another in the place of one that was shut down', () => {
    const registry = CircuitBreaker.registry({ action: echo })
    const before = registry.for('a')
    before.shutdown()
    assert.notEqual(registry.for('a'), before)
    assert.equal(registry.size, 1)
  })

  test('forgets one whose bypass is that of all breakers', () => {
    const registry = CircuitBreaker.registry({ action: echo, max: 1 })
    registry.for('a')
    CircuitBreaker.disableAll()
    registry.for('b')
    CircuitBreaker.enableAll()
    assert.deepEqual(keysOf(registry), ['b'])
  })

  test('of a subclass makes breakers of that', () => {
    class Mine extends CircuitBreaker {}
    assert.ok(Mine.registry({ action: echo }).for('a') instanceof Mine)
    const { registry } = CircuitBreaker
    assert.ok(registry({ action: echo }).for('a') instanceof CircuitBreaker)
  })

  test('refuses nonsense by its name, before the first breaker', () => {
    const refused = (options, message) => assert.throws(() => CircuitBreaker.registry(options), { name: 'TypeError', message })
    refused(null, 'options must be an object; got null')
    refused({ max: 0 }, 'options.max must be a whole number of breakers, 1 or more; got 0')
    refused({ max: 1.5 }, /^options.max must be/)
    refused({ action: 5 }, 'options.action must be a function; got 5')
    refused({ defaults: 5 }, 'options.defaults must be an object; got 5')
    refused({ defaults: { timeout: -1 } }, /^options.timeout must be/)
    const registry = CircuitBreaker.registry()
    assert.throws(() => registry.for('a'), /No action provided/)
    assert.throws(() => registry.for('a', echo, 5), { name: 'TypeError', message: 'options must be an object; got 5' })
    assert.equal(registry.size, 0)
  })
})
