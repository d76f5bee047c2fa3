'use strict'

// `npm run overload` measures policies on real processes. Here is what it measures with: that the
// load is what it says, and that it complains where a policy does not do its job.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const { claimsOf } = require('../../bench/overload/claims')
const { figuresOf, recovery } = require('../../bench/overload/figures')
const { GUARDS } = require('../../bench/overload/guards')
const { LOADS, callsOf, shortened } = require('../../bench/overload/loads')

const CAPACITY = 200

describe('a load', () => {
  const all = (of, seed) => [...callsOf(LOADS[of], CAPACITY, seed)]

  test('is the same for the same seed', () => {
    assert.deepEqual(all('flood', 1), all('flood', 1))
    assert.notDeepEqual(all('flood', 1), all('flood', 2))
  })

  test('asks as often as it says, at random', () => {
    const calls = all('flood', 1)
    const from = (begins, ends) => calls.filter(({ at }) => at >= begins * 1000 && at < ends * 1000)
    isAbout(from(0, 60).length, 0.9 * CAPACITY * 60, 0.04)
    isAbout(from(60, 240).length, 2 * CAPACITY * 180, 0.02)
    // Of gaps that know nothing of one another, the deviation is the mean.
    const gaps = from(60, 240).map(({ at }, i, { [i - 1]: last }) => at - last?.at).slice(1)
    const mean = average(gaps)
    isAbout(Math.sqrt(average(gaps.map(gap => (gap - mean) ** 2))), mean, 0.05)
  })

  test('works for as long as it says, and for longer in a rare class', () => {
    const calls = all('shift', 1)
    const [slow, usual] = [true, false].map(is => calls.filter(({ isSlow }) => isSlow === is).map(({ ms }) => ms))
    isAbout(average(usual), 20, 0.03)
    isAbout(average(slow), 300, 0.03)
    isAbout(slow.length, 0.005 * calls.length, 0.2)
  })
})

describe('the claims', () => {
  const failing = run => claimsOf(run).filter(({ holds }) => !holds).map(({ what }) => what)

  test('hold where all is as it should be', () => {
    assert.deepEqual(failing(flooded()), [])
    assert.deepEqual(failing(shifted()), [])
    assert.ok(claimsOf(flooded()).length >= 12)
    assert.ok(claimsOf(shifted()).length >= 19)
  })

  test('do not where a limit loses what could be done, lets a queue grow, or holds on to it', () => {
    const complaints = (phase, worse) => failing(flooded({ queue: (second, i) => i === phase ? worse(second) : second }))
    isOne(complaints(1, second => ({ ...second, good: 160 })), /^adaptive capacity, queue: at twice the load/)
    isOne(complaints(3, second => ({ ...second, good: 30 })), /^adaptive capacity, queue: in a brownout/)
    isOne(complaints(2, second => ({ ...second, good: 90 })), /: well again within 5 s of the overload$/)
    isOne(complaints(4, second => ({ ...second, good: 90 })), /: well again within 5 s of the brownout$/)
    const grows = flooded({ queue: (second, phase, i) => phase === 1 ? { ...second, latencies: [50 + i] } : second })
    isOne(failing(grows), /: the p99 does not grow$/)
  })

  test('do not where nothing collapses that should', () => {
    isOne(failing(flooded({ opossum: second => ({ ...second, good: 180 }) })), /^opossum: collapses/)
  })

  test('do not where a timeout kills calls, forgets, or learns what it must not', () => {
    const complaints = worse => failing(shifted({ learned: worse }))
    const at = (phase, changes) => (second, i) => i === phase ? { ...second, ...changes } : second
    isOne(complaints(at(1, { timedOut: 2 })), /: 60 ms, false timeouts/)
    isOne(complaints(at(2, { slowGood: 0 })), /: 20 ms again, the slow class is whole$/)
    isOne(complaints(at(3, { timeout: 480 })), /: an outage is not learned$/)
    isOne(complaints(at(4, { timeout: 900 })), /: the timeout after it is as before$/)
    isOne(failing(shifted({ stalled: at(0, { timeout: 700 }) })), /: teaches nothing$/)
  })
})

test('a recovery is over when three seconds are nearly as good as usual', () => {
  const run = flooded({ queue: (second, phase, i) => phase === 2 && i < 4 ? { ...second, good: 0 } : second })
  const guard = run.guards.find(({ key }) => key === 'queue')
  assert.equal(recovery(run, guard, 2), 4)
  assert.equal(recovery(run, run.guards.find(({ key }) => key === 'none'), 2), Infinity)
})

test('quantiles are of latencies in order, and of none there are none', () => {
  const second = { ...SECOND, latencies: [9, 100, 8, 7] }
  assert.equal(figuresOf([second]).p50, 8)
  assert.equal(figuresOf([second]).p99, 100)
  assert.ok(Number.isNaN(figuresOf([{ ...SECOND, latencies: [] }]).p50))
})

const SECOND = { offered: 200, good: 180, refused: 0, timedOut: 0, failed: 0, slow: 1, slowGood: 1, latencies: [50], timeout: 450 }

/** A flood in which some guards do well, and some do worse as told: by second, phase and place in it. */
function flooded (worse = {}) {
  const usual = (second, phase) => ({ ...second, good: [180, 200, 180, 48, 180][phase] })
  const collapsed = (second, phase) => phase === 0 ? usual(second, phase) : { ...second, good: 10 }
  return ran('flood', key => (second, phase, i) => {
    const is = (['none', 'opossum'].includes(key) ? collapsed : usual)(second, phase)
    return worse[key]?.(is, phase, i) ?? is
  })
}

function shifted (worse = {}) {
  return ran('shift', key => worse[key] ?? (second => second))
}

function ran (of, play) {
  const load = shortened(LOADS[of], LOADS[of].phases.map(() => 30))
  const guards = Object.entries(GUARDS[of]).map(([key, { name }]) => {
    const seconds = load.phases.flatMap((_, phase) => Array.from({ length: 30 }, (_, i) => play(key)(SECOND, phase, i)))
    return { key, name, capacity: CAPACITY, seconds }
  })
  return { of, load, guards }
}

function isOne (complaints, expected) {
  assert.equal(complaints.length, 1, complaints.join())
  assert.match(complaints[0], expected)
}

function average (numbers) {
  return numbers.reduce((a, b) => a + b, 0) / numbers.length
}

function isAbout (value, expected, share) {
  assert.ok(Math.abs(value - expected) <= share * expected, `${value} is not about ${expected}`)
}
