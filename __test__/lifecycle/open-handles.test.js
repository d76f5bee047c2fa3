'use strict'

// What test runners are told that look for whatever keeps a process alive, as Jest does with
// --detectOpenHandles: it collects what async hooks see opened, holds it weakly, and in the end
// asks each `hasRef()`. What has none counts as open.

const assert = require('node:assert/strict')
const { join } = require('node:path')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')

const { child } = require('../support/child')
const { hasThreads } = require('../support/needs')

// WebAssembly has no way to the loop but the timers of Node, which runners know.
const WAY = hasThreads ? 'didelphis' : ''
const WAY_AND_CALL = hasThreads ? 'didelphis,CircuitBreaker.Call' : 'CircuitBreaker.Call'

// Put into the programs below: `open()` names what is open.
const WATCH = `
  const { createHook } = require('node:async_hooks')
  const seen = new Map()
  createHook({
    init (id, type, _, resource) {
      if (/didelphis|CircuitBreaker/i.test(type)) seen.set(id, { type, ref: new WeakRef(resource) })
    },
    destroy (id) { seen.delete(id) }
  }).enable()
  globalThis.open = () => {
    globalThis.gc?.()
    const open = [...seen.values()].filter(({ ref }) => {
      const resource = ref.deref()
      return resource !== undefined && (!('hasRef' in resource) || resource.hasRef())
    })
    return open.map(({ type }) => type).join()
  }
  globalThis.later = () => new Promise(resolve => setTimeout(resolve, 20))
`

/** Runs a program that notes what is open; the notes. */
async function notes (program) {
  const source = `async ({ require, path }) => {
    ${WATCH}
    const notes = {}
    await (${program})({ CircuitBreaker: require(path), note: name => { notes[name] = open() } })
    console.log(JSON.stringify(notes))
  }`
  const env = { DIDELPHIS: join(__dirname, '..', '..') }
  const { code, stdout, stderr } = await child({ toString: () => source }, { env })
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  return JSON.parse(stdout)
}

/* global later */

test('loading opens one way to the loop, and nothing else', async () => {
  const { stdout, stderr } = await child(({ require, path }) => {
    const { createHook } = require('node:async_hooks')
    const types = []
    createHook({ init (id, type) { types.push(type) } }).enable()
    require(path)
    // Chance is there at once.
    console.log(types.filter(type => !['PROMISE', 'RANDOMBYTESREQUEST'].includes(type)).join())
  })
  assert.deepEqual({ stdout, stderr }, { stdout: `${WAY}\n`, stderr: '' })
})

test('nothing is open while nobody waits', async () => {
  assert.deepEqual(await notes(async ({ CircuitBreaker, note }) => {
    note('loaded')
    const breaker = new CircuitBreaker(async () => {}, { resetTimeout: 3_600_000 })
    breaker.on('success', () => {})
    note('made')
    await breaker.fire()
    note('answered')
    await later()
    note('answered, a turn later')
    breaker.open()
    await breaker.fire().catch(() => {})
    note('opened')
    new CircuitBreaker(() => new Promise(() => {}), { timeout: false }).fire()
    note('waiting without a timeout')
  }), {
    loaded: '',
    made: '',
    answered: '',
    'answered, a turn later': '',
    opened: '',
    'waiting without a timeout': ''
  })
})

test('the way to the loop is open while a guarded call waits, and no longer', async () => {
  assert.deepEqual(await notes(async ({ CircuitBreaker, note }) => {
    let answer
    const breaker = new CircuitBreaker(() => new Promise(resolve => { answer = resolve }))
    const call = breaker.fire()
    note('waiting')
    await later()
    note('waiting, a turn later')
    answer()
    await call
    note('answered')
    const late = new CircuitBreaker(() => new Promise(() => {}), { timeout: 10 }).fire()
    note('waiting again')
    await late.catch(() => {})
    note('timed out')
  }), {
    waiting: WAY,
    'waiting, a turn later': WAY,
    answered: '',
    'waiting again': WAY,
    'timed out': ''
  })
})

test('a call whose end somebody hears of is open, too, while it waits', async () => {
  assert.deepEqual(await notes(async ({ CircuitBreaker, note }) => {
    let answer
    const breaker = new CircuitBreaker(() => new Promise(resolve => { answer = resolve }), { timeout: 1000 })
    breaker.on('timeout', () => {})
    const call = breaker.fire()
    note('waiting')
    answer()
    await call
    note('answered')
    // The object of the call is used again.
    const next = breaker.fire()
    note('waiting again')
    answer()
    await next
    note('answered again')
  }), {
    waiting: WAY_AND_CALL,
    answered: '',
    'waiting again': WAY_AND_CALL,
    'answered again': ''
  })
})

test('what was shown outlives the module, and does not keep it', async () => {
  assert.deepEqual(await notes(async ({ note }) => {
    const { createHook } = require('node:async_hooks')
    const { forgotten } = require(`${process.env.DIDELPHIS}/__test__/support/loads`)
    const kept = []
    const hook = createHook({ init (id, type, _, resource) { if (type === 'didelphis') kept.push(resource) } }).enable()
    const loaded = await (async () => {
      const CircuitBreaker = forgotten(process.env.DIDELPHIS)
      await new CircuitBreaker(async () => {}).fire()
      return new WeakRef(CircuitBreaker)
    })()
    hook.disable()
    for (let round = 0; round < 100 && loaded.deref() !== undefined; round++) {
      await later()
      globalThis.gc()
    }
    note(loaded.deref() === undefined ? 'collected' : 'kept')
    note(String(kept.map(resource => resource.hasRef())))
  }), { collected: '', [hasThreads ? 'false' : '']: '' })
})

test('a worker may end while its resource is asked', async () => {
  for (let round = 0; round < 20; round++) {
    const worker = new Worker(`
      ${WATCH}
      const CircuitBreaker = require(${JSON.stringify(require.resolve('../..'))})
      const breaker = new CircuitBreaker(() => new Promise(() => {}))
      breaker.on('failure', () => {})
      breaker.fire()
      if (open() !== '${WAY_AND_CALL}') throw new Error('open: ' + open())
      require('node:worker_threads').parentPort.postMessage('waiting')
      const ask = () => { open(); setImmediate(ask) }
      ask()
    `, { eval: true })
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    await new Promise(resolve => setTimeout(resolve, round % 5))
    assert.equal(await worker.terminate(), 1)
  }
})
