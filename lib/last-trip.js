'use strict'

// Why a circuit opened last: what the native half remembers of it, in the words of the options.
// Used by the class.

const { codes, places } = require('./native/abi')
const { stat } = require('./native/crossings')

const { TRIP_AGO, TRIP_AT, TRIP_CALLS, TRIP_COUNT, TRIP_REASON, TRIP_THRESHOLD } = places

// The option that said so, or what else it was.
const REASONS = {
  [codes.REASON_ERROR_RATE]: 'errorThresholdPercentage',
  [codes.REASON_SLOW_CALLS]: 'slowCallThresholdPercentage',
  [codes.REASON_CONSECUTIVE_FAILURES]: 'consecutiveFailures',
  [codes.REASON_MAX_FAILURES]: 'maxFailures',
  [codes.REASON_HOST]: 'shouldTrip',
  [codes.REASON_PROBE]: 'probe',
  [codes.REASON_COMMAND]: 'open'
}

/**
 * Why the circuit of a breaker opened last; undefined while it never has. The same object until
 * it opens again.
 *
 * @param {import('./inner').Inner} inner
 */
function lastTrip (inner) {
  if (!inner.handle.readTrip()) return undefined
  // By more than its moment: the clocks of browsers stand still for up to a millisecond.
  const seen = [TRIP_AT, TRIP_REASON, TRIP_COUNT, TRIP_CALLS].map(stat).join()
  if (inner.lastTrip?.seen !== seen) inner.lastTrip = { seen, shown: shown() }
  return inner.lastTrip.shown
}

module.exports = { lastTrip }

function shown () {
  const code = stat(TRIP_REASON)
  const trip = { reason: REASONS[code], at: Math.round(Date.now() - stat(TRIP_AGO)) }
  const count = stat(TRIP_COUNT)
  const calls = stat(TRIP_CALLS)
  const threshold = stat(TRIP_THRESHOLD)
  switch (code) {
    case codes.REASON_ERROR_RATE:
      return { ...trip, failures: count, calls, percentage: share(count, calls), threshold }
    case codes.REASON_SLOW_CALLS:
      return { ...trip, slowCalls: count, calls, percentage: share(count, calls), threshold }
    case codes.REASON_CONSECUTIVE_FAILURES:
    case codes.REASON_MAX_FAILURES:
      return { ...trip, failures: count, threshold }
    default:
      return trip
  }
}

// As the native half compares it. Corrections by hand can leave failures without a call.
function share (count, calls) {
  return Math.min(100, count / calls * 100)
}
