'use strict'

// What the user's functions say of calls and of the circuit: `classify` of a call that has ended,
// `shouldTrip` of one that failed. Used by the way of a call.
//
// Nothing here throws: what they throw surfaces, and counts as if they were not there.

const { inspect } = require('./builtins')
const { throwAsync } = require('./emit')

const VERDICTS = ['success', 'failure', 'ignore']

/**
 * What a call counts as that ended so: `'success'`, `'failure'` or `'ignore'`; undefined: as usual.
 *
 * @param {(ended: object) => any} classify
 */
function verdictOn (classify, ended) {
  try {
    const verdict = classify(ended)
    if (VERDICTS.includes(verdict)) return verdict
    if (verdict === undefined || verdict === null) return undefined
    throw refused('classify', "'success', 'failure', 'ignore' or undefined", verdict)
  } catch (error) {
    throwAsync(error)
    return undefined
  }
}

/** Whether the user's function says that there is reason to open the circuit of a breaker. */
function shouldTrip (breaker, inner) {
  try {
    const verdict = inner.shouldTrip(breaker.stats)
    if (typeof verdict?.then === 'function') throw refused('shouldTrip', 'true or false', verdict)
    return Boolean(verdict)
  } catch (error) {
    throwAsync(error)
    return false
  }
}

module.exports = { shouldTrip, verdictOn }

// A promise comes too late, whatever it comes to.
function refused (name, sensible, verdict) {
  const shown = typeof verdict?.then === 'function' ? 'a promise' : inspect(verdict, { depth: 0 })
  return new TypeError(`options.${name} must give ${sensible}; it gave ${shown}, which says nothing`)
}
