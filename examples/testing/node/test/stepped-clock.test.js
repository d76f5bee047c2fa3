'use strict'

// Time is what the test says, and a breaker stands where the test wants it: `didelphis/testing`.

const assert = require('node:assert/strict')
const { afterEach, beforeEach, test } = require('node:test')
const { breakerIn, steppedClock } = require('didelphis/testing')

const Greeter = require('../greeter')

let clock
beforeEach(() => { clock = steppedClock() })
afterEach(() => clock.end())

const ada = async () => ({ name: 'Ada' })
const hangs = () => new Promise(() => {})
const fails = async () => { throw new Error('down') }

test('a call that hangs times out', async () => {
  const greeting = new Greeter(hangs).greet(1)
  await clock.step(500)
  assert.equal(await greeting, 'Hello!')
})

test('while the circuit is open, nobody is looked up', async () => {
  let lookups = 0
  const greeter = new Greeter(ada)
  greeter.breaker = breakerIn('open', () => { lookups++ }, { resetTimeout: 10_000 })
  assert.equal(await greeter.greet(1), 'Hello!')
  assert.equal(lookups, 0)
})

test('after the reset timeout one call tries, and closes the circuit', async () => {
  const greeter = new Greeter(ada)
  greeter.breaker = breakerIn('open', ada, { resetTimeout: 10_000 })
  await clock.step(10_000)
  assert.equal(greeter.breaker.state, 'halfOpen')
  assert.equal(await greeter.greet(1), 'Hello, Ada!')
  assert.equal(greeter.breaker.state, 'closed')
})

test('waits grow, by a chance that the test draws', async () => {
  const { breaker } = new Greeter(fails, { resetTimeout: { initial: 1000, jitter: 0.5 }, random: () => 0 })
  const waits = []
  for (let attempt = 0; attempt < 3; attempt++) {
    await breaker.fire(1).catch(() => {})
    waits.push(breaker.nextAttemptAt - clock.now)
    await clock.step(waits.at(-1))
  }
  assert.deepEqual(waits, [1000, 2000, 4000])
})
