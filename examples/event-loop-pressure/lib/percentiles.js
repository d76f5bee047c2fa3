'use strict'

/** The median, the 95th and 99th percentile and the largest of some numbers; of none: NaN. */
function percentiles (numbers) {
  const sorted = Float64Array.from(numbers).sort()
  const at = quantile => sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? NaN
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}

module.exports = { percentiles }
