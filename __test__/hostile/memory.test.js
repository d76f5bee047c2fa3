'use strict'

// What is dropped leaves nothing behind: loads of the module, breakers with deadlines far
// away; and memory that both sides see is nobody's to take away.

const assert = require('node:assert/strict')
const { join } = require('node:path')
const { test } = require('node:test')

const { child } = require('../support/child')

const LOADS = JSON.stringify(join(__dirname, '..', 'support', 'loads.js'))
const ROOT = join(__dirname, '..', '..')

for (const kind of ['forgotten', 'contained']) {
  test(`300 loads of the module that were forgotten leave no memory that both sides see: ${kind}`, async () => {
    const { stdout, stderr, ...end } = await child(`async ({ require, path }) => {
      const { setTimeout: sleep } = require('node:timers/promises')
      const load = require(${LOADS}).${kind}
      const loads = async count => {
        for (let made = 0; made < count; made++) {
          const CircuitBreaker = load(path)
          const breaker = new CircuitBreaker(async () => 'well', { timeout: 60_000 })
          await breaker.fire()
        }
        // Native halves go in turns after the collection.
        for (let collections = 0; collections < 10; collections++) {
          globalThis.gc()
          await sleep(10)
        }
        const { arrayBuffers, external } = process.memoryUsage()
        return { arrayBuffers, external }
      }
      // The parent of the addon's module, and what there is once and for all.
      const first = await loads(30)
      const last = await loads(300)
      console.log(JSON.stringify([last.arrayBuffers - first.arrayBuffers, last.external - first.external]))
      process.exit()
    }`, { killMs: 400_000 })
    assert.deepEqual({ stderr, ...end }, { stderr: '', code: 0, signal: null })
    // A kilobyte of each would be 300,000.
    for (const bytes of JSON.parse(stdout)) assert.ok(bytes < 150_000, `${stdout} bytes more`)
  })
}

const DROPPED = {
  'that had an answer in time': { action: "async () => 'well'" },
  'that had a failure in time': { action: "async () => { throw new Error('ill') }", options: 'errorThresholdPercentage: 100' },
  'that were open, for an hour': { prepare: 'breaker.open()', settle: '' },
  'that had a listener, and an answer in time': { prepare: "breaker.on('timeout', () => {})" },
  'that were shut down': { prepare: "breaker.on('success', () => breaker.shutdown())" }
}

for (const [which, { action = "async () => 'well'", options = '', prepare = '', settle = 'await Promise.allSettled(calls)' }] of Object.entries(DROPPED)) {
  test(`200,000 breakers with deadlines an hour away leave no memory: ${which}`, async () => {
    const { stdout, stderr, ...end } = await child(`async ({ require, path }) => {
      const { setImmediate: turn, setTimeout: sleep } = require('node:timers/promises')
      const CircuitBreaker = require(path)
      const action = ${action}
      const round = async count => {
        for (let made = 0; made < count; made += 1000) {
          const calls = []
          for (let number = 0; number < 1000; number++) {
            // Each with a moment of its own, later ones before earlier ones and the other way round.
            const wait = 3_600_000 + (made + number) * 7919 % 1_000_003
            const breaker = new CircuitBreaker(action, { timeout: wait, resetTimeout: wait, ${options} })
            ${prepare}
            ${settle && 'calls.push(breaker.fire())'}
          }
          ${settle}
          await turn()
          if (made % 10_000 === 0) globalThis.gc()
        }
        for (let collections = 0; collections < 5; collections++) {
          globalThis.gc()
          await sleep(10)
        }
        return process.memoryUsage().rss
      }
      const first = await round(50_000)
      const last = await round(200_000)
      console.log((last - first) / 1e6)
      process.exit()
    }`, { flags: ['--max-semi-space-size=4'], killMs: 400_000 })
    assert.deepEqual({ stderr, ...end }, { stderr: '', code: 0, signal: null })
    // Eighty bytes of each would be 16. The heap's own pages come and go by half of that.
    assert.ok(Number(stdout) < 16, `${stdout.trim()} MB more`)
  })
}

test('memory that both sides see cannot be taken away', { concurrency: 2 }, async t => {
  // There may be binaries for other platforms beside it.
  const binary = `didelphis.${require('../../lib/platform')()}.node`
  const TAKE = {
    'by a structured clone': 'structuredClone(memory, { transfer: [memory] })',
    'by a message': 'new MessageChannel().port1.postMessage(memory, [memory])',
    'by a worker': `
      const { Worker } = require('node:worker_threads')
      const worker = new Worker("require('node:worker_threads').workerData.fill?.(255)", { eval: true, workerData: memory, transferList: [memory] })
      await new Promise(resolve => worker.on('exit', resolve))`,
    'by itself': 'memory.transfer?.()',
    'by another size': 'memory.resize?.(0)'
  }
  await Promise.all(Object.entries(TAKE).map(([how, take]) => t.test(how, async () => {
    const { stdout, stderr, ...end } = await child(`async ({ require, path }) => {
      const native = require(${JSON.stringify(join(ROOT, binary))})
      let memory
      const { Environment } = native
      const { hot } = Environment.prototype
      Environment.prototype.hot = function () {
        const given = hot.call(this)
        memory = given.memory
        return given
      }
      const CircuitBreaker = require(path)
      const breaker = new CircuitBreaker(async ill => { if (ill) throw new Error('ill') }, { timeout: 20 })
      await breaker.fire()
      // Nothing lies in such memory any more.
      if (!(memory instanceof ArrayBuffer || memory instanceof SharedArrayBuffer)) return console.log('went on')
      let refused
      try {
        ${take}
      } catch (error) {
        refused = error
      }
      globalThis.gc()
      const filler = Array.from({ length: 1000 }, () => new ArrayBuffer(2400))
      // Whatever becomes of the calls: no memory is written that is another's.
      for (let calls = 0; calls < 1000; calls++) {
        try {
          await Promise.race([breaker.fire(calls % 2).catch(() => {}), new Promise(resolve => setImmediate(resolve))])
          breaker.open()
          breaker.close()
          breaker.stats.fires.toFixed()
        } catch {}
      }
      for (const buffer of filler) {
        if (new Uint8Array(buffer).some(byte => byte !== 0)) console.log('written')
      }
      if (refused) {
        const { fires } = breaker.stats
        if (fires !== 1001) console.log(fires)
      }
      console.log('went on')
      process.exit()
    }`)
    assert.deepEqual({ stdout, ...end }, { stdout: 'went on\n', code: 0, signal: null }, stderr)
  })))
})
