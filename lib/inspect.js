'use strict'

// What `console.log` and `util.inspect` show of a breaker, its status and the loop: a summary,
// where there would be two dozen fields that say nothing. With `showHidden` they show all the
// same. Used by the classes of these.

// util's, which is in the registry of symbols so that nobody has to ask for it.
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * A method for `INSPECT`, by a function that gives the fields of a summary. Where that cannot
 * be told, it is as if there was no method: nothing is thrown at who only looks.
 */
function shownAs (summaryOf) {
  return function (depth, options) {
    try {
      if (options.showHidden) return this
      const summary = summaryOf(this)
      const Class = classNamed(this.constructor.name)
      // As deep in others as util itself tells no more than a name.
      if (depth < 0 && depth !== null) return options.stylize(`[${[Class.name, summary.name].join(' ').trim()}]`, 'special')
      // An object of such a name, which util writes as it was asked to.
      return Object.assign(new Class(), summary)
    } catch {
      return this
    }
  }
}

/** Counts, rates and latencies of a window, from its stats. */
function ratesOf (stats) {
  const { failures, fallbacks, fires, latencyMean, percentiles, rejects, successes, timeouts } = stats
  const rates = { fires, successes, failures, timeouts, rejects, fallbacks, failureRate: `${failureRate(stats)} %` }
  // -1 says that they are not kept.
  if (stats.learnedTimeout !== undefined) rates.learnedTimeout = stats.learnedTimeout
  if (stats.capacityLimit !== undefined) rates.capacityLimit = stats.capacityLimit
  if (stats.queued !== undefined) rates.queued = stats.queued
  if (latencyMean >= 0) rates.latencyMs = { mean: rounded(latencyMean), median: rounded(percentiles[0.5]), p99: rounded(percentiles[0.99]) }
  return rates
}

module.exports = { INSPECT, ratesOf, shownAs }

// Some of the calls that ended may have begun before the window.
function failureRate ({ failures, fires, successes }) {
  const calls = Math.max(fires, failures + successes)
  return calls === 0 ? 0 : rounded(failures / calls * 100)
}

function rounded (number) {
  return Math.round(number * 10) / 10
}

function classNamed (name) {
  return Object.defineProperty(class {}, 'name', { value: String(name) })
}
