'use strict'

// What `stats` reads at once.

const assert = require('node:assert')
const { describe, it } = require('node:test')
const CircuitBreaker = require('../..')

describe('stats', () => {
  it('list a latency for every cell of the histogram', () => {
    const status = CircuitBreaker.newStatus()
    // The middles of eight cells in each of 33 octaves, from half a microsecond on.
    const middles = Array.from({ length: 33 * 8 }, (_, cell) => 2 ** (9 + (cell >> 3)) * (1 + (cell % 8 + 0.5) / 8) / 1e6)
    for (const ms of middles) status.increment('successes', ms)
    const { latencyTimes, percentiles, successes } = status.stats
    assert.strictEqual(successes, middles.length)
    assert.strictEqual(latencyTimes.length, middles.length)
    for (const [place, ms] of middles.entries()) {
      // The first cell stands for zero.
      if (place > 0) assert.ok(Math.abs(latencyTimes[place] - ms) <= ms * 0.0625, `${latencyTimes[place]} for ${ms}`)
    }
    assert.strictEqual(latencyTimes.at(-1), percentiles[1])
  })

  it('keep the latencies with which they were read', () => {
    const [one, other] = [CircuitBreaker.newStatus(), CircuitBreaker.newStatus()]
    for (const ms of [10, 10, 30]) one.increment('successes', ms)
    const { stats } = one
    for (const ms of [500, 600, 700, 800]) other.increment('successes', ms)
    assert.strictEqual(other.stats.latencyTimes.length, 4)
    assert.strictEqual(stats.latencyTimes.length, 3)
    assert.ok(stats.latencyTimes.every(ms => ms > 9 && ms < 31), String(stats.latencyTimes))
  })

  it('list their latencies to whoever holds them, by whatever handle', () => {
    const status = CircuitBreaker.newStatus()
    for (const ms of [10, 30]) status.increment('successes', ms)
    const { stats } = status
    assert.strictEqual(Object.create(stats).latencyTimes.length, 2, 'by what inherits from them')
    assert.strictEqual(new Proxy(stats, {}).latencyTimes.length, 2, 'by a Proxy')
    assert.strictEqual({ ...stats }.latencyTimes.length, 2, 'as a copy')
    assert.strictEqual(JSON.parse(JSON.stringify(stats)).latencyTimes.length, 2, 'as JSON')
    assert.deepStrictEqual(Object.keys(stats), Reflect.ownKeys({ ...stats }), 'and show nothing else')
    stats.latencyTimes = [1]
    assert.deepStrictEqual(stats.latencyTimes, [1])
  })
})
