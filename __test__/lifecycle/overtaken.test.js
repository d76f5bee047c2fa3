'use strict'

// An environment that ends before its loop has come for what the timer thread sent it. Deno calls for
// that all the same, when everything has been dropped: `.ci/runtimes` runs this there, with what is freed
// made useless at once.

const { test } = require('node:test')
const CircuitBreaker = require('../..')

test('an alarm that the end of its environment overtakes is heard by nobody', () => {
  const breaker = new CircuitBreaker(() => new Promise(() => {}), { timeout: 5 })
  breaker.fire().catch(() => {})
  const end = Date.now() + 30
  while (Date.now() < end);
})
