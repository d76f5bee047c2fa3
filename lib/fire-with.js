'use strict'

// `fireWith`: a call on terms of its own. Used by the class.

const { fireOnTerms, fireRemembered } = require('./call')
const { coalesces, remembers } = require('./call-cache')
const { isTraced, trace } = require('./channels')
const { followClock } = require('./clock')
const { INNER } = require('./inner')
const { applyLiveOptions } = require('./live-options')
const { together } = require('./companion')
const { readTerms, unlessAborted } = require('./terms')

const KNOWN = ['signal', 'timeout', 'context']

/** Fires a breaker on terms of its own: a promise, as of `fire`. It never throws. */
function fireWith (breaker, options, args) {
  try {
    const terms = readTerms(options, KNOWN)
    terms.check()
    const { context = breaker.action } = options
    const inner = breaker[INNER]
    followClock(inner)
    applyLiveOptions(breaker, inner)
    const { signalOfCaller } = terms
    const isRemembered = remembers(breaker)
    // Others may wait for the same answer: who gives up does so for himself.
    if (isRemembered && coalesces(breaker.options)) terms.signalOfCaller = undefined
    const begin = isRemembered ? fireRemembered : fireOnTerms
    const promise = isTraced()
      ? trace(inner, args, tracing => begin(breaker, inner, context, args, tracing ? together(terms, tracing) : terms))
      : begin(breaker, inner, context, args, terms)
    return !isRemembered || signalOfCaller === undefined ? promise : unlessAborted(promise, signalOfCaller)
  } catch (error) {
    return Promise.reject(error)
  }
}

module.exports = { fireWith }
