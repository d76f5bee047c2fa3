'use strict'

// How long an open circuit waits, where a function of the user's says so. Used by the class.

const { throwAsync } = require('./emit')
const { readWait } = require('./options')

/**
 * The circuit has opened: asks for how long. What throws or makes no sense surfaces, and the circuit
 * waits for as long as it was told last.
 */
function tellWait (breaker, inner) {
  try {
    const { resetTimeout } = breaker.options
    if (typeof resetTimeout !== 'function') return
    const context = { error: inner.lastFailure, stats: breaker.stats }
    inner.toldWait = readWait(resetTimeout(inner.handle.attempt(), context))
  } catch (error) {
    throwAsync(error)
  }
  // Also where it is the last one: other options may have been told since.
  if (inner.toldWait !== undefined) inner.handle.setWait(inner.toldWait)
}

module.exports = { tellWait }
