'use strict'

// How late a timeout is told while the loop has nothing else to do.

const { UNGUARDED } = require('../contestants')
const { hang } = require('../calls')

const TIMEOUT = 20

module.exports = {
  rows: {
    p50: { what: 'lateness of a timeout on an idle loop (unguarded: a plain `setTimeout`), p50', unit: 'ms' },
    p99: { what: 'lateness of a timeout on an idle loop (unguarded: a plain `setTimeout`), p99', unit: 'ms' }
  },
  takesPart: ({ bare, name }) => !bare || name === UNGUARDED,
  rounds: 3,
  measure: async ({ bare, guard }, { quick }) => {
    const { fire, ...guarded } = bare ? { fire: sleep } : bound(guard(hang, OPTIONS))
    if (!fire) return
    const late = []
    for (let call = quick ? -10 : -50; call < (quick ? 50 : 200); call++) {
      const began = performance.now()
      await fire().catch(() => {})
      // Before it counts, it is compiled.
      if (call >= 0) late.push(performance.now() - began - TIMEOUT)
    }
    guarded.shutdown?.()
    late.sort((a, b) => a - b)
    return { p50: quantile(late, 0.5), p99: quantile(late, 0.99) }
  }
}

const OPTIONS = { errorThresholdPercentage: 100, timeout: TIMEOUT }

const sleep = () => new Promise(resolve => setTimeout(resolve, TIMEOUT))

const bound = guarded => guarded ? { fire: () => guarded.fire(), shutdown: () => guarded.shutdown?.() } : {}

function quantile (sorted, share) {
  return sorted[Math.ceil(share * sorted.length) - 1]
}
