'use strict'

// What a call costs in crossings into the native half. One costs as much as all else that is done
// for a call that succeeds.

const { crossingsOf, crossingsUntil } = require('./support/crossings')

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const CircuitBreaker = require('../..')

const hanging = () => new Promise(() => {})
const failing = () => Promise.reject(new Error('no'))

/** The crossings of one fire, until its promise has settled. */
const crossingsOfCall = breaker => crossingsUntil(() => breaker.fire())

describe('a call', () => {
  test('that succeeds makes two', async () => {
    const breaker = new CircuitBreaker(async () => {})
    assert.deepEqual(await crossingsOfCall(breaker), ['admit', 'settle'])
    assert.deepEqual(await crossingsOfCall(breaker), ['admit', 'settle'])
  })

  test('that fails makes two where nobody listens, and a third to decide after who listens has heard', async () => {
    const breaker = new CircuitBreaker(failing, { volumeThreshold: 9 })
    assert.deepEqual(await crossingsOfCall(breaker), ['admit', 'settle'])
    breaker.on('failure', () => {})
    assert.deepEqual(await crossingsOfCall(breaker), ['admit', 'settle', 'evaluateTrip'])
  })

  test('that an open circuit refuses makes one', async () => {
    const breaker = new CircuitBreaker(failing)
    breaker.open()
    assert.deepEqual(await crossingsOfCall(breaker), ['admit'])
  })
})

describe('a call that waits for a place', () => {
  test('makes one more than others, as its turn comes, and two that tell of it', async () => {
    const breaker = new CircuitBreaker(() => new Promise(resolve => setImmediate(resolve)), { capacity: 1, queue: {}, timeout: false })
    const crossings = await crossingsUntil(() => Promise.all([breaker.fire(), breaker.fire()]))
    assert.deepEqual(crossings, ['admit', 'admit', 'settle', 'poll', 'enter', 'poll', 'settle'])
  })

  test('and finds none makes one, beside those of the wake-up', async () => {
    const breaker = new CircuitBreaker(hanging, { capacity: 1, queue: { timeout: 5 }, timeout: false })
    breaker.fire()
    const crossings = await crossingsUntil(() => breaker.fire().catch(() => {}))
    assert.deepEqual(crossings.filter(name => name !== 'nextWakeup'), ['admit'])
  })
})

describe('a timeout', () => {
  // The loop may be woken too early any number of times.
  const untilItsEnd = async (listeners, options) => {
    const breaker = new CircuitBreaker(hanging, { timeout: 5, volumeThreshold: 9, ...options })
    for (const name of listeners) breaker.on(name, () => {})
    const crossings = await crossingsOfCall(breaker)
    return crossings.slice(crossings.lastIndexOf('nextWakeup', crossings.indexOf('expire')))
  }

  test('that only its caller hears of makes three', async () => {
    assert.deepEqual(await untilItsEnd([]), ['nextWakeup', 'expire', 'nextWakeup'])
    assert.deepEqual(await untilItsEnd(['fire', 'open', 'success']), ['nextWakeup', 'expire', 'nextWakeup'])
  })

  test('that others hear of makes one for each thing that they hear before it is decided', async () => {
    assert.deepEqual(await untilItsEnd(['timeout']), ['nextWakeup', 'expire', 'settle', 'nextWakeup'])
    assert.deepEqual(await untilItsEnd(['failure']), ['nextWakeup', 'expire', 'settle', 'evaluateTrip', 'nextWakeup'])
    const filtered = await untilItsEnd([], { errorFilter: () => true })
    assert.deepEqual(filtered, ['nextWakeup', 'expire', 'settle', 'nextWakeup'])
  })

  test('that opens the circuit makes two more, for the event', async () => {
    assert.deepEqual(await untilItsEnd([], { volumeThreshold: 0 }), ['nextWakeup', 'expire', 'poll', 'poll', 'nextWakeup'])
  })

  test('makes two beside another that comes with it', async () => {
    const breaker = new CircuitBreaker(hanging, { timeout: 5, volumeThreshold: 9 })
    for (let attempt = 0; attempt < 200; attempt++) {
      const crossings = await crossingsUntil(() => Promise.allSettled([breaker.fire(), breaker.fire()]))
      const told = crossings.slice(crossings.indexOf('expire'))
      assert.deepEqual(told.filter(name => name === 'expire').length, 2)
      // They may come in two wake-ups, and there are wake-ups that have nothing to say.
      assert.deepEqual(told.filter(name => name !== 'expire' && name !== 'nextWakeup'), [])
      if (told.join() === 'expire,nextWakeup,expire,nextWakeup') return
    }
    assert.fail('two timeouts never come together')
  })
})

test('toJSON() makes one', () => {
  const breaker = new CircuitBreaker(failing)
  assert.deepEqual(crossingsOf(() => breaker.toJSON()), ['readStats'])
  breaker.open()
  breaker.on('halfOpen', () => {})
  assert.deepEqual(crossingsOf(() => breaker.toJSON()), ['readStats'])
})
