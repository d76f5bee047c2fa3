'use strict'

// What came of a load, by phase and by second.

const { beginnings } = require('./loads')

/** The seconds of a phase; or some of them. */
function secondsOf ({ load }, guard, phase, from = 0, to = load.phases[phase].seconds) {
  const begins = beginnings(load)[phase]
  return guard.seconds.slice(begins + from, begins + to)
}

/** Rates a second, latencies of what was answered in time in ms. */
function figuresOf (seconds) {
  const sum = key => seconds.reduce((sum, second) => sum + second[key], 0)
  const latencies = seconds.flatMap(second => second.latencies).sort((a, b) => a - b)
  // A loop that stalls may not look in each second.
  const last = key => seconds.findLast(second => second[key] !== undefined)?.[key]
  const made = sum('good') + sum('timedOut') + sum('failed')
  return {
    offered: sum('offered') / seconds.length,
    goodput: sum('good') / seconds.length,
    refused: sum('refused') / seconds.length,
    timedOut: sum('timedOut') / seconds.length,
    failed: sum('failed') / seconds.length,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    timedOutShare: sum('timedOut') / made,
    slowShare: sum('slowGood') / sum('slow'),
    timeout: last('timeout'),
    limit: last('limit')
  }
}

/** Of numbers in order; not a number where there are none. */
function quantile (sorted, share) {
  return sorted.length ? sorted[Math.ceil(share * sorted.length) - 1] : NaN
}

/**
 * How many seconds pass until as much is answered in time as in the first phase, but for a tenth, in three
 * seconds together; infinity: not in that phase.
 */
function recovery (run, guard, phase) {
  const usual = figuresOf(secondsOf(run, guard, 0)).goodput
  const seconds = secondsOf(run, guard, phase)
  const found = seconds.findIndex((_, i) => i + 3 <= seconds.length && figuresOf(seconds.slice(i, i + 3)).goodput >= 0.9 * usual)
  return found < 0 ? Infinity : found
}

/** The slots that there are in a phase. */
function slotsIn ({ phases, slots }, phase) {
  return phases[phase].condition?.slots ?? slots
}

/** How many calls a second the backend can do then. */
function canDo ({ load }, { capacity }, phase) {
  return capacity * slotsIn(load, phase) / load.slots
}

module.exports = { canDo, figuresOf, quantile, recovery, secondsOf, slotsIn }
