'use strict'

// Calls that are refused, because the circuit is open or the capacity used up.

const { FAULT, LONG, REFUSAL, VALUE, hang, inTurn, succeedOrFail } = require('../calls')

module.exports = [
  {
    id: 'open',
    what: () => 'refused by an open breaker',
    takesPart: ({ bare }) => !bare,
    setUp: async ({ guard }) => {
      const guarded = guard(succeedOrFail, { resetTimeout: LONG })
      await openByFailures(guarded)
      return guarded
    },
    batch: guarded => inTurn(guarded, 100, REFUSAL)
  },
  {
    id: 'open-fallback',
    what: () => 'refused by an open breaker, with a fallback',
    dropIn: true,
    thorough: true,
    setUp: async ({ guard }) => {
      const guarded = guard(succeedOrFail, { resetTimeout: LONG })
      guarded.fallback(x => x)
      await openByFailures(guarded)
      return guarded
    },
    batch: guarded => inTurn(guarded, 100, VALUE)
  },
  {
    // Without percentiles: a refusal for the capacity is a failure, for which an opossum
    // sorts the latencies of all before it.
    id: 'capacity',
    what: () => 'refused for its capacity, without percentiles',
    takesPart: ({ bare }) => !bare,
    setUp: ({ guard }) => {
      const guarded = guard(hang, {
        capacity: 1, errorThresholdPercentage: 100, rollingPercentilesEnabled: false, timeout: false
      })
      guarded?.fire()
      return guarded
    },
    batch: guarded => inTurn(guarded, 50, REFUSAL)
  }
]

// Some want to see a few calls before they open.
async function openByFailures (guarded) {
  let end
  do end = await guarded.fire(0, true).catch(error => error)
  while (end === FAULT)
}
