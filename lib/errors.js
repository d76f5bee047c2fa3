'use strict'

// Every error of a breaker's own, in one table. Used by the class and the semaphore.

const { throwAsync } = require('./emit')
const { isOn } = require('./switches')

const MESSAGES = {
  EOPENBREAKER: () => 'Breaker is open',
  ETIMEDOUT: timeout => `Timed out after ${timeout}ms`,
  ERAMPUP: () => 'Breaker is ramping up',
  ETHROTTLED: () => 'Breaker is throttling',
  EQUEUE: waited => waited === undefined ? 'Queue is full' : `Waited ${waited}ms for a place`,
  ESEMLOCKED: () => 'Semaphore locked',
  ESHUTDOWN: () => 'The circuit has been shutdown.',
  ERESULT: () => 'The result counts as a failure'
}

// In the registry of symbols, so that two loads of this module know each other's.
const OUR_ERROR = Symbol.for('didelphis.error')

/**
 * An error with that code of a breaker, the time it speaks of, and what it comes from, if
 * any. Nine tenths of what it costs is the stack trace, which leads to the caller of `fire` at
 * best; so it has one only where the user asks for it.
 *
 * @returns {any}
 */
function buildError (breaker, code, timeout, cause) {
  const message = MESSAGES[code](timeout)
  let name, stackTraces
  try {
    name = breaker.name
    const given = breaker.options.stackTraces
    stackTraces = Boolean(given) && isOn('stackTraces', given)
  } catch (error) {
    // A getter of the user's: the call is to end all the same.
    throwAsync(error)
  }
  const traced = stackTraces || !STACK_MAY_BE_SET
  return traced ? new BreakerError(message, message, code, name, cause) : withoutTrace(message, code, name, cause)
}

// An Error to whoever looks at it. As a class of its own it has room for its properties in
// itself, and its mark once for all. To give `Error` the message costs as much again as to
// make the error, so it is given one only for its trace; the price is that loops see the
// message. It is declared, for one that is only assigned fails on a frozen Error.prototype.
class BreakerError extends Error {
  message

  constructor (inTrace, message, code, breaker, cause) {
    super(inTrace, cause === undefined ? undefined : { cause })
    this.message = message
    this.code = code
    this.breaker = breaker
  }
}

Object.defineProperties(BreakerError.prototype, {
  constructor: { value: Error, configurable: true, writable: true },
  [OUR_ERROR]: { value: true }
})

// Under a limit of 0, V8 still walks the stack; under one that is no number it does not,
// and leaves the error without the line that a stack begins with.
function withoutTrace (message, code, breaker, cause) {
  const limit = traceLimit()
  limitTraces(undefined)
  const error = new BreakerError(undefined, message, code, breaker, cause)
  limitTraces(limit)
  error.stack = `Error: ${message}`
  return error
}

// Somebody may have frozen it, or put a getter in its place: then a trace is made for nothing.
function limitTraces (limit) {
  try {
    Error.stackTraceLimit = limit
  } catch {}
}

function traceLimit () {
  try {
    return Error.stackTraceLimit
  } catch {
    return undefined
  }
}

// In V8 an error has a `stack` that no loop sees, whoever has set it. Elsewhere it may be a
// property like any other once it is set.
const STACK_MAY_BE_SET = !Object.keys(withoutTrace('')).includes('stack')

/** Whether `error` was made by a breaker, and not by an action. */
function isOurError (error) {
  return Boolean(error?.[OUR_ERROR])
}

/** Whether it says that a breaker, whichever, has not let a call begin. */
function isRefusal (error) {
  return isOurError(error) && !FAILURES.includes(error.code)
}

// Those of calls that have begun.
const FAILURES = ['ETIMEDOUT', 'ERESULT']

module.exports = { buildError, codes: Object.keys(MESSAGES), isOurError, isRefusal }
