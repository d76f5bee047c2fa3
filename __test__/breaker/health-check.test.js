'use strict'

// Health checks beyond opossum's: one that passes may close. That they do not overlap is among
// the regressions.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const CircuitBreaker = require('../..')
const { defer, until } = require('../support/wait')

const act = async () => {}
const alive = async wait => {
  const timer = setInterval(() => {}, 1000)
  await wait
  clearInterval(timer)
}

describe('a health check that closes', () => {
  test('opens the circuit as it fails and closes it as it passes', async () => {
    const breaker = new CircuitBreaker(act, { resetTimeout: 60_000 })
    const heard = []
    for (const name of ['open', 'close', 'healthCheckFailed']) breaker.on(name, () => heard.push(name))
    let isWell = false
    breaker.healthCheck(async () => { if (!isWell) throw new Error('unwell') }, { interval: 5, closes: true })
    await alive(until(() => breaker.opened))
    isWell = true
    await alive(until(() => breaker.closed))
    breaker.shutdown()
    assert.deepEqual(heard.filter(name => name !== 'healthCheckFailed'), ['open', 'close'])
  })

  test('leaves a circuit alone that is forced open', async () => {
    const breaker = new CircuitBreaker(act)
    breaker.forceOpen()
    let checks = 0
    breaker.healthCheck(async () => { checks++ }, { interval: 1, closes: true })
    await alive(until(() => checks > 3))
    assert.equal(breaker.state, 'forcedOpen')
    breaker.shutdown()
  })

  test('says nothing of a circuit that opened after it had begun', async () => {
    const breaker = new CircuitBreaker(act, { resetTimeout: 60_000 })
    const { promise, resolve } = defer()
    breaker.healthCheck(() => promise, { interval: 60_000, closes: true })
    breaker.open()
    resolve()
    await new Promise(resolve => setTimeout(resolve, 5))
    assert.equal(breaker.opened, true)
    breaker.shutdown()
  })

  test('without closes, or by an interval alone, closes nothing', async () => {
    for (const options of [1, { interval: 1 }, { interval: 1, closes: false }]) {
      const breaker = new CircuitBreaker(act, { resetTimeout: 60_000 })
      breaker.open()
      let checks = 0
      breaker.healthCheck(async () => { checks++ }, options)
      await alive(until(() => checks > 2))
      assert.equal(breaker.opened, true)
      breaker.shutdown()
    }
  })

  test('refuses nonsense by its name', () => {
    const breaker = new CircuitBreaker(act)
    const refused = (options, message) => assert.throws(() => breaker.healthCheck(act, options), { name: 'TypeError', message })
    refused({ interval: -1 }, 'Health check interval must be a number')
    refused({}, 'Health check interval must be a number')
    refused({ closes: 1 }, 'options.closes must be true or false; got 1')
    refused({ intervall: 5 }, 'Health checks have no option intervall: there are interval and closes')
    breaker.shutdown()
  })
})
