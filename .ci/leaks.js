'use strict'

// What .ci/sanitize asks for leaks: the module is loaded again and again, here and in
// workers, and each load's breakers end in every way, under the real clock and under a
// fake one. Prints how many loads there were.

const { join } = require('node:path')
const { mock } = require('node:test')
const { Worker, isMainThread } = require('node:worker_threads')
const { forgotten } = require('../__test__/support/loads')

const LOADS = 10
const WORKERS = 3

const ours = join(__dirname, '..')
const never = () => new Promise(() => {})
const fails = async () => { throw new Error('on purpose') }
const well = async value => value

/** Calls that succeed, fail, are refused, shared and cached, on breakers of each kind. */
async function use (CircuitBreaker) {
  const breakers = [
    new CircuitBreaker(well, { name: 'well', coalesce: true, cache: true }),
    new CircuitBreaker(fails, { volumeThreshold: 2, resetTimeout: 5 }),
    new CircuitBreaker(never, { timeout: 5 }),
    new CircuitBreaker(never, { timeout: false, capacity: 1 }),
    new CircuitBreaker(well, { allowWarmUp: true, rollingCountTimeout: 100, rollingCountBuckets: 2 })
  ]
  breakers[1].fallback(() => 'instead')
  for (const breaker of breakers) breaker.on('snapshot', () => {}).on('timeout', () => {})
  for (let i = 0; i < 20; i++) {
    for (const breaker of breakers) breaker.fire(i % 3).catch(() => {})
    await null
  }
  breakers[0].shutdown()
  // The others are left as they are: some idle, some open, some with calls under way.
  return breakers
}

async function main () {
  // What is alive when the environment ends is to be let go like the rest.
  const kept = []
  for (let i = 0; i < LOADS; i++) {
    const CircuitBreaker = forgotten(ours)
    const breakers = await use(CircuitBreaker)
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] })
    const hosted = await use(CircuitBreaker)
    mock.timers.tick(50)
    mock.timers.reset()
    if (i % 2) kept.push(breakers, hosted)
    await new Promise(resolve => setTimeout(resolve, 20))
    globalThis.gc()
  }
  return kept
}

main().then(async kept => {
  if (!isMainThread) return
  const workers = Array.from({ length: WORKERS }, () => new Worker(__filename))
  await Promise.all(workers.map(worker => new Promise((resolve, reject) => {
    worker.on('error', reject).on('exit', resolve)
  })))
  console.log(`${LOADS * (WORKERS + 1)} loads, ${kept.length / 2} of them held to the end`)
})
