'use strict'

// Paired rounds. A shared machine drifts, by more than what is to be measured: so the
// contestants take turns in rounds of a few milliseconds, and what is compared is one
// round with its neighbour.

const { setImmediate: turn } = require('node:timers/promises')

/**
 * Puts the contestants through a case: for each, the nanoseconds of one call as the
 * median of its rounds, and how many times longer that is than what the first
 * contestant takes, as the median, least and greatest of the ratios round by round.
 */
async function run ({ setUp, batch }, contestants, { rounds, warmUp, ...spans }) {
  globalThis.gc()
  const entrants = []
  for (const contestant of contestants) {
    const guarded = await setUp(contestant)
    if (guarded) entrants.push({ name: contestant.name, guarded, rounds: [] })
  }
  for (let number = -warmUp; number < rounds; number++) {
    for (const { guarded, rounds } of rotated(entrants, number + warmUp)) {
      const nanos = await round(guarded, batch, spans)
      if (number >= 0) rounds.push(nanos)
    }
  }
  for (const { guarded } of entrants) guarded.shutdown?.()
  const [first] = entrants
  return Object.fromEntries(entrants.map(({ name, rounds }) => [name, {
    nanos: median(rounds),
    ratio: spread(rounds.map((nanos, number) => nanos / first.rounds[number]))
  }]))
}

module.exports = { run }

// The young garbage of the others and what breakers do by timer are left outside. A
// full collection is not asked for: it takes the optimised code of Node's timers along,
// and an opossum, which makes one a call, would be 2 to 20 times slower after each.
async function round (guarded, batch, { runIn, timed }) {
  globalThis.gc({ type: 'minor' })
  await turn()
  await batchesFor(guarded, batch, runIn)
  return batchesFor(guarded, batch, timed)
}

// Makes calls for so many milliseconds; the nanoseconds of one.
async function batchesFor (guarded, batch, ms) {
  const began = performance.now()
  let calls = 0
  let took
  do {
    calls += await batch(guarded)
    took = performance.now() - began
  } while (took < ms)
  return took * 1e6 / calls
}

function rotated (list, by) {
  const first = by % list.length
  return [...list.slice(first), ...list.slice(0, first)]
}

function spread (numbers) {
  return { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers) }
}

function median (numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
