'use strict'

// Calls that are late: what it costs to keep their deadlines and to tell them.

const { hang, refusedAtOnce } = require('../calls')

module.exports = [
  {
    // The millisecond itself is a fifth of a microsecond for each of them. Without
    // percentiles, for the same reason as in `refusal.js`.
    id: 'at-once',
    what: () => 'timing out, 5,000 at once, without percentiles',
    takesPart: ({ bare }) => !bare,
    setUp: ({ guard }) => guard(hang, { errorThresholdPercentage: 100, rollingPercentilesEnabled: false, timeout: 1 }),
    batch: guarded => refusedAtOnce(guarded, 5_000)
  }
]
