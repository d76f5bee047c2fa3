'use strict'

// Workers come and go, each with breakers of its own; the process, and the timer thread
// that they share, go on.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { join } = require('node:path')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')

const CircuitBreaker = require('../..')
const { child } = require('../support/child')

const hang = () => new Promise(() => {})

test('worker.terminate() in mid-call never crashes the process', async () => {
  const { code, signal, stdout, stderr } = await child(async ({ require, path }) => {
    const { once } = require('node:events')
    const { setTimeout: sleep } = require('node:timers/promises')
    const { Worker } = require('node:worker_threads')
    const CircuitBreaker = require(path)

    // Hundreds of calls, most of them with deadlines within the next 40 ms; one that has
    // timed out is made again.
    const calls = ({ require, path }) => {
      const { parentPort } = require('node:worker_threads')
      const CircuitBreaker = require(path)
      for (let n = 0; n < 20; n++) {
        const options = { timeout: 1 + 2 * n, resetTimeout: 1 + n, volumeThreshold: n % 3 ? 1e6 : 0 }
        const breaker = new CircuitBreaker(() => new Promise(() => {}), options)
        breaker.on('halfOpen', () => fire())
        breaker.status.on('snapshot', () => {})
        const fire = () => breaker.fire().catch(error => { if (error.code === 'ETIMEDOUT') fire() })
        for (let fired = 0; fired < 20; fired++) fire()
      }
      parentPort.postMessage('calls are under way')
    }

    const oneWorker = async () => {
      const source = `(${calls})({ require, path: ${JSON.stringify(path)} })`
      const worker = new Worker(source, { eval: true })
      await once(worker, 'message')
      await sleep(Math.random() * 40)
      await worker.terminate()
    }

    let ended = 0
    const oneAfterAnother = async () => {
      for (; ended < 48; ended++) await oneWorker()
    }
    await Promise.all(Array.from({ length: 4 }, oneAfterAnother))
    const breaker = new CircuitBreaker(() => new Promise(() => {}), { timeout: 20 })
    await breaker.fire().catch(error => console.log(error.code))
  })
  assert.deepEqual({ code, signal, stdout, stderr }, { code: 0, signal: null, stdout: 'ETIMEDOUT\n', stderr: '' })
})

test('the timer thread outlives the only worker that loaded the addon', { concurrency: 2 }, async t => {
  const ends = {
    'which ended with an open breaker': 'breaker.open()',
    'which exited in mid-call': 'breaker.fire().catch(() => {}); setTimeout(() => process.exit(), 20)',
    'which was terminated in mid-call': "breaker.fire().catch(() => {}); parentPort.postMessage('terminate')"
  }
  await Promise.all(Object.entries(ends).map(([which, end]) => t.test(which, async () => {
    const first = `
      const { parentPort } = require('node:worker_threads')
      const CircuitBreaker = require(${JSON.stringify(join(__dirname, '..', '..'))})
      const breaker = new CircuitBreaker(() => new Promise(() => {}), { timeout: 100, resetTimeout: 100 })
      ${end}`
    const second = `
      const { parentPort } = require('node:worker_threads')
      const CircuitBreaker = require(${JSON.stringify(join(__dirname, '..', '..'))})
      const breaker = new CircuitBreaker(() => new Promise(() => {}), { timeout: 50 })
      breaker.fire().catch(error => parentPort.postMessage(error.code))`
    const { code, signal, stdout, stderr } = await child(`async ({ require }) => {
      const { once } = require('node:events')
      const { setTimeout: sleep } = require('node:timers/promises')
      const { Worker } = require('node:worker_threads')

      const first = new Worker(${JSON.stringify(first)}, { eval: true })
      first.on('message', () => first.terminate())
      await once(first, 'exit')
      // What the worker left comes due when nobody has the addon any more.
      await sleep(250)
      const second = new Worker(${JSON.stringify(second)}, { eval: true })
      second.on('message', code => console.log(code))
      await once(second, 'exit')
      await sleep(50)
    }`)
    assert.deepEqual({ code, signal, stdout, stderr }, { code: 0, signal: null, stdout: 'ETIMEDOUT\n', stderr: '' })
  })))
})

test('a worker ends by itself, and with its own exit code', async t => {
  const CASES = {
    'with an open breaker': ['breaker.open()', 0],
    'after its call timed out': ['breaker.fire().catch(error => parentPort.postMessage(error.code))', 0, 'ETIMEDOUT'],
    'by process.exit() in mid-call': ['breaker.fire(); process.exit(7)', 7]
  }
  for (const [how, [act, code, said]] of Object.entries(CASES)) {
    await t.test(how, async () => {
      const worker = new Worker(`
        const { parentPort } = require('node:worker_threads')
        const CircuitBreaker = require(${JSON.stringify(join(__dirname, '..', '..'))})
        const breaker = new CircuitBreaker(() => new Promise(() => {}), { timeout: 50, resetTimeout: 3_600_000 })
        ${act}`, { eval: true })
      const messages = []
      worker.on('message', message => messages.push(message))
      assert.deepEqual(await once(worker, 'exit'), [code])
      assert.deepEqual(messages, said ? [said] : [])
    })
  }
})

test('the main thread and a worker fire at once', async () => {
  const CALLS = 300
  const source = `
    const { parentPort } = require('node:worker_threads')
    const CircuitBreaker = require(${JSON.stringify(join(__dirname, '..', '..'))})
    ;(${fireAll})(CircuitBreaker, ${CALLS}).then(told => parentPort.postMessage(told))`
  const workers = [1, 2].map(() => new Worker(source, { eval: true }))
  const told = workers.map(worker => once(worker, 'message'))
  const exits = workers.map(worker => once(worker, 'exit'))
  await Promise.all(workers.map(worker => once(worker, 'online')))
  const ours = await fireAll(CircuitBreaker, CALLS)
  for (const outcomes of [ours, ...(await Promise.all(told)).flat()]) {
    assert.deepEqual(outcomes, { answered: CALLS, failed: CALLS, late: CALLS, fires: 3 * CALLS, timeouts: CALLS })
  }
  await Promise.all(exits)
})

test("what happens to a thread's breakers is not told to those of another", async () => {
  // They have the same numbers.
  const heard = []
  const source = `
    const { parentPort } = require('node:worker_threads')
    const CircuitBreaker = require(${JSON.stringify(join(__dirname, '..', '..'))})
    const breakers = Array.from({ length: 50 }, () => new CircuitBreaker(async () => {}, { resetTimeout: 3_600_000 }))
    for (const breaker of breakers) {
      breaker.on('halfOpen', () => parentPort.postMessage('half open'))
      breaker.on('timeout', () => parentPort.postMessage('timeout'))
      breaker.open()
    }
    parentPort.once('message', () => {
      if (breakers.every(breaker => breaker.opened)) parentPort.postMessage('still open')
    })
    parentPort.postMessage('ready')`
  const worker = new Worker(source, { eval: true })
  worker.on('message', message => heard.push(message))
  await once(worker, 'message')
  const breakers = Array.from({ length: 50 }, () => new CircuitBreaker(hang, { timeout: 10, resetTimeout: 10 }))
  const halfOpen = Promise.all(breakers.map(breaker => once(breaker, 'halfOpen')))
  const codes = await Promise.all(breakers.map(breaker => breaker.fire().catch(error => error.code)))
  assert.deepEqual(new Set(codes), new Set(['ETIMEDOUT']))
  await halfOpen
  worker.postMessage('tell')
  await once(worker, 'exit')
  assert.deepEqual(heard, ['ready', 'still open'])
})

// Runs in both threads: calls that are answered, that fail, and that are late.
async function fireAll (CircuitBreaker, calls) {
  const actions = {
    answered: () => new Promise(resolve => setTimeout(resolve, 2, 'answered')),
    failed: async () => { throw new Error('failed') },
    late: () => new Promise(() => {})
  }
  const told = { answered: 0, failed: 0, late: 0 }
  // Answers are never late, however busy the machine is.
  const breakers = Object.entries(actions).map(([name, action]) => {
    const timeout = name === 'late' ? 30 : 20_000
    return new CircuitBreaker(action, { timeout, volumeThreshold: 1e6, rollingCountTimeout: 60_000 })
  })
  const all = []
  for (let fired = 0; fired < calls; fired++) {
    for (const breaker of breakers) {
      all.push(breaker.fire().then(
        value => told[value]++,
        error => told[error.code === 'ETIMEDOUT' ? 'late' : error.message]++
      ))
    }
    if (fired % 10 === 0) await new Promise(setImmediate)
  }
  await Promise.all(all)
  const sum = name => breakers.reduce((total, { stats }) => total + stats[name], 0)
  return { ...told, fires: sum('fires'), timeouts: sum('timeouts') }
}
