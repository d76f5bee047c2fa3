'use strict'

// What hostile readers of the code found, each as the smallest program that showed it.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const { child } = require('../support/child')

const PROGRAMS = {
  'a breaker that is collected before its lost call is found keeps no process': `
    const vm = require('node:vm')
    function once () {
      const b = new CircuitBreaker(() => { for (;;); }, { timeout: 300 })
      try { vm.runInNewContext('f()', { f: () => b.fire() }, { timeout: 20 }) } catch {}
    }
    setTimeout(once, 10)
    setTimeout(() => { gc(); gc() }, 10)
    `,
  'calls that have timed out are told where the stack has room': `
    process.on('uncaughtException', () => {})
    const b = new CircuitBreaker(() => new Promise(() => {}), { timeout: 300, resetTimeout: 300, timeoutClock: 'wall' })
    const told = []
    for (let i = 0; i < 5; i++) b.fire().catch(error => told.push(error.code))
    b.open()
    b.once('halfOpen', () => {
      const deep = () => { try { deep() } catch {} try { b.close() } catch {} }
      deep()
    })
    process.on('exit', () => { if (told.length !== 5) process.exitCode = 8 })
    `,
  'what a crossing gives is not what the timers of a host leave': `
    const clear = globalThis.clearTimeout
    Date.isMock = true
    let time = 1e12
    Date.now = () => time
    const other = new CircuitBreaker(async () => 1, { resetTimeout: 77777 })
    other.open()
    globalThis.clearTimeout = timer => {
      globalThis.clearTimeout = clear
      other.fire().catch(() => {})
      clear(timer)
    }
    const b = new CircuitBreaker(async () => 1, { timeout: 1000 })
    let latency
    b.on('success', (_, ms) => { latency = ms })
    b.fire()
    time += 10
    process.on('exit', () => { if (latency !== 10) process.exitCode = 8 })
    `,
  'a refused call is refused and counted, whoever counts its listeners': `
    process.on('uncaughtException', () => {})
    class Broken extends CircuitBreaker { listenerCount () { throw new Error('mine') } }
    const b = new Broken(async () => 1, { capacity: 0 })
    b.on('x', () => {})
    let code
    b.fire().catch(error => { code = error.code })
    process.on('exit', () => { if (code !== 'ESEMLOCKED' || b.stats.failures !== 1) process.exitCode = 8 })
    `,
  'places that are served while they are being served leave the call its answer': `
    const { now } = Date
    Date.isMock = true
    let hook
    Date.now = () => { const run = hook; hook = undefined; run?.(); return now() }
    const b = new CircuitBreaker(async x => x, { capacity: 2, timeout: 500 })
    const { semaphore } = b
    semaphore.test()
    let answer
    b.fire(1).then(value => { answer = value })
    semaphore.take().catch(() => {})
    let looks = 0
    const on = () => { if (++looks === 2) { semaphore.release(); semaphore.release() }; hook = on }
    hook = on
    setTimeout(() => { hook = undefined }, 100)
    process.on('exit', () => { if (answer !== 1) process.exitCode = 8 })
    `
}

for (const [what, program] of Object.entries(PROGRAMS)) {
  test(what, async () => {
    const { code, signal } = await child(`({ require, path }) => {\nconst CircuitBreaker = require(path)\n${program}\n}`)
    assert.deepEqual({ code, signal }, { code: 0, signal: null })
  })
}
