'use strict'

// What breakers take of the processor while nobody fires them.

const { setTimeout: sleep } = require('node:timers/promises')
const { succeed } = require('../calls')

const BREAKERS = 10_000

module.exports = {
  rows: {
    share: { what: '10,000 idle breakers, share of a core', unit: 'share' }
  },
  takesPart: ({ name }) => name !== 'floor',
  rounds: 2,
  measure: async ({ guard }, { quick }) => {
    const list = Array.from({ length: BREAKERS }, () => guard(succeed, {}))
    globalThis.gc()
    // What was made is compiled and collected.
    await sleep(1_000)
    const began = performance.now()
    const before = process.cpuUsage()
    await sleep(quick ? 2_000 : 5_000)
    const { user, system } = process.cpuUsage(before)
    const micros = (performance.now() - began) * 1e3
    for (const guarded of list) guarded.shutdown?.()
    return { share: (user + system) / micros }
  }
}
