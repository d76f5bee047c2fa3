'use strict'

// Memory under traffic that does not end: an hour of it, 50,000 calls a second. A bucket of
// the window is a second, ended by an emitter, so that the hour takes as long as its calls.

const { EventEmitter } = require('node:events')
const { atOnce, succeed } = require('../calls')
const { held } = require('./held')

const A_SECOND = 50_000
const AT_ONCE = 500
const FIRST_SECONDS = 60

module.exports = {
  rows: {
    early: { what: '50,000 calls a second, memory after the first minute', unit: 'bytes' },
    end: { what: '50,000 calls a second, memory at the end', unit: 'bytes' },
    growth: { what: '50,000 calls a second, growth since the first minute', unit: 'times' },
    seconds: { what: '50,000 calls a second, seconds that were driven', unit: 'count' }
  },
  takesPart: ({ dropIn }) => dropIn,
  rounds: 1,
  thorough: true,
  measure: async ({ guard, holds }) => {
    const clock = new EventEmitter()
    const guarded = guard(succeed, { rotateBucketController: clock })
    // One that holds them all one by one takes too long for the whole.
    const seconds = holds === Infinity ? 3_600 : 300
    let early
    for (let second = 0; second < seconds; second++) {
      if (second === FIRST_SECONDS) early = held().resident
      for (let calls = 0; calls < A_SECOND; calls += AT_ONCE) await atOnce(guarded, AT_ONCE)
      clock.emit('rotate')
    }
    const end = held().resident
    return { early, end, growth: end / early, seconds }
  }
}
