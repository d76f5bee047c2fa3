'use strict'

// What the timer thread tells the loop: no more often than somebody wants to know, and
// to everybody, whatever goes wrong with one of them.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { child } = require('../support/child')
const { collected } = require('../support/wait')

test('alarms that come after an earlier one do not multiply', async () => {
  const { code, stdout, stderr } = await child(async ({ require, path }) => {
    const { setTimeout: sleep } = require('node:timers/promises')
    const CircuitBreaker = require(path)
    const breaker = new CircuitBreaker(async () => {}, { rollingCountTimeout: 20, rollingCountBuckets: 10 })
    // Each deadline earlier than the one before.
    for (let i = 0; i < 4000; i++) {
      breaker.options.timeout = 1000 - i / 5
      await breaker.fire()
    }
    // From now on there is always something to be looked at later.
    breaker.status.on('snapshot', () => {})
    await sleep(1200)
    const before = process.cpuUsage()
    await sleep(500)
    const { user, system } = process.cpuUsage(before)
    console.log((user + system) / 500_000)
    process.exit()
  })
  assert.equal(code, 0, stderr)
  // The snapshots take a twentieth.
  assert(Number(stdout) < 0.25, `${stdout.trim()} of a core`)
})

test('what goes wrong with one breaker does not keep the others from their timeouts', async t => {
  const WRONGS = {
    'a timeout that is no text': options => { options.timeout = Symbol('soon') },
    'a timeout that throws': options => {
      Object.defineProperty(options, 'timeout', { get () { throw new Error('wrong') } })
    }
  }
  for (const [name, wrong] of Object.entries(WRONGS)) {
    await t.test(name, async () => {
      const { stdout, stderr } = await child(`async ({ require, path }) => {
        const { setTimeout: sleep } = require('node:timers/promises')
        const CircuitBreaker = require(path)
        process.on('uncaughtException', () => {})
        const breaker = () => new CircuitBreaker(() => new Promise(() => {}), { timeout: 20 })
        const bad = breaker()
        bad.fire().catch(() => {})
        ;(${wrong})(bad.options)
        await sleep(100)
        const late = breaker().fire().catch(error => error.code)
        console.log(await Promise.race([late, sleep(5000, 'pending')]))
        process.exit()
      }`)
      assert.equal(stdout, 'ETIMEDOUT\n', stderr)
    })
  }
})

test('nonsense among the live options does not keep a call under way from its timeout', async () => {
  const { stdout, stderr } = await child(async ({ require, path }) => {
    const { setTimeout: sleep } = require('node:timers/promises')
    const CircuitBreaker = require(path)
    const breaker = new CircuitBreaker(() => new Promise(() => {}), { timeout: 20 })
    const late = breaker.fire().catch(error => error.code)
    breaker.options.timeout = Symbol('soon')
    console.log(await Promise.race([late, sleep(5000, 'pending')]))
    process.exit()
  })
  assert.equal(stdout, 'ETIMEDOUT\n', stderr)
})

test('a breaker with a timeout beyond all clocks is collected', async () => {
  for (const timeout of [1e12, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE]) {
    const ref = await (async () => {
      const breaker = new CircuitBreaker(async () => 'well', { timeout })
      assert.equal(await breaker.fire(), 'well')
      return new WeakRef(breaker)
    })()
    await collected(ref)
  }
})
