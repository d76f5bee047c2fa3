'use strict'

// What a call costs in crossings into the native half. One costs as much as all else that is done
// for a call that succeeds.

const { crossingsOf, crossingsUntil } = require('./support/crossings')

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const CircuitBreaker = require('../..')

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

test('toJSON() makes one', () => {
  const breaker = new CircuitBreaker(failing)
  assert.deepEqual(crossingsOf(() => breaker.toJSON()), ['readStats'])
  breaker.open()
  breaker.on('halfOpen', () => {})
  assert.deepEqual(crossingsOf(() => breaker.toJSON()), ['readStats'])
})
