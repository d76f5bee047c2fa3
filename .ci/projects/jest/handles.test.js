/* global expect, test */

// With --detectOpenHandles: nothing is left open.

const CircuitBreaker = require('didelphis')

const breaker = new CircuitBreaker(async value => value)
breaker.on('success', () => {})

test('a call is answered', async () => {
  expect(await breaker.fire(1)).toBe(1)
})

test('a call with a listener is answered', () => {
  breaker.on('timeout', () => {})
  return breaker.fire(2).then(value => expect(value).toBe(2))
})

test('the circuit opens', () => {
  breaker.open()
})
