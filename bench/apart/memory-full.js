'use strict'

// The memory of breakers with calls in all of their window: a hundred, of ten latencies in
// each of ten buckets.

const { setTimeout: sleep } = require('node:timers/promises')
const { flags, held, heldByEach } = require('./held')

const BUCKETS = 10
const LATENCIES = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55]

module.exports = {
  rows: {
    heap: { what: 'memory of a breaker, 100 calls in its window, heap and external', unit: 'bytes' },
    resident: { what: 'memory of a breaker, 100 calls in its window, resident', unit: 'bytes' }
  },
  takesPart: ({ bare }) => !bare,
  rounds: 1,
  thorough: true,
  flags,
  measure: async ({ guard }) => {
    const list = new Array(10_000)
    // The same for all, so that a breaker has one call under way at a time.
    let result
    const action = () => result
    const before = held()
    for (let number = 0; number < list.length; number++) list[number] = guard(action, { rollingCountTimeout: WINDOW })
    const began = performance.now()
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      await sleep(Math.max(0, began + bucket * WINDOW / BUCKETS - performance.now()))
      for (const ms of LATENCIES) {
        result = sleep(ms)
        await Promise.all(list.map(guarded => guarded.fire()))
      }
    }
    return heldByEach(before, list.length)
  }
}

// Long enough for a slow machine to be through with a bucket before the next.
const WINDOW = 20_000
