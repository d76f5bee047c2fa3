'use strict'

// Calls of a breaker that tries them again, to a backend in another process.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const http = require('node:http')
const { join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')

const CircuitBreaker = require('../..')

const TICK_MS = 10

/** Starts a backend: `fail(share)` has it fail that often, `requests()` counts; `get()` asks it. */
async function startBackend () {
  const child = fork(join(__dirname, 'backend.js'))
  const [{ port }] = await once(child, 'message')
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
  const tell = async message => {
    child.send(message)
    const [{ requests }] = await once(child, 'message')
    return requests
  }
  return {
    fail: share => tell({ share }),
    get: () => get(agent, port),
    requests: () => tell({}),
    stop () {
      agent.destroy()
      child.disconnect()
    }
  }
}

/**
 * Calls so often a second, for so many seconds, whatever becomes of the calls before: how many there
 * were, and how many of them failed.
 */
async function offer (breaker, perSecond, seconds) {
  const started = performance.now()
  const calls = []
  let failed = 0
  while (calls.length < perSecond * seconds) {
    const due = Math.min((performance.now() - started) / 1000, seconds) * perSecond
    while (calls.length < due) calls.push(breaker.fire().catch(() => failed++))
    await sleep(TICK_MS)
  }
  return { offered: calls.length, settled: Promise.all(calls).then(() => failed) }
}

/**
 * What a backend sees of an outage, from its tenth second on, in which calls are made as often as
 * before; with the retry of its defaults.
 */
async function outage ({ perSecond, healthy, seconds }) {
  const backend = await startBackend()
  const breaker = retrying(backend, { attempts: 2 })
  try {
    await (await offer(breaker, perSecond, healthy)).settled
    await backend.fail(1)
    await offer(breaker, perSecond, 10)
    const before = await backend.requests()
    const { offered } = await offer(breaker, perSecond, seconds - 10)
    const seen = await backend.requests() - before
    return { most: 1.1 * offered + seconds - 10, offered, perSecond, seen }
  } finally {
    breaker.shutdown()
    backend.stop()
  }
}

/** How many calls fail for their callers, where a share of the requests does, by chance. */
async function flaky ({ perSecond, seconds, share, ratio = 0.1 }) {
  const backend = await startBackend()
  await backend.fail(share)
  const breaker = retrying(backend, { attempts: 2, budget: { ratio } })
  try {
    const { offered, settled } = await offer(breaker, perSecond, seconds)
    const failed = await settled
    return { failed: failed / offered, offered, perSecond, seen: await backend.requests() }
  } finally {
    breaker.shutdown()
    backend.stop()
  }
}

// It stays closed: what is shown is what the budget does alone.
function retrying (backend, retry) {
  return new CircuitBreaker(backend.get, { errorThresholdPercentage: 100, retry })
}

function get (agent, port) {
  return new Promise((resolve, reject) => {
    http.get({ agent, host: '127.0.0.1', port }, response => {
      response.resume()
      response.on('end', () => response.statusCode < 500 ? resolve() : reject(new Error(`status ${response.statusCode}`)))
    }).on('error', reject)
  })
}

module.exports = { flaky, outage }
