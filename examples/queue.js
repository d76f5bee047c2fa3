'use strict'

// A consumer of a message queue takes a message only where the circuit lets it work:
//
//   node examples/queue.js
//
// The queue is in memory here; one over a network has the same three words: a message is received, and
// acknowledged, or given back. Whoever takes messages while the backend is down has nothing to do with
// them but to lose them or to turn in circles.

const { setTimeout: sleep } = require('node:timers/promises')

const CircuitBreaker = require('..')

const MESSAGES = 40
const CONSUMERS = 4

class Queue {
  #messages = Array.from({ length: MESSAGES }, (_, id) => ({ id, deliveries: 0 }))
  deliveries = 0

  receive () {
    const message = this.#messages.shift()
    if (message !== undefined) this.deliveries++
    return message
  }

  giveBack (message) {
    this.#messages.push(message)
  }
}

async function main () {
  const queue = new Queue()
  const stored = new Set()
  const downUntil = performance.now() + 400
  const store = async ({ id }) => {
    await sleep(5)
    if (performance.now() < downUntil) throw new Error('the database is down')
    stored.add(id)
  }

  const breaker = new CircuitBreaker(store, { name: 'store', timeout: 1000, resetTimeout: 100, volumeThreshold: 4 })

  let waits = 0
  const consume = async () => {
    while (stored.size < MESSAGES) {
      let permit
      try {
        // The place first, then the message.
        permit = breaker.acquire()
      } catch ({ retryAfter }) {
        waits++
        await sleep(retryAfter ?? 20)
        continue
      }
      const message = queue.receive()
      if (message === undefined) {
        // Nothing was tried: the place is another one's.
        permit.ignore()
        await sleep(5)
        continue
      }
      try {
        await store(message)
        permit.success()
      } catch (error) {
        permit.failure(error)
        queue.giveBack(message)
      }
    }
  }
  await Promise.all(Array.from({ length: CONSUMERS }, consume))

  console.log(`${stored.size} of ${MESSAGES} messages stored, ${queue.deliveries} deliveries; consumers waited ${waits} times`)
  await breaker.drain()
}

main()
