'use strict'

// What a breaker has learned by itself: how long calls may take, how many may be under way at once.
// Used by the way of a call, and by all that shows a breaker.

/** What a call had for its timeout, as its error names it: as options say now, or as it was learned then. */
function timeoutOf (inner, permit) {
  const given = inner.learnsTimeout ? inner.handle.timeoutGiven(permit) : null
  return given === null ? inner.liveOptions.timeout : rounded(given)
}

/**
 * Goes on from what an earlier breaker has learned, where this one learns, too. JSON and databases change types; what
 * makes no sense is not known.
 *
 * @param {import('../src/node/binding').Handle} handle
 */
function rememberLearned (handle, { capacityLimit, learnedTimeout, usualLatency }) {
  const [limit, timeout, usual] = [capacityLimit, learnedTimeout, usualLatency].map(Number)
  if (timeout > 0 && timeout < Infinity) handle.rememberTimeout(timeout)
  if (limit >= 1 && limit < Infinity) handle.rememberCapacity(limit, usual > 0 && usual < Infinity ? usual : undefined)
}

/** Milliseconds as people read them: what was learned is known to some percent. */
function rounded (ms) {
  return ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)
}

module.exports = { rememberLearned, rounded, timeoutOf }
