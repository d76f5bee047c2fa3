'use strict'

// Every error of a breaker's own, in one table. Used by the class and the semaphore.

const MESSAGES = {
  EOPENBREAKER: () => 'Breaker is open',
  ETIMEDOUT: timeout => `Timed out after ${timeout}ms`,
  ESEMLOCKED: () => 'Semaphore locked',
  ESHUTDOWN: () => 'The circuit has been shutdown.'
}

// In the registry of symbols, so that two loads of this module know each other's.
const OUR_ERROR = Symbol.for('didelphis.error')

/** An error with that code, and the timeout it speaks of, if any. */
function buildError (code, timeout) {
  const error = new Error(MESSAGES[code](timeout))
  error.code = code
  error[OUR_ERROR] = true
  return error
}

/** Whether `error` was made by a breaker, and not by an action. */
function isOurError (error) {
  return Boolean(error?.[OUR_ERROR])
}

module.exports = { buildError, codes: Object.keys(MESSAGES), isOurError }
