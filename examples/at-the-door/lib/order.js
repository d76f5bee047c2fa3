'use strict'

// What an order costs: some work when it comes in, an answer of the backend, and some work on the
// way out. Used by the server.

const http = require('node:http')
const { text } = require('node:stream/consumers')
const CircuitBreaker = require('didelphis')

// In ms. Checking, signatures, looking things up; then making the answer.
const WORK_BEFORE = 6
const WORK_AFTER = 2

/** A function that takes orders. At most `places` of them ask the backend at a time. */
function createOrder ({ backend, places }) {
  const agent = new http.Agent({ keepAlive: true })
  const breaker = new CircuitBreaker(() => ask(`${backend}/stock`, agent), {
    name: 'stock', preset: 'modern', timeout: 1000, capacity: places
  })
  return async ({ items }) => {
    work(WORK_BEFORE)
    try {
      const { left } = await breaker.fire()
      work(WORK_AFTER)
      return { status: 200, answer: { ordered: items.length, left } }
    } catch (error) {
      return { status: 503, answer: { error: error.message } }
    }
  }
}

module.exports = { createOrder }

// Holds the event loop, as a template or a signature does.
function work (ms) {
  for (const until = performance.now() + ms; performance.now() < until;);
}

async function ask (url, agent) {
  const response = await new Promise((resolve, reject) => {
    http.get(url, { agent }, resolve).once('error', reject)
  })
  return JSON.parse(await text(response))
}
