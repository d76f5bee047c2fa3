'use strict'

// What became of a call, and who was to blame. Used by the proxy and the comparison.

const { OPTIONS } = require('./breaker')

// A backend that is on time by less than this may have been interrupted in writing its
// answer: nobody is accused of that.
const MARGIN = 20

const OUTCOMES = ['good', 'failed', 'late', 'blamed', 'refused']

/**
 * `good`: an answer. `failed`: the backend's error. `late`: a timeout, and the backend
 * had not answered. `blamed`: a timeout, and it had. `refused`: the circuit was open.
 */
function outcomeOf ({ answeredAfter, code }) {
  if (code === 'OK') return 'good'
  if (code === 'EOPENBREAKER') return 'refused'
  if (code !== 'ETIMEDOUT') return 'failed'
  return answeredAfter < OPTIONS.timeout - MARGIN ? 'blamed' : 'late'
}

/** Whether a call was let off: an answer was taken that the backend gave too late. */
function isLetOff ({ answeredAfter, code }) {
  return code === 'OK' && answeredAfter > OPTIONS.timeout + MARGIN
}

/**
 * Whether the circuit would have stayed as it was without the false timeouts. Of them,
 * only those count that are for certain in the window, whose first bucket goes as a whole,
 * and whose answers were no errors.
 */
function isFalseOpening ({ at, failures, fires, halfOpenAt }, calls) {
  const wronged = call => outcomeOf(call) === 'blamed' && !call.backendFailed
  if (halfOpenAt !== undefined) {
    // All others are refused meanwhile, and those from before the circuit opened are over.
    const probe = calls.find(call => call.at + call.took >= halfOpenAt && outcomeOf(call) !== 'refused')
    return probe !== undefined && wronged(probe)
  }
  const { errorThresholdPercentage, rollingCountBuckets, rollingCountTimeout } = OPTIONS
  const since = at - rollingCountTimeout * (1 - 1 / rollingCountBuckets)
  const wrong = calls.filter(call => wronged(call) && call.at + call.took > since && call.at + call.took < at).length
  return 100 * (failures - wrong) / fires <= errorThresholdPercentage
}

module.exports = { OUTCOMES, isFalseOpening, isLetOff, outcomeOf }
