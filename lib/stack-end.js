'use strict'

// Promises that are made where the stack ends.

/**
 * What to throw where the stack had no room for the executor of a promise: that is rejected then, and
 * nobody has what would settle it. Whoever was to be given the promise is given this instead.
 */
function noRoom (promise) {
  promise.then(undefined, () => {})
  return new RangeError('Maximum call stack size exceeded')
}

module.exports = { noRoom }
