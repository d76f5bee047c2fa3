'use strict'

// Memory under traffic that does not end. A bucket of the window is a second, which an
// emitter ends, so that an hour of them takes as long as its calls. For these to take less
// than a minute, there are 50,000 a second in the first minute and in the last, after
// which memory is compared, and fewer in between.

const { EventEmitter } = require('node:events')
const { atOnce, succeed } = require('../calls')
const { flags, held } = require('./held')

const [MINUTE, HOUR] = [60, 3_600]
const [MANY, FEW] = [50_000, 1_000]
const AT_ONCE = 500

module.exports = {
  rows: {
    early: { what: 'memory after a minute of 50,000 calls a second', unit: 'bytes' },
    late: { what: 'memory after an hour of calls', unit: 'bytes' },
    growth: { what: 'growth of memory from the first minute to the hour', unit: 'times' }
  },
  takesPart: ({ dropIn }) => dropIn,
  flags,
  rounds: 1,
  thorough: true,
  measure: async ({ guard }) => {
    const clock = new EventEmitter()
    const guarded = guard(succeed, { rotateBucketController: clock })
    const drive = async (seconds, rate) => {
      for (let second = 0; second < seconds; second++) {
        for (let calls = 0; calls < rate; calls += AT_ONCE) await atOnce(guarded, AT_ONCE)
        clock.emit('rotate')
      }
      return held().resident
    }
    const early = await drive(MINUTE, MANY)
    await drive(HOUR - 2 * MINUTE, FEW)
    const late = await drive(MINUTE, MANY)
    return { early, late, growth: late / early }
  }
}
