'use strict'

// The system gives no thread (a limit on processes is reached): whatever comes by the clock
// comes all the same, one warning says so, and when there is a thread again it is taken.

const assert = require('node:assert/strict')
const { join } = require('node:path')
const { before, describe, test } = require('node:test')

const { child } = require('../support/child')
const { hasThreads } = require('../support/needs')
const { compiled } = require('./support/compiled')

// Makes and removes the limit, and tells of threads and warnings. `deny` comes after what Node
// itself takes threads for.
const SETUP = `
  const { readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
  const { setImmediate: turn, setTimeout: sleep } = require('node:timers/promises')
  const limit = process.env.NO_THREADS_WHILE
  const deny = () => writeFileSync(limit, '')
  const allow = () => rmSync(limit)
  const hasThread = () => readdirSync('/proc/self/task')
    .some(id => readFileSync('/proc/self/task/' + id + '/comm', 'utf8').startsWith('didelphis'))
  const warnings = []
  process.on('warning', ({ code }) => warnings.push(code))
  const until = async (condition, ms = 10_000) => {
    const giveUpAt = Date.now() + ms
    while (!condition() && Date.now() < giveUpAt) await sleep(5)
    return condition()
  }
  // Where no thread is ever taken that is known soon.
  const untilThread = fire => until(() => { fire(); return hasThread() }, ${hasThreads ? 10_000 : 500})
  const hang = () => new Promise(() => {})
  const code = promise => promise.then(() => 'well', ({ code }) => code)`

// All that comes by the clock: what of it came.
const ALL = `
  const CircuitBreaker = require(path)
  const all = async () => {
    const came = []
    const breaker = new CircuitBreaker(act => act(), { timeout: 40, resetTimeout: 30, rollingCountTimeout: 50, rollingCountBuckets: 5 })
    let snapshots = 0
    breaker.status.on('snapshot', () => { snapshots++ })
    breaker.on('halfOpen', () => came.push('halfOpen'))
    breaker.on('timeout', () => came.push('timeout'))
    const began = Date.now()
    came.push(await code(breaker.fire(hang)), breaker.opened)
    // Node's own timers may go off a millisecond early.
    came.push(Date.now() - began >= 38)
    came.push(await until(() => came.includes('halfOpen')))
    came.push(await code(breaker.fire(async () => {})), breaker.closed)
    came.push(await until(() => snapshots > 3))
    const others = Array.from({ length: 100 }, (_, number) => {
      const other = new CircuitBreaker(hang, { timeout: 10 + number * 7 % 100 })
      return code(other.fire())
    })
    came.push(...new Set(await Promise.all(others)))
    breaker.shutdown()
    return came.sort()
  }`

const CAME = [
  'ETIMEDOUT', 'ETIMEDOUT', 'halfOpen', 'timeout', true, true, true, true, true, 'well'
].sort()

// Nobody misses what he never takes.
const WARNED = hasThreads ? [true] : []

describe('without a thread', { concurrency: 2, skip: process.platform !== 'linux' }, () => {
  let shim
  before(() => { shim = compiled('no-threads.c', 'so') })

  test('timeouts, resets and snapshots come; one warning says so; a thread that is there later is taken', async () => {
    const result = await played(`async ({ require, path }) => {
      ${SETUP}
      deny()
      ${ALL}
      const without = [await all(), await all(), hasThread(), warnings.length]
      const breaker = new CircuitBreaker(hang, { timeout: 400, errorThresholdPercentage: 100 })
      const underWay = code(breaker.fire())
      allow()
      // The breaker that went without takes it, too.
      const taken = await untilThread(() => { breaker.fire().catch(() => {}) })
      const late = [await underWay, await code(breaker.fire()), await all()]
      console.log(JSON.stringify({ without, taken, late, warnings: warnings.map(code => /^DIDELPHIS/.test(code) || code) }))
    }`)
    assert.deepEqual(result, {
      without: [CAME, CAME, false, WARNED.length],
      taken: hasThreads,
      late: ['ETIMEDOUT', 'ETIMEDOUT', CAME],
      warnings: WARNED
    })
  })

  test('the same in a worker', async () => {
    const result = await played(`async ({ require, path }) => {
      ${SETUP}
      const { Worker } = require('node:worker_threads')
      const { once } = require('node:events')
      const source = \`(async ({ require, path }) => {
        const { parentPort } = require('node:worker_threads')
        ${SETUP.replaceAll('`', '\\`')}
        deny()
        ${ALL}
        const without = [await all(), hasThread()]
        allow()
        const breaker = new CircuitBreaker(hang, { timeout: 50, errorThresholdPercentage: 100 })
        const taken = await untilThread(() => { breaker.fire().catch(() => {}) })
        const late = [await code(breaker.fire()), await all()]
        parentPort.postMessage({ without, taken, late, warnings })
      })({ require, path: \${JSON.stringify(path)} })\`
      const worker = new Worker(source, { eval: true })
      const [told] = await once(worker, 'message')
      await worker.terminate()
      // And where there was a limit in another one, when that is gone.
      ${ALL}
      console.log(JSON.stringify({ ...told, later: await all(), warnings: [...told.warnings, ...warnings].map(code => /^DIDELPHIS/.test(code) || code) }))
    }`)
    assert.deepEqual(result, {
      without: [CAME, false], taken: hasThreads, late: ['ETIMEDOUT', CAME], later: CAME, warnings: WARNED
    })
  })

  test('a worker that ends without one leaves the others theirs', async () => {
    const result = await played(`async ({ require, path }) => {
      ${SETUP}
      const { Worker } = require('node:worker_threads')
      const { once } = require('node:events')
      const source = \`
        const { parentPort } = require('node:worker_threads')
        parentPort.once('message', () => {
          const CircuitBreaker = require(\${JSON.stringify(path)})
          for (let timeout = 1; timeout < 60; timeout++) {
            const breaker = new CircuitBreaker(() => new Promise(() => {}), { timeout, resetTimeout: timeout })
            breaker.status.on('snapshot', () => {})
            breaker.fire().catch(() => {})
          }
          parentPort.postMessage('calls are under way')
        })\`
      const workers = [1, 2, 3, 4].map(() => new Worker(source, { eval: true }))
      await Promise.all(workers.map(worker => once(worker, 'online')))
      deny()
      ${ALL}
      for (const worker of workers) {
        worker.postMessage('begin')
        await once(worker, 'message')
        await sleep(10)
        await worker.terminate()
      }
      const without = await all()
      allow()
      console.log(JSON.stringify({ without, later: await all() }))
    }`)
    assert.deepEqual(result, { without: CAME, later: CAME })
  })

  test('only a call with a timeout keeps the process, until it has timed out', async () => {
    const result = await played(`({ require, path }) => {
      ${SETUP}
      deny()
      const CircuitBreaker = require(path)
      const breakers = globalThis.breakers = [1, 2, 3].map(() => new CircuitBreaker(act => act(), { timeout: 300, resetTimeout: 3_600_000 }))
      breakers[0].open()
      breakers[1].status.on('snapshot', () => {})
      breakers[2].fire(async () => {})
      const far = new CircuitBreaker(async () => {}, { timeout: 3_600_000 })
      far.fire()
      const told = []
      breakers[2].fire(hang).catch(({ code }) => told.push(code))
      process.on('exit', () => console.log(JSON.stringify(told)))
    }`)
    assert.deepEqual(result, ['ETIMEDOUT'])
  })

  test('breakers that nobody uses are collected', async () => {
    const result = await played(`async ({ require, path }) => {
      ${SETUP}
      deny()
      const CircuitBreaker = require(path)
      const refs = (() => {
        const made = [1, 2, 3].map(() => new CircuitBreaker(async () => {}, { timeout: 5_000, resetTimeout: 3_600_000 }))
        made[0].open()
        made[1].status.on('snapshot', () => {})
        made[2].fire()
        return made.map(breaker => new WeakRef(breaker))
      })()
      const gone = await until(() => {
        globalThis.gc()
        return refs.every(ref => ref.deref() === undefined)
      })
      console.log(gone)
    }`)
    assert.equal(result, true)
  })

  test('nothing warns where there is a thread, nor where none is wanted', async () => {
    const result = await played(`async ({ require, path }) => {
      ${SETUP}
      deny()
      const CircuitBreaker = require(path)
      const breaker = new CircuitBreaker(async () => 'well', { timeout: false })
      await breaker.fire()
      await turn()
      const unwanted = warnings.length
      allow()
      ${ALL.replace('const CircuitBreaker = require(path)', '')}
      console.log(JSON.stringify([unwanted, await all(), hasThread(), warnings]))
    }`)
    assert.deepEqual(result, [0, CAME, hasThreads, []])
  })

  async function played (program) {
    const limit = join(shim, '..', `limit-${Math.random()}`)
    const { code, signal, stdout, stderr } = await child(program, { env: { LD_PRELOAD: shim, NO_THREADS_WHILE: limit } })
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, stderr)
    return stdout ? JSON.parse(stdout) : stderr
  }
})
