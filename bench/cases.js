'use strict'

// What is compared: the contestants, and the cases they are put through. A new peer or
// a new case is one more entry of a list.

const { version } = require('opossum/package.json')
const Opossum = require('opossum')
const CircuitBreaker = require('..')

// Each gives an action its guard: an object with `fire`, and with `open` and `stats`
// where it has such a thing. The first is the one that the others are measured by.
const contestants = [
  { name: 'didelphis', guard: (action, options) => new CircuitBreaker(action, options) },
  { name: `opossum ${version.split('.')[0]}`, guard: (action, options) => new Opossum(action, options) },
  { name: 'unguarded', guard: action => ({ fire: action }) }
]

// `setUp` makes what a contestant is measured on, or nothing where it has no part in
// the case. `batch` makes some calls, checks that they ended as they should, which also
// keeps them from being optimised away, and returns how many they were. An opossum
// takes 7 ms for a call of some cases, so their batches are small.
const cases = [
  {
    id: 'in-turn',
    what: 'success, one after another',
    setUp: ({ guard }) => guard(succeed, {}),
    batch: guarded => inTurn(guarded, 200, VALUE)
  },
  {
    id: 'at-once',
    what: 'success, 100 at once',
    setUp: ({ guard }) => guard(succeed, {}),
    batch: guarded => atOnce(guarded, 100)
  },
  {
    id: 'refused',
    what: 'refused by an open breaker',
    setUp: ({ guard }) => {
      const guarded = guard(succeed, { resetTimeout: LONG })
      guarded.open?.()
      return guarded.open && guarded
    },
    batch: guarded => inTurn(guarded, 100, REFUSAL)
  },
  {
    id: 'failing-100k',
    what: 'failing, 100,000 calls in the window',
    setUp: filled,
    batch: guarded => inTurn(guarded, 10, FAULT, true)
  },
  {
    id: 'stats-100k',
    what: 'reading `stats`, 100,000 calls in the window',
    setUp: async contestant => {
      const guarded = await filled(contestant)
      return guarded.stats && guarded
    },
    batch: guarded => readStats(guarded, 5)
  }
]

module.exports = { cases, contestants }

const IN_WINDOW = 100_000

// Milliseconds that no run of this program takes.
const LONG = 600_000

// How a call can end. One error serves all that fail: what its stack costs to capture
// is not a breaker's doing.
const VALUE = 'value'
const REFUSAL = 'refusal'
const FAULT = new Error('the action has failed')

const succeed = async x => x

const succeedOrFail = async (x, fails) => {
  if (fails) throw FAULT
  return x
}

// Guarded by one that never opens, with its window full of successes. They all took
// about no time, which is kind to an opossum: it sorts them for every call that fails.
async function filled ({ guard }) {
  const guarded = guard(succeedOrFail, { errorThresholdPercentage: 100, rollingCountTimeout: LONG })
  if (guarded.open) await inTurn(guarded, IN_WINDOW, VALUE, false)
  return guarded
}

async function inTurn (guarded, calls, expected, fails) {
  let asExpected = 0
  for (let call = 0; call < calls; call++) {
    let outcome
    try {
      if (await guarded.fire(call, fails) === call) outcome = VALUE
    } catch (error) {
      outcome = error === FAULT ? FAULT : REFUSAL
    }
    if (outcome === expected) asExpected++
  }
  return counted(asExpected, calls)
}

async function atOnce (guarded, calls) {
  const promises = []
  for (let call = 0; call < calls; call++) promises.push(guarded.fire(call))
  const values = await Promise.all(promises)
  return counted(values.filter((value, call) => value === call).length, calls)
}

function readStats (guarded, times) {
  let asExpected = 0
  for (let time = 0; time < times; time++) {
    const { fires, percentiles } = guarded.stats
    if (fires === IN_WINDOW && percentiles[0.99] >= 0) asExpected++
  }
  return counted(asExpected, times)
}

function counted (asExpected, calls) {
  if (asExpected !== calls) throw new Error(`${calls - asExpected} of ${calls} calls did not end as they should`)
  return calls
}
