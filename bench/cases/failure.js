'use strict'

// Calls whose action fails, with ever more calls in the window.

const { EventEmitter } = require('node:events')
const { FAULT, LONG, VALUE, inTurn, succeedOrFail } = require('../calls')

module.exports = [
  {
    id: 'window',
    what: calls => `failing, ${calls.toLocaleString('en')} calls in the window`,
    sizes: [0, 10_000, 100_000, 1_000_000],
    takesPart: ({ holds }, calls) => calls <= holds,
    setUp: filled,
    batch: ({ guarded, clock }, calls) => {
      // So that it is empty to begin with: the failures are in the window, too.
      if (calls === 0) clock.emit('rotate')
      return inTurn(guarded, 5, FAULT, true)
    }
  }
]

// Guarded by one that never opens, with that many successes in its window. They all took
// about no time, which is kind to an opossum: it sorts them for every call that fails.
async function filled ({ guard }, calls) {
  const clock = new EventEmitter()
  const guarded = guard(succeedOrFail, {
    errorThresholdPercentage: 100,
    rollingCountTimeout: LONG,
    ...(calls === 0 ? { rollingCountBuckets: 1, rotateBucketController: clock } : {})
  })
  await inTurn(guarded, calls, VALUE, false)
  return { guarded, clock, shutdown: () => guarded.shutdown?.() }
}
