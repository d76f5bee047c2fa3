'use strict'

// Whether a binary works on its platform: with `node .ci/smoke.js`, what the package `didelphis`
// found from the folder of this file (or from the one that is given) does. A circuit opens, refuses
// and recovers; a call that hangs times out; and one that was answered while the loop was stalled
// does not. Slow enough for an emulator. One line a thing that was seen; the code says if all were.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { createRequire } = require('node:module')
const { connect, createServer } = require('node:net')
const { join, resolve } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { Worker, isMainThread, parentPort } = require('node:worker_threads')

// How long the loop is kept busy, and the timeout that this is longer than.
const STALL = 1200
const TIMEOUT = 600

if (isMainThread) run()
else answers()

async function run () {
  // A breaker that waits keeps no process from ending.
  const awake = setInterval(() => {}, 1000)
  try {
    await main(process.argv[2])
  } catch (error) {
    process.exitCode = 1
    console.log(error.stack)
  }
  clearInterval(awake)
}

async function main (folder) {
  const from = folder ? createRequire(join(resolve(folder), 'program.js')) : require
  const CircuitBreaker = from(folder ? 'didelphis' : '..')
  seen(`${process.platform} ${process.arch}, Node.js ${process.versions.node}`)
  await opens(CircuitBreaker)
  await timesOut(CircuitBreaker)
  await forgives(CircuitBreaker)
  seen('smoke: all of it')
}

function seen (text) {
  console.log(text)
}

async function opens (CircuitBreaker) {
  let ill = true
  const action = async () => {
    if (ill) throw new Error('ill')
    return 'well'
  }
  const breaker = new CircuitBreaker(action, { resetTimeout: 400, volumeThreshold: 4, errorThresholdPercentage: 50, timeout: false })
  const events = []
  for (const name of ['open', 'halfOpen', 'close']) breaker.on(name, () => events.push(name))

  for (let i = 0; i < 4; i++) await assert.rejects(breaker.fire(), /ill/)
  assert(breaker.opened)
  await assert.rejects(breaker.fire(), { code: 'EOPENBREAKER' })
  seen('opens after four failures, and refuses')

  // By the timer thread: nobody asks.
  if (!breaker.halfOpen) await once(breaker, 'halfOpen', { signal: AbortSignal.timeout(20_000) })
  ill = false
  assert.equal(await breaker.fire(), 'well')
  assert(breaker.closed)
  assert.deepEqual(events, ['open', 'halfOpen', 'close'])
  seen('recovers by a call that succeeds')
}

async function timesOut (CircuitBreaker) {
  const breaker = new CircuitBreaker(() => new Promise(() => {}), { timeout: 300 })
  const before = performance.now()
  await assert.rejects(breaker.fire(), { code: 'ETIMEDOUT' })
  const took = performance.now() - before
  assert(took >= 299, `timed out after ${took} ms`)
  assert.equal(breaker.stats.timeouts, 1)
  seen(`times out, ${Math.round(took - 300)} ms after it is due`)
}

// The answer comes through a socket from another thread, while this one is busy.
async function forgives (CircuitBreaker) {
  const worker = new Worker(__filename)
  try {
    const [port] = await once(worker, 'message')
    await stalled(CircuitBreaker, port)
  } finally {
    await worker.terminate()
  }
}

async function stalled (CircuitBreaker, port) {
  const ask = async delay => {
    const socket = connect(port, '127.0.0.1')
    socket.write(String(delay))
    try {
      const [answer] = await once(socket, 'data')
      return String(answer)
    } finally {
      socket.destroy()
    }
  }
  const breaker = new CircuitBreaker(ask, { timeout: TIMEOUT })
  assert.equal(await breaker.fire(0), 'after 0')

  const { stalls } = CircuitBreaker.loop.total
  // One is answered while the loop is busy, one later.
  const calls = [STALL / 4, STALL + TIMEOUT / 4].map(delay => breaker.fire(delay).catch(error => error.code))
  // By then both have asked, and need this thread for their answers alone.
  await sleep(TIMEOUT / 6)
  const end = performance.now() + STALL
  while (performance.now() < end);
  assert.deepEqual(await Promise.all(calls), ['after 300', 'after 1350'])
  assert.equal(breaker.stats.timeouts, 0)
  assert(breaker.closed)
  await sleep(50)
  assert(CircuitBreaker.loop.total.stalls > stalls, 'the stall was not seen')
  seen(`a stall of ${STALL} ms makes no timeout of ${TIMEOUT} ms`)
}

function answers () {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', delay => setTimeout(() => socket.end(`after ${delay}`), Number(delay)))
  })
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
}
