'use strict'

// Ten breakers whose calls go on for ever.

const { parentPort } = require('node:worker_threads')
const CircuitBreaker = require('./index.js')

const breakers = Array.from({ length: 10 }, () => new CircuitBreaker(() => new Promise(() => {})))
for (const breaker of breakers) breaker.fire().catch(() => {})
parentPort.postMessage('ready')
setInterval(() => breakers.forEach(breaker => breaker.fire().catch(() => {})), 1)
