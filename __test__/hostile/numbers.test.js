'use strict'

// Numbers beyond what a counter holds, written to the window or primed: what is shown has
// the sign of what was written, and counting goes on.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { inspect } = require('node:util')

const CircuitBreaker = require('../..')

const COUNTS = [
  'failures', 'fallbacks', 'successes', 'rejects', 'fires', 'timeouts', 'cacheHits', 'cacheMisses',
  'coalesceCacheHits', 'coalesceCacheMisses', 'semaphoreRejections'
]
const GREAT = [Infinity, Number.MAX_VALUE, 1e300, 1e19, 2 ** 64, 2 ** 63, 2 ** 53, 2 ** 32, 2 ** 31]
const LITTLE = GREAT.map(number => -number)
const WAYS = {
  'written to the newest bucket': (breaker, name, value) => { breaker.status.window[0][name] = value },
  'written twice': (breaker, name, value) => {
    breaker.status.window[0][name] = value
    breaker.status.window[0][name] = value
  },
  'written to two buckets': (breaker, name, value) => {
    breaker.status.window[0][name] = value
    breaker.status.rotateBucket()
    breaker.status.window[0][name] = value
  },
  primed: (breaker, name, value, make) => make({ status: CircuitBreaker.newStatus({ stats: { [name]: value } }) }),
  'primed by the options': (breaker, name, value, make) => make({ status: { [name]: value } })
}

const make = (options, action = async () => 'well') => new CircuitBreaker(action, { rollingCountTimeout: 600_000, ...options })

describe('a count that was corrected to no count', () => {
  for (const value of [...GREAT, ...LITTLE, NaN, -0, 0.5, -0.5]) {
    test(`keeps the sign of ${inspect(value)}`, async t => {
      for (const [way, write] of Object.entries(WAYS)) {
        await t.test(way, async () => {
          for (const name of COUNTS) {
            const first = make()
            const breaker = write(first, name, value, make) ?? first
            const shown = [breaker.stats[name], ...breaker.status.window.map(bucket => bucket[name])]
            for (const number of shown) assertOfSign(number, value, name)
            breaker.status.rotateBucket()
            for (const bucket of breaker.status.window) assertOfSign(bucket[name], value, name)
            // It is corrected again by who knows.
            for (const bucket of breaker.status.window) bucket[name] = 3
            assert.equal(breaker.stats[name], 3 * breaker.status.window.length)
          }
        })
      }
    })

    test(`of ${inspect(value)} is counted on, and the circuit goes on`, async () => {
      for (const name of ['fires', 'failures', 'successes']) {
        let ill = false
        const breaker = make({ errorThresholdPercentage: 50, resetTimeout: 600_000 }, async () => {
          if (ill) throw new Error('ill')
          return 'well'
        })
        breaker.status.window[0][name] = value
        const before = breaker.stats[name]
        for (let call = 0; call < 5; call++) {
          breaker.close()
          assert.equal(await breaker.fire(), 'well')
        }
        assert.ok(breaker.stats[name] >= before, `${name}: ${breaker.stats[name]} after ${before}`)
        ill = true
        breaker.close()
        await assert.rejects(breaker.fire(), /^Error: ill$/)
        assert.ok(breaker.closed || breaker.opened)
        breaker.status.window[0][name] = 0
        breaker.close()
        ill = false
        assert.equal(await breaker.fire(), 'well')
        const { errorThresholdPercentage } = breaker.options
        assert.equal(errorThresholdPercentage, 50)
        if (name === 'fires') assert.equal(breaker.stats.fires, 1)
      }
    })
  }
})

describe('latencies that are none', () => {
  const LISTS = {
    'beyond all time': [1e300, Infinity, Number.MAX_VALUE],
    'below nothing': [-1, -Infinity, -1e300],
    'of all kinds': [1e300, Infinity, -1, NaN, '5', null, undefined, {}, 0.5],
    'many of them': Array.from({ length: 1000 }, () => 1e300)
  }
  for (const [name, list] of Object.entries(LISTS)) {
    const written = {
      written: () => {
        const breaker = make()
        breaker.status.window[0].latencyTimes = list
        return breaker
      },
      primed: () => make({ status: { latencyTimes: list } }),
      'counted by hand': () => {
        const breaker = make()
        for (const latency of list) breaker.status.increment('successes', Number(latency) || 0)
        return breaker
      }
    }
    for (const [way, prepare] of Object.entries(written)) {
      test(`${name}, ${way}: no latency that is shown is below 0, and they are in order`, async () => {
        const breaker = prepare()
        for (let rotations = 0; rotations < 2; rotations++) {
          const { latencyMean, latencyTimes, percentiles } = breaker.stats
          assert.equal(latencyTimes.length, list.length)
          const quantiles = Object.entries(percentiles).sort(([a], [b]) => a - b).map(([, ms]) => ms)
          for (const ms of [latencyMean, ...latencyTimes, ...quantiles]) assert.ok(ms >= 0, `${ms}`)
          assert.deepEqual(quantiles, [...quantiles].sort((a, b) => a - b))
          assert.ok(latencyMean <= quantiles.at(-1), `a mean of ${latencyMean}, of ${quantiles.at(-1)} at most`)
          breaker.status.rotateBucket()
        }
        breaker.status.window[1].latencyTimes = breaker.status.window[2].latencyTimes = []
        for (let call = 0; call < 10; call++) await breaker.fire()
        const { latencyTimes, latencyMean } = breaker.stats
        assert.equal(latencyTimes.length, 10)
        assert.ok(latencyMean >= 0 && latencyMean < 60_000, `${latencyMean}`)
      })
    }
  }
})

function assertOfSign (shown, written, name) {
  const fits = written > 0 ? shown >= 0 : written < 0 ? shown <= 0 : shown === 0
  assert.ok(fits, `${name} are ${shown}`)
}
