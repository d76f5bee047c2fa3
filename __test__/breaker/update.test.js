'use strict'

// `breaker.update(options)`: any option of a breaker that lives.

const assert = require('node:assert/strict')
const { EventEmitter, once } = require('node:events')
const { describe, test } = require('node:test')
const { setImmediate: turn } = require('node:timers/promises')

const CircuitBreaker = require('../..')
const { optionNames } = require('../../lib/native/abi')

const fail = () => Promise.reject(new Error('down'))
const never = () => new Promise(() => {})
// A breaker keeps no process alive, and one that only its own listener knows is collected.
const hear = async (emitter, name) => {
  const alive = setInterval(() => emitter, 1000)
  await once(emitter, name)
  clearInterval(alive)
}
const settle = (breaker, times) => Promise.allSettled(Array.from({ length: times }, () => breaker.fire()))

describe('update', () => {
  test('changes thresholds and volume from the next failure on', async () => {
    const breaker = new CircuitBreaker(fail, { errorThresholdPercentage: 100 })
    await settle(breaker, 3)
    breaker.update({ errorThresholdPercentage: 50, volumeThreshold: 5 })
    assert.equal(breaker.opened, false)
    assert.equal(breaker.volumeThreshold, 5)
    await settle(breaker, 1)
    assert.equal(breaker.opened, false)
    await settle(breaker, 1)
    assert.equal(breaker.opened, true)
    breaker.shutdown()
  })

  test('leaves what is left out or undefined as it is', () => {
    const given = { timeout: 123, volumeThreshold: 7, name: 'mine' }
    const breaker = new CircuitBreaker(fail, given)
    breaker.disable()
    const before = { ...breaker.options }
    breaker.update({})
    breaker.update({ timeout: undefined, capacity: undefined })
    assert.deepEqual(breaker.options, before)
    assert.equal(breaker.enabled, false, 'disabled by hand, which no option said')
    breaker.update({ timeout: null })
    assert.equal(breaker.options.timeout, 10_000, 'null: the default, as in the constructor')
    breaker.shutdown()
  })

  test("shows what holds on the user's own object", () => {
    const given = { timeout: 123 }
    const breaker = new CircuitBreaker(fail, given)
    const changes = Object.freeze({ timeout: 500, errorThresholdPercentage: 25 })
    breaker.update(changes)
    assert.equal(breaker.options, given)
    assert.equal(given.timeout, 500)
    assert.equal(given.errorThresholdPercentage, 25)
    breaker.shutdown()
  })

  test('gives calls that begin the other timeout', async () => {
    const breaker = new CircuitBreaker(never, { timeout: false })
    breaker.update({ timeout: 10 })
    await assert.rejects(breaker.fire(), { code: 'ETIMEDOUT', message: 'Timed out after 10ms' })
    breaker.shutdown()
  })

  test('changes the capacity; calls under way keep their places, and who waits is served', async () => {
    const breaker = new CircuitBreaker(never, { capacity: 2, timeout: false })
    breaker.fire()
    breaker.fire()
    const place = breaker.semaphore.take()
    breaker.update({ capacity: 3 })
    const release = await place
    release()
    assert.equal(breaker.semaphore.count, 1)
    breaker.update({ capacity: 1 })
    await assert.rejects(breaker.fire(), { code: 'ESEMLOCKED' })
    breaker.update({ capacity: Infinity })
    assert.ok(breaker.semaphore.count > 1e9)
    breaker.shutdown()
  })

  test('carries the counts over into a window of another shape', async () => {
    const breaker = new CircuitBreaker(fail, { errorThresholdPercentage: 100 })
    await settle(breaker, 4)
    const [bucket] = breaker.status.window
    breaker.update({ rollingCountTimeout: 60_000, rollingCountBuckets: 6 })
    assert.equal(breaker.status.window.length, 6)
    assert.equal(breaker.stats.failures, 4)
    assert.ok(breaker.stats.latencyMean >= 0)
    assert.equal(bucket.failures, 0, 'a bucket of the shape before has run out')
    breaker.update({ rollingPercentilesEnabled: false })
    assert.equal(breaker.stats.latencyMean, -1)
    assert.equal(breaker.status.rollingPercentilesEnabled, false)
    assert.equal(breaker.stats.failures, 4)
    breaker.shutdown()
  })

  test('has the window rotate by another controller, by the clock, and by none twice', async () => {
    const [first, second] = [new EventEmitter(), new EventEmitter()]
    const breaker = new CircuitBreaker(fail, { errorThresholdPercentage: 100, rollingCountBuckets: 2 })
    breaker.update({ rotateBucketController: first })
    assert.equal(first.listenerCount('rotate'), 1)
    await settle(breaker, 1)
    first.emit('rotate')
    assert.equal(breaker.stats.failures, 1)
    breaker.update({ rotateBucketController: second })
    assert.equal(first.listenerCount('rotate'), 0)
    first.emit('rotate')
    assert.equal(breaker.stats.failures, 1)
    second.emit('rotate')
    assert.equal(breaker.stats.failures, 0)
    breaker.disable()
    assert.equal(second.listenerCount('rotate'), 0)
    breaker.update({ rotateBucketController: first })
    assert.equal(first.listenerCount('rotate'), 0, 'not while it is disabled')
    breaker.enable()
    assert.equal(first.listenerCount('rotate'), 1)
    breaker.update({ rotateBucketController: null })
    assert.equal(first.listenerCount('rotate'), 0)
    breaker.shutdown()
  })

  test('enables and disables as the methods do', async () => {
    const breaker = new CircuitBreaker(fail, { errorThresholdPercentage: 0 })
    breaker.update({ enabled: false })
    assert.equal(breaker.enabled, false)
    await settle(breaker, 3)
    assert.equal(breaker.opened, false)
    breaker.update({ enabled: 'true' })
    assert.equal(breaker.enabled, true)
    assert.equal(breaker.options.enabled, true)
    breaker.shutdown()
  })

  test('turns caching on, and keeps fewer entries', async () => {
    let calls = 0
    const breaker = new CircuitBreaker(async n => { calls++; return n })
    breaker.update({ cache: true })
    for (const n of [1, 2, 3, 1, 2, 3]) await breaker.fire(n)
    assert.equal(calls, 3)
    breaker.update({ cacheSize: 1 })
    await breaker.fire(3)
    assert.equal(calls, 3, 'the newest is kept')
    await breaker.fire(2)
    assert.equal(calls, 4)
    breaker.update({ cache: false })
    await breaker.fire(2)
    assert.equal(calls, 5)
    breaker.shutdown()
  })

  test('takes a transport, and memory of its own again', async () => {
    const kept = new Map()
    const transport = { get: key => kept.get(key), set: (key, value) => kept.set(key, value), flush: () => kept.clear() }
    const breaker = new CircuitBreaker(async n => n, { cache: true })
    breaker.update({ cacheTransport: transport })
    await breaker.fire(1)
    assert.equal(kept.size, 1)
    breaker.update({ cacheTransport: null })
    await breaker.fire(2)
    assert.equal(kept.size, 1)
    assert.throws(() => breaker.update({ cacheTransport: {} }), /options.cacheTransport should be an object/)
    breaker.shutdown()
  })

  test('changes the name, and the group that was named after it', () => {
    const breaker = new CircuitBreaker(fail, { name: 'a' })
    breaker.update({ name: 'b' })
    assert.deepEqual([breaker.name, breaker.group], ['b', 'b'])
    breaker.update({ group: 'g' })
    breaker.update({ name: 'c' })
    assert.deepEqual([breaker.name, breaker.group, breaker.toJSON().state.name], ['c', 'g', 'c'])
    breaker.shutdown()
  })

  test('changes filter, abort controller and warm-up', async () => {
    const breaker = new CircuitBreaker(fail, { errorThresholdPercentage: 0 })
    breaker.update({ errorFilter: () => true, autoRenewAbortController: true })
    await settle(breaker, 1)
    assert.equal(breaker.stats.failures, 0)
    assert.ok(breaker.getSignal() instanceof AbortSignal)
    breaker.update({ errorFilter: null, allowWarmUp: true })
    assert.equal(breaker.warmUp, true)
    await settle(breaker, 1)
    assert.deepEqual([breaker.stats.failures, breaker.opened], [1, false])
    breaker.update({ allowWarmUp: false })
    assert.equal(breaker.warmUp, false)
    breaker.shutdown()
  })

  test('has snapshots taken at the end of the buckets there are, or none', async () => {
    const breaker = new CircuitBreaker(fail)
    const heard = hear(breaker.status, 'snapshot')
    breaker.update({ rollingCountTimeout: 40, rollingCountBuckets: 2 })
    await heard
    let heardMore = 0
    breaker.status.on('snapshot', () => heardMore++)
    breaker.update({ enableSnapshots: false })
    await new Promise(resolve => setTimeout(resolve, 60))
    assert.equal(heardMore, 0)
    breaker.shutdown()
  })

  test('lets an open circuit wait as long as it was to', async () => {
    const breaker = new CircuitBreaker(fail, { resetTimeout: 60_000 })
    breaker.open()
    breaker.update({ resetTimeout: 1 })
    await new Promise(resolve => setTimeout(resolve, 20))
    assert.equal(breaker.opened, true)
    breaker.close()
    breaker.open()
    await hear(breaker, 'halfOpen')
    breaker.shutdown()
  })

  test('takes another stall threshold and the other clock in mid-call', async () => {
    const breaker = new CircuitBreaker(never, { timeout: 40 })
    const call = breaker.fire()
    breaker.update({ stallThreshold: 5, timeoutClock: 'wall' })
    const next = breaker.fire()
    await assert.rejects(call, { code: 'ETIMEDOUT' })
    await assert.rejects(next, { code: 'ETIMEDOUT' })
    breaker.shutdown()
  })

  test('is harmless after shutdown', async () => {
    const breaker = new CircuitBreaker(fail)
    breaker.shutdown()
    breaker.update({ timeout: 5, enabled: true, rollingCountBuckets: 3, rotateBucketController: new EventEmitter() })
    assert.equal(breaker.enabled, false)
    await assert.rejects(breaker.fire(), { code: 'ESHUTDOWN' })
  })
})

describe('an update that fails changes nothing', () => {
  const nonsense = {
    timeout: -1,
    resetTimeout: 'soon',
    errorThresholdPercentage: NaN,
    volumeThreshold: 1.5,
    rollingCountBuckets: 0.5,
    capacity: 'many',
    errorFilter: 7,
    rotateBucketController: {},
    cacheSize: -1,
    stallThreshold: 0,
    timeoutClock: 'sun'
  }

  // All that an update could have changed.
  const seen = breaker => ({
    options: { ...breaker.options },
    name: breaker.name,
    volume: breaker.volumeThreshold,
    places: breaker.semaphore.count,
    buckets: breaker.status.window.length,
    enabled: breaker.enabled
  })

  // Beside the one that makes no sense.
  const others = { timeout: 1, name: 'other', volumeThreshold: 3, capacity: 4, rollingCountBuckets: 5, enabled: false, cache: true }

  const unchanged = (act, error) => {
    const given = { capacity: 9, name: 'mine' }
    const breaker = new CircuitBreaker(fail, given)
    const before = seen(breaker)
    assert.throws(() => act(breaker, given), error)
    assert.deepEqual(seen(breaker), before)
    assert.equal(breaker.options, given)
    breaker.shutdown()
  }

  for (const [name, value] of Object.entries(nonsense)) {
    test(`by nonsense: ${name}`, () => {
      unchanged(breaker => breaker.update({ ...others, [name]: value }), { name: 'TypeError', message: new RegExp(`^options\\.${name} must be `) })
    })
  }

  test('by what only a new breaker takes', () => {
    for (const name of ['state', 'status', 'stats']) {
      unchanged(breaker => breaker.update({ ...others, [name]: {} }), {
        name: 'TypeError', message: `options.${name} is what a breaker begins with: a new one takes it, not update()`
      })
    }
  })

  test('by what is no object', () => {
    for (const given of [undefined, null, 5, 'timeout']) {
      unchanged(breaker => breaker.update(given), { name: 'TypeError', message: /^options must be an object; got / })
    }
  })

  test('by a getter that throws, whichever', () => {
    for (const name of optionNames) {
      const given = Object.defineProperty({ ...others }, name, { get () { throw new Error('mine') } })
      unchanged(breaker => breaker.update(given), /mine/)
    }
  })

  test('by a setter of the options that throws, or by options that were frozen', () => {
    unchanged((breaker, given) => {
      Object.defineProperty(given, 'capacity', { get: () => 9, set () { throw new Error('mine') }, enumerable: true })
      breaker.update({ ...others })
    }, /mine/)
    unchanged((breaker, given) => {
      Object.freeze(given)
      breaker.update({ ...others })
    }, { name: 'TypeError', message: 'options.timeout cannot be written: breaker.options is frozen' })
  })

  test('by a controller that throws, and the one before is heard', async () => {
    const controller = new EventEmitter()
    const breaker = new CircuitBreaker(fail, { rotateBucketController: controller, errorThresholdPercentage: 100, rollingCountBuckets: 1 })
    const bad = { on () { throw new Error('mine') }, removeListener () {}, listeners: () => [] }
    assert.throws(() => breaker.update({ rotateBucketController: bad, timeout: 1 }), /mine/)
    assert.equal(breaker.options.timeout, 10_000)
    assert.equal(controller.listenerCount('rotate'), 1)
    await settle(breaker, 1)
    controller.emit('rotate')
    assert.equal(breaker.stats.failures, 0)
    breaker.shutdown()
  })

  test('by a controller, and no status is left behind that hears it', async () => {
    const breaker = new CircuitBreaker(fail)
    Object.freeze(breaker.options)
    const controller = new EventEmitter()
    assert.throws(() => breaker.update({ rotateBucketController: controller }), TypeError)
    assert.equal(controller.listenerCount('rotate'), 0)
    await turn()
    breaker.shutdown()
  })
})
