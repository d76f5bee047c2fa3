'use strict'

/** The median and the 99th percentile of some numbers; of none: NaN. */
function percentiles (numbers) {
  const sorted = Float64Array.from(numbers).sort()
  const at = quantile => sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? NaN
  return { p50: at(0.5), p99: at(0.99) }
}

module.exports = { percentiles }
