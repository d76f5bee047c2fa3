'use strict'

// A breaker that stands where a test wants it, without the calls that would lead there.

const CircuitBreaker = require('../../index')
const { refuse } = require('../options')
const { presetFor } = require('../presets')

const MAKERS = {
  closed: make,
  open: (action, options) => moved(make(action, options), breaker => breaker.open()),
  halfOpen: makeHalfOpen,
  forcedOpen: (action, options) => moved(make(action, options), breaker => breaker.forceOpen()),
  metricsOnly: (action, options) => make(action, { ...options, metricsOnly: true }),
  disabled: (action, options) => make(action, { ...options, enabled: false }),
  shutdown: (action, options) => moved(make(action, options), breaker => breaker.shutdown())
}

/** A breaker of that action whose `state` is this word. The options are copied. */
function breakerIn (state, action, options) {
  if (!Object.hasOwn(MAKERS, state)) refuse('state', `one of ${Object.keys(MAKERS).join(', ')}`, state)
  return MAKERS[state](action, options)
}

module.exports = { breakerIn }

function make (action, options) {
  return new CircuitBreaker(action, { ...options })
}

// It has been open once, for the first of its waits: the next one is longer where waits grow.
function makeHalfOpen (action, options = {}) {
  const resetTimeout = options.resetTimeout ?? presetFor(options.preset, options).resetTimeout
  return make(action, { ...options, state: { closed: false, halfOpen: true, attempt: 1, wait: resetTimeout?.initial } })
}

function moved (breaker, move) {
  move(breaker)
  return breaker
}
