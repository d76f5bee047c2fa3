'use strict'

// Other threads read and steer breakers of JavaScript's. `.ci/probe` builds what this needs
// and puts it beside this file.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { join } = require('node:path')
const { test } = require('node:test')
const { setTimeout: sleep } = require('node:timers/promises')
const { Worker } = require('node:worker_threads')
const CircuitBreaker = require('./index.js')
const probe = require(`./didelphis.${require('./lib/platform')()}.node`)

const action = async x => x

test('what others see is what has happened', async () => {
  const breaker = new CircuitBreaker(action)
  for (let call = 0; call < 3; call++) await breaker.fire(call)
  assert.deepEqual(probe.probeReading(), ['closed', 3])
  breaker.open()
  assert.deepEqual(probe.probeReading(), ['open', 3])
  breaker.shutdown()
  assert.deepEqual(probe.probeReading(), ['shut down', 3])
})

test('a command is announced when the loop is free, without a call', { timeout: 20_000 }, async () => {
  const breaker = new CircuitBreaker(action)
  // Keeps the process alive, which a breaker does not.
  const alive = setInterval(() => {}, 1000)
  probe.probeCommand(true, 20)
  await once(breaker, 'open')
  assert.equal(breaker.opened, true)
  probe.probeCommand(false, 20)
  await once(breaker, 'close')
  assert.equal(await breaker.fire(1), 1)
  clearInterval(alive)
  breaker.shutdown()
})

test('a command that comes in a stall is in force for the call after it, in the same turn', async () => {
  const breaker = new CircuitBreaker(action)
  const heard = []
  breaker.on('open', () => heard.push('open'))
  breaker.on('reject', () => heard.push('reject'))
  probe.probeCommand(true, 50)
  const until = Date.now() + 1000
  while (Date.now() < until);
  await assert.rejects(breaker.fire(1), { code: 'EOPENBREAKER' })
  assert.deepEqual(heard, ['open', 'reject'])
  breaker.shutdown()
})

test('a command reaches a breaker whose clock is a fake one', { timeout: 20_000 }, async t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const breaker = new CircuitBreaker(action)
  probe.probeCommand(true, 0)
  const until = process.hrtime.bigint() + 500_000_000n
  while (process.hrtime.bigint() < until);
  await assert.rejects(breaker.fire(1), { code: 'EOPENBREAKER' })
  assert.equal(probe.probeReading()[0], 'open')
  breaker.shutdown()
})

test('a breaker that is collected leaves, though a thread goes on reading', { timeout: 60_000 }, async () => {
  probe.probeRead()
  const before = await settled()
  const make = () => Array.from({ length: 100 }, () => new CircuitBreaker(action))
  await Promise.all(make().map(breaker => breaker.fire(1)))
  assert(probe.probeCount() >= before + 1)
  assert.equal(await settled(), before)
  assert(probe.probeStop() > 0)
})

test('workers that end in mid-call leave, though a thread goes on reading', { timeout: 60_000 }, async () => {
  probe.probeRead()
  const before = await settled()
  for (let round = 0; round < 10; round++) {
    const workers = Array.from({ length: 3 }, () => new Worker(join(__dirname, 'worker.js')))
    await Promise.all(workers.map(worker => once(worker, 'message')))
    assert.equal(probe.probeCount(), before + 30)
    await Promise.all(workers.map(worker => worker.terminate()))
    assert.equal(probe.probeCount(), before, 'gone as the worker is')
  }
  assert(probe.probeStop() > 0)
})

/** How many breakers there are once what can be collected is. */
async function settled () {
  let count
  for (let round = 0; round < 30; round++) {
    globalThis.gc()
    await sleep(10)
    count = probe.probeCount()
  }
  return count
}
