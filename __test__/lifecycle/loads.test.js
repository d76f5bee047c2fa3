'use strict'

// The module loaded more than once in a process, as by test runners, and forgotten.

const assert = require('node:assert/strict')
const { join } = require('node:path')
const { test } = require('node:test')

const { child } = require('../support/child')
const { hasThreads } = require('../support/needs')

const LOADS = JSON.stringify(join(__dirname, '..', 'support', 'loads.js'))

for (const kind of ['forgotten', 'contained']) {
  test(`loads of the module work side by side, know each other's errors and are collected: ${kind}`, async () => {
    const program = async ({ require, path }, loads, kind) => {
      const { setTimeout: sleep } = require('node:timers/promises')
      const load = require(loads)[kind]
      const hang = () => new Promise(() => {})

      const classes = [load(path), load(path)]
      const errors = await Promise.all(classes.map(CircuitBreaker => {
        return new CircuitBreaker(hang, { timeout: 20 }).fire().catch(error => error)
      }))
      const known = classes.flatMap(({ isOurError }) => errors.map(isOurError))
      const distinct = new Set(classes).size

      const refs = []
      for (let i = 0; i < 20; i++) {
        const CircuitBreaker = load(path)
        const breaker = new CircuitBreaker(n => n ? hang() : 'well', { timeout: 5, resetTimeout: 600_000 })
        await breaker.fire(0)
        await breaker.fire(1).catch(() => {})
        refs.push(new WeakRef(CircuitBreaker))
      }
      // The first is the parent of the addon's module, the last may be remembered.
      let left = Infinity
      for (let i = 0; i < 200 && left > 2; i++) {
        globalThis.gc()
        left = refs.filter(ref => ref.deref()).length
        await sleep(5)
      }
      console.log(JSON.stringify({ codes: errors.map(({ code }) => code), known, distinct, left: Math.max(left, 2) }))
    }
    const source = `given => (${program})(given, ${LOADS}, ${JSON.stringify(kind)})`
    const { code, signal, stdout, stderr } = await child(source)
    assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' })
    const expected = { codes: ['ETIMEDOUT', 'ETIMEDOUT'], known: [true, true, true, true], distinct: 2, left: 2 }
    assert.deepEqual(JSON.parse(stdout), expected)
  })
}

test('the native half of a load that was forgotten is closed', async () => {
  const program = async ({ require, path }, loads) => {
    const { setTimeout: sleep } = require('node:timers/promises')
    const { forgotten } = require(loads)
    // Each native half has handles of its own at the loop: one that counts its turns,
    // and one by which the timer thread wakes it.
    const { report } = process
    report.excludeNetwork = true
    const handles = () => report.getReport().libuv.filter(({ type }) => type === 'prepare' || type === 'async').length

    // The first one is the parent of the addon's module, which Node does not forget.
    forgotten(path)
    const before = handles()
    const most = await (async () => {
      const classes = Array.from({ length: 20 }, () => forgotten(path))
      const breakers = classes.map(CircuitBreaker => new CircuitBreaker(async () => {}, { resetTimeout: 600_000 }))
      await Promise.all(breakers.map(breaker => breaker.fire()))
      for (const breaker of breakers) breaker.open()
      return handles()
    })()
    let left = Infinity
    // The last may be remembered.
    for (let i = 0; i < 200 && left > 2; i++) {
      globalThis.gc()
      await sleep(5)
      left = handles() - before
    }
    console.log(JSON.stringify({ opened: most - before, left: left <= 2 ? 0 : left }))
  }
  const { code, signal, stdout, stderr } = await child(`given => (${program})(given, ${LOADS})`)
  assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' })
  const { opened, left } = JSON.parse(stdout)
  // WebAssembly has none.
  assert.ok(hasThreads ? opened >= 20 : opened === 0, `${opened} handles were seen`)
  assert.equal(left, 0)
})

test('a call with a timeout keeps a load alive that everybody has forgotten', async () => {
  const program = async ({ require, path }, loads) => {
    const { setImmediate: turn } = require('node:timers/promises')
    const { forgotten } = require(loads)
    // The first one is the parent of the addon's module, which Node does not forget.
    forgotten(path)
    ;(() => {
      const CircuitBreaker = forgotten(path)
      const breaker = new CircuitBreaker(() => new Promise(() => {}), { timeout: 300 })
      breaker.fire().catch(({ code }) => console.log(code === 'ETIMEDOUT' && 'done'))
    })()
    for (let i = 0; i < 20; i++) {
      if (i < 3) forgotten(path)
      await turn()
      globalThis.gc()
    }
  }
  const end = await child(`given => (${program})(given, ${LOADS})`)
  assert.deepEqual(end, { code: 0, signal: null, stdout: 'done\n', stderr: '' })
})
