'use strict'

// The option `retry`: what a user may write for it, and how the native half is told. Used by the
// class, and by what changes options.

const { defaults: DEFAULTS, expected } = require('./native/abi')
const { isFunction, readNumber, refuse, refuseUnknown } = require('./options')
const { RetryBudget } = require('./retry-budget')

/**
 * What the option says, as an object with everything in it; undefined where calls are not to be
 * tried again. Throws a TypeError that names what makes no sense.
 */
function readRetry (given) {
  if (given == null || given === false) return undefined
  if (!isFields(given)) refuse('options.retry', expected.retry, given)
  const { attempts, delay, when, budget, timeout, ...others } = given
  refuseUnknown('retry', others, 'attempts, delay, when, budget and timeout')
  if (when != null && !isFunction(when)) refuse('options.retry.when', expected['retry.when'], when)
  return {
    attempts: readNumber('retry.attempts', attempts),
    ...readDelay(delay ?? {}),
    timeout: readNumber('retry.timeout', timeout),
    when: when ?? undefined,
    budget: readBudget(budget ?? {})
  }
}

function readDelay (given) {
  if (!isFields(given)) refuse('options.retry.delay', expected['retry.delay'], given)
  const { initial, max, factor, ...others } = given
  refuseUnknown('retry.delay', others, 'initial, max and factor')
  const first = readNumber('retry.delay.initial', initial)
  // Whoever gives a long first wait alone means that one.
  const longest = readNumber('retry.delay.max', max ?? Math.max(first, DEFAULTS['retry.delay.max']))
  if (longest < first) refuse('options.retry.delay.max', expected['retry.delay.max'], max)
  return { initial: first, max: longest, factor: readNumber('retry.delay.factor', factor) }
}

// A budget that is shared, or what one of the breaker's own is to be made of.
function readBudget (given) {
  if (RetryBudget.is(given)) {
    return RetryBudget.nativeOf(given) ? given : refuse('options.retry.budget', 'a budget of this load of didelphis', given)
  }
  if (!isFields(given)) refuse('options.retry.budget', expected['retry.budget'], given)
  const { ratio, minPerSecond, ...others } = given
  refuseUnknown('retry.budget', others, 'ratio and minPerSecond')
  return {
    ratio: readNumber('retry.budget.ratio', ratio),
    minPerSecond: readNumber('retry.budget.minPerSecond', minPerSecond)
  }
}

/** A budget for several breakers. Throws a TypeError for what makes no sense. */
function makeBudget (given = {}) {
  if (RetryBudget.is(given)) refuse('options', expected['retry.budget'], given)
  const { ratio, minPerSecond } = readBudget(given)
  return new RetryBudget(ratio, minPerSecond)
}

/** Has a breaker try its calls again by what was read, or not. */
function applyRetry (inner, retry) {
  if (retry !== undefined || inner.retry !== undefined) change(inner, retry)
  inner.fallback ||= noFallback(retry)
}

function change (inner, retry) {
  /** @type {import('../src/node/binding').Handle} */
  const handle = inner.handle
  if (retry === undefined) {
    handle.clearRetry()
    inner.retry = undefined
    return
  }
  const { attempts, initial, max, factor, timeout, when } = retry
  const isShared = RetryBudget.is(retry.budget)
  const budget = isShared ? retry.budget : ownBudget(retry.budget, inner.retry)
  handle.setRetry(attempts, initial, max, factor, timeout, RetryBudget.nativeOf(budget))
  inner.retry = { attempts, budget, isShared, when }
}

// What stands in the account of a breaker stays, unless it is to be filled otherwise.
function ownBudget ({ ratio, minPerSecond }, before) {
  const budget = before?.isShared === false ? before.budget : undefined
  const isSame = budget?.ratio === ratio && budget.minPerSecond === minPerSecond
  return isSame ? budget : new RetryBudget(ratio, minPerSecond)
}

function isFields (value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What stands in the place of a fallback where there is none: whoever asks whether anything follows from a failure reads that alone. */
function noFallback (retry) {
  return retry === undefined ? null : undefined
}

module.exports = { noFallback, applyRetry, makeBudget, readRetry }
