'use strict'

// What the picture of the page in docs/server.md shows: services that are well, one that is ill for a
// while, one that is slow and full, and a loop that stalls twice. Prints where it is served.

const { setTimeout: sleep } = require('node:timers/promises')
const CircuitBreaker = require('../../..')

const SERVICES = {
  payments: { rate: 60, ms: 35, ill: [16_000, 38_000] },
  inventory: { rate: 110, ms: 12 },
  'user-profile': { rate: 160, ms: 6 },
  search: { rate: 30, ms: 70, slow: [26_000, Infinity], options: { capacity: 12, labels: { zone: 'eu' } } },
  recommendations: { rate: 25, ms: 90, ill: [44_000, Infinity], options: { resetTimeout: 6_000 } },
  mail: { rate: 2, ms: 120, options: { capacity: 4 } },
  geo: { rate: 45, ms: 9, options: { labels: { zone: 'eu' } } },
  'fraud-check': { rate: 18, ms: 55, options: { capacity: 20 } },
  pricing: { rate: 90, ms: 15 },
  sessions: { rate: 200, ms: 3 },
  'legacy-soap': { rate: 1, ms: 260 },
  audit: { rate: 12, ms: 20 }
}

const began = Date.now()
const within = ([from, to] = [Infinity]) => Date.now() - began >= from && Date.now() - began < to

for (const [name, { rate, ms, ill, slow, options }] of Object.entries(SERVICES)) {
  const breaker = new CircuitBreaker(async () => {
    await sleep(ms * (0.6 + Math.random() * 0.6 + (Math.random() < 0.04 ? 2 : 0)) * (within(slow) ? 6 : 1) * (within(ill) ? 4 : 1))
    if (Math.random() < (within(ill) ? 0.7 : 0.004)) throw new Error('told to fail')
  }, { name, timeout: 2_000, resetTimeout: 4_000, volumeThreshold: 20, ...options })
  const call = () => {
    breaker.fire().catch(() => {})
    setTimeout(call, -Math.log(Math.random()) * 1000 / rate)
  }
  call()
}

for (const [at, ms] of [[9_000, 900], [51_000, 1_600]]) {
  setTimeout(() => {
    const until = Date.now() + ms
    while (Date.now() < until);
  }, at)
}

CircuitBreaker.serve({ token: 'more-than-sixteen-letters' }).then(({ url }) => process.send(url))
process.on('disconnect', () => process.exit())
