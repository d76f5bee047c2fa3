'use strict'

// A random program for a circuit breaker: its options, and the steps that are taken with
// it. All of it follows from the seed. It is plain data, so that it can be shortened and
// printed.
//
// Times are chosen so that two timers never come due in the same millisecond, for which
// of them is first is nobody's promise: steps are taken at multiples of GRID, a timeout is
// one more than such a multiple, a reset timeout eight more. Buckets end on the grid.
// What comes due by a bucket, a timeout or a chain of up to seven resets is told apart.

const GRID = 64
const LATER = 1
const RESET = 8

const OUTCOMES = ['later', 'later', 'later', 'later', 'promise', 'value', 'rejection', 'throw', 'harmless']
const EVENTS = [
  'fire', 'success', 'failure', 'timeout', 'reject', 'open', 'close', 'halfOpen', 'fallback', 'semaphoreLocked',
  'cacheHit', 'cacheMiss', 'coalesceCacheHit', 'coalesceCacheMiss'
]
const ACTS = ['open', 'close', 'disable', 'enable', 'look', 'fire', 'fire']

/** The program of that seed. */
function sequence (seed) {
  const random = new Random(seed)
  const options = drawOptions(random)
  const around = drawSurroundings(random)
  const steps = Array.from({ length: random.between(30, 60) }, () => drawStep(random, options))
  return { options, around, steps }
}

module.exports = { EVENTS, GRID, sequence }

function drawOptions (random) {
  const buckets = random.of([1, 2, 3, 5, 10])
  const span = GRID * random.of([1, 1, 2, 4, 10]) * buckets
  const options = {
    timeout: random.chance(0.15) ? false : drawTimeout(random),
    resetTimeout: drawReset(random),
    errorThresholdPercentage: random.of([0, 10, 50, 50, 50, 75, 99, 100, -1]),
    // A rest that does not fill the buckets.
    rollingCountTimeout: span + random.between(0, buckets - 1),
    rollingCountBuckets: buckets
  }
  if (random.chance(0.5)) options.volumeThreshold = random.between(0, 8)
  if (random.chance(0.4)) options.capacity = random.of([0, 1, 1, 2, 3, 5])
  if (random.chance(0.2)) options.allowWarmUp = true
  if (random.chance(0.1)) options.rollingPercentilesEnabled = false
  if (random.chance(0.05)) options.enabled = false
  if (random.chance(0.25)) {
    options.cache = true
    if (random.chance(0.7)) options.cacheTTL = GRID * random.between(1, 6) + random.between(0, 1)
    if (random.chance(0.2)) options.cacheSize = random.between(1, 2)
  }
  if (random.chance(0.3)) {
    options.coalesce = true
    if (random.chance(0.5)) options.coalesceTTL = GRID * random.between(0, 6) + random.between(0, 1)
    options.coalesceResetOn = ['error', 'success', 'timeout'].filter(() => random.chance(0.4))
    if (random.chance(0.2)) options.coalesceSize = random.between(1, 2)
  }
  return options
}

// What a user puts around a breaker: by name, for a program can be printed. What a listener
// fires does not settle by itself: of two calls that settle in the same turn, opossum tells
// a failure one microtask later.
function drawSurroundings (random) {
  return {
    listening: random.chance(0.75),
    snapshots: random.chance(0.2),
    filter: random.chance(0.4) ? random.of(['harmless', 'timeouts', 'locked', 'all']) : 'none',
    fallback: random.chance(0.4) ? random.of(['value', 'promise', 'rejection', 'throw']) : 'none',
    // Whether state and statistics are read after every step: to ask is to move the clock.
    looking: random.chance(0.7),
    meddling: random.chance(0.3)
      ? Array.from({ length: random.between(1, 2) }, () => drawMeddler(random))
      : []
  }
}

function drawMeddler (random) {
  const meddler = {
    on: random.of(EVENTS),
    act: random.of(ACTS),
    how: random.of(['later', 'later', 'throw']),
    key: random.between(0, 2),
    times: random.between(1, 4)
  }
  // Whether a call is guarded is decided once: in opossum before it is looked up, in ours
  // after that.
  return meddler.act === 'disable' && meddler.on.endsWith('Miss') ? drawMeddler(random) : meddler
}

function drawStep (random) {
  return random.weighted([
    [34, () => ({ do: 'fire', how: random.of(OUTCOMES), key: random.between(0, 2) })],
    [24, () => ({
      do: 'settle',
      which: random.between(0, 5),
      how: random.of(['promise', 'promise', 'rejection', 'rejection', 'harmless']),
      // What the action says lies there while so much time passes in one go.
      stall: random.chance(0.1) ? drawSpan(random) : 0
    })],
    [24, () => ({ do: 'wait', ms: drawSpan(random) })],
    [3, () => ({ do: 'open' })],
    [3, () => ({ do: 'close' })],
    [2, () => ({ do: 'disable' })],
    [4, () => ({ do: 'enable' })],
    [1, () => ({ do: 'clearCache' })],
    [2, () => ({ do: 'take' })],
    [2, () => ({ do: 'release' })],
    [2, () => random.weighted([
      [1, () => ({ do: 'set', option: 'timeout', to: drawTimeout(random) })],
      [1, () => ({ do: 'set', option: 'resetTimeout', to: drawReset(random) })],
      [1, () => ({ do: 'set', option: 'errorThresholdPercentage', to: random.of([0, 25, 50, 100]) })]
    ])],
    [0.4, () => ({ do: 'shutdown' })]
  ])
}

function drawSpan (random) {
  return GRID * random.weighted([[6, () => random.between(1, 3)], [3, () => random.between(4, 10)], [1, () => random.between(11, 60)]])
}

function drawTimeout (random) {
  return GRID * random.between(0, 6) + LATER
}

function drawReset (random) {
  return GRID * random.between(0, 8) + RESET
}

// Mulberry32, by Tommy Ettinger.
class Random {
  constructor (seed) {
    this.state = seed
  }

  next () {
    this.state = (this.state + 0x6D2B79F5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  chance (probability) {
    return this.next() < probability
  }

  between (least, greatest) {
    return least + Math.floor(this.next() * (greatest - least + 1))
  }

  of (list) {
    return list[this.between(0, list.length - 1)]
  }

  weighted (choices) {
    let left = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, make] of choices) {
      left -= weight
      if (left < 0) return make()
    }
    return choices[0][1]()
  }
}
