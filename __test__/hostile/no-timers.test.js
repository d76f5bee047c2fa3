'use strict'

// The host's timers are gone, or are something else: breakers live on by their own clock.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const { child } = require('../support/child')

const WITHOUT = {
  'setTimeout deleted': 'delete globalThis.setTimeout',
  'all of them deleted': 'for (const name of NAMES) delete globalThis[name]',
  'setTimeout undefined': 'globalThis.setTimeout = undefined',
  'setTimeout null': 'globalThis.setTimeout = null',
  'setTimeout a number': 'globalThis.setTimeout = 5',
  'setTimeout a text': "globalThis.setTimeout = 'later'",
  'setTimeout one that throws when it is read': "Object.defineProperty(globalThis, 'setTimeout', { configurable: true, get () { throw new Error('gone') } })",
  'setTimeout one that throws': "globalThis.setTimeout = () => { throw new Error('gone') }",
  'setTimeout one that is never the same': "Object.defineProperty(globalThis, 'setTimeout', { configurable: true, get: () => () => {} })"
}

describe('with the timers of the host gone, calls are answered and time out, and circuits recover', { concurrency: 2 }, () => {
  for (const [name, take] of Object.entries(WITHOUT)) {
    for (const when of ['before the module is loaded', 'before a breaker is made', 'between calls', 'and given back']) {
      test(`${name}, ${when}`, async () => {
        const { stdout, stderr, ...end } = await child(`async ({ require, path }) => {
          const { setTimeout: sleep } = require('node:timers/promises')
          const NAMES = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate']
          const descriptors = NAMES.map(name => Object.getOwnPropertyDescriptor(globalThis, name))
          const giveBack = () => NAMES.forEach((name, number) => Object.defineProperty(globalThis, name, descriptors[number]))
          const take = () => { ${take} }
          const when = ${JSON.stringify(when)}
          const code = promise => promise.then(value => value, error => error.code ?? error.stack)

          if (when === 'before the module is loaded') take()
          const CircuitBreaker = require(path)
          if (when === 'before a breaker is made') take()
          const breaker = new CircuitBreaker(act => act(), { timeout: 50, resetTimeout: 30 })
          let announced = false
          breaker.on('halfOpen', () => { announced = true })
          const hung = code(breaker.fire(() => new Promise(() => {})))
          if (when === 'between calls' || when === 'and given back') take()
          const outcomes = [await code(breaker.fire(async () => 'well')), await hung]
          breaker.open()
          const giveUpAt = Date.now() + 10_000
          while (!announced && Date.now() < giveUpAt) await sleep(5)
          outcomes.push(announced, await code(breaker.fire(async () => 'well')))
          if (when === 'and given back') giveBack()
          outcomes.push(await code(breaker.fire(() => new Promise(() => {}))), breaker.stats.fires)
          console.log(JSON.stringify(outcomes))
          process.exit()
        }`)
        assert.deepEqual({ stderr, ...end }, { stderr: '', code: 0, signal: null })
        assert.deepEqual(JSON.parse(stdout), ['well', 'ETIMEDOUT', true, 'well', 'ETIMEDOUT', 4])
      })
    }
  }
})
