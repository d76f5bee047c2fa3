'use strict'

// The abort controller that a user may give a breaker: one for all its calls, as opossum's.
// Used by the options, the way of a call and the class.

const { throwAsync } = require('./emit')
const { isOn } = require('./switches')

/**
 * Checks what the user gave, and makes one where it is to be renewed and there is none. What is
 * to be renewed is written in any case, for options that cannot be written to are to be copied.
 */
function prepareAbort (options) {
  if (isOn('autoRenewAbortController', options.autoRenewAbortController)) {
    const given = options.abortController
    options.abortController = given || new AbortController()
  }
  if (options.abortController && typeof options.abortController.abort !== 'function') {
    throw new TypeError('AbortController does not contain `abort()` method')
  }
}

/** A call has timed out: tells whoever holds the signal. What the user's code throws surfaces. */
function abort (breaker) {
  try {
    breaker.options.abortController?.abort()
  } catch (error) {
    throwAsync(error)
  }
}

/** Calls may begin again: they need a signal that has not been given. Throws what getters throw. */
function renew ({ options }) {
  if (isOn('autoRenewAbortController', options.autoRenewAbortController) && options.abortController?.signal.aborted) {
    options.abortController = new AbortController()
  }
}

module.exports = { abort, prepareAbort, renew }
