'use strict'

// Calls that fail are tried again, and a budget keeps that from making an outage worse:
//
//   node examples/retry.js
//
// A backend fails one request in ten, and then all of them. Two breakers share a budget, as they
// share the backend.

const { once } = require('node:events')
const http = require('node:http')
const { setTimeout: sleep } = require('node:timers/promises')

const CircuitBreaker = require('..')

const CALLS = 300

async function main () {
  let failing = 0.1
  let requests = 0
  const backend = http.createServer((request, response) => {
    requests++
    if (Math.random() < failing) response.statusCode = 503
    response.end()
  }).listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const { port } = backend.address()

  const get = async path => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    await response.arrayBuffer()
    if (response.status >= 500) throw Object.assign(new Error(`status ${response.status}`), { status: response.status })
    return response.status
  }

  // Each success pays for a fifth of a retry; the budget begins with ten.
  const budget = CircuitBreaker.retryBudget({ ratio: 0.2, minPerSecond: 1 })
  const options = {
    // Opens later than it would by default, to show what the budget does by itself.
    errorThresholdPercentage: 95,
    retry: { attempts: 2, delay: { initial: 20, max: 200 }, when: error => error.status === 503, budget }
  }
  const users = new CircuitBreaker(id => get(`/users/${id}`), { ...options, name: 'users' })
  const orders = new CircuitBreaker(id => get(`/orders/${id}`), { ...options, name: 'orders' })

  let retries = 0
  for (const breaker of [users, orders]) breaker.on('retry', () => retries++)

  const phase = async what => {
    retries = requests = 0
    let failed = 0
    const calls = []
    for (let id = 0; id < CALLS; id++) {
      calls.push((id % 2 === 0 ? users : orders).fire(id).catch(() => failed++))
      await sleep(2)
    }
    await Promise.all(calls)
    console.log(`${what}: ${CALLS} calls, ${retries} tried again, ${requests} requests, ${failed} failed for their callers`)
  }

  await phase('one request in ten fails')
  failing = 1
  await phase('all fail, at first')
  await phase('all fail, with the budget spent')

  users.shutdown()
  orders.shutdown()
  backend.close()
}

main()
