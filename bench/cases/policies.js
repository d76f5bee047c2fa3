'use strict'

// What policies cost a call that succeeds, beside a breaker without any. What costs nothing
// there is not here: it is at work when a circuit opens, or is tried.

const { VALUE, inTurn, succeed } = require('../calls')
const { OURS } = require('../contestants')

const CALLS = 100

const POLICIES = {
  none: {},
  "rateOf: 'outcomes'": { rateOf: 'outcomes' },
  'window: { calls: 100 }': { window: { calls: 100 } },
  consecutiveFailures: { consecutiveFailures: 5 },
  slowCallDuration: { slowCallDuration: 1000 },
  classify: { classify: () => undefined },
  shouldTrip: { shouldTrip: () => false },
  metricsOnly: { metricsOnly: true },
  retry: { retry: {} },
  'capacity: { adaptive: true }': { capacity: { adaptive: true } },
  'timeout: { adaptive: true }': { timeout: { adaptive: true } },
  'capacity and timeout adaptive': { capacity: { adaptive: true }, timeout: { adaptive: true } },
  throttle: { throttle: true },
  'capacity: 100, queue': { capacity: 100, queue: {} },
  "preset: 'modern'": { preset: 'modern' }
}

const { signal: SIGNAL } = new AbortController()

const WAYS = {
  fire: guarded => value => guarded.fire(value),
  'fireWith({ timeout })': guarded => value => guarded.fireWith({ timeout: 2000 }, value),
  'fireWith({ signal })': guarded => value => guarded.fireWith({ signal: SIGNAL }, value)
}

module.exports = [
  {
    id: 'price',
    what: policy => `success, policies: ${policy}`,
    takesPart: ({ name }) => name === OURS,
    sizes: Object.keys(POLICIES),
    setUp: ({ guard }, policy) => guard(succeed, POLICIES[policy]),
    batch: guarded => inTurn(guarded, CALLS, VALUE)
  },
  {
    id: 'fire-with',
    what: way => `success, ${way}`,
    takesPart: ({ name }) => name === OURS,
    sizes: Object.keys(WAYS),
    setUp: ({ guard }) => guard(succeed, {}),
    batch: (guarded, way) => inTurn({ fire: WAYS[way](guarded) }, CALLS, VALUE)
  }
]
