'use strict'

// Who is to blame for a timeout, and for an opening.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { isFalseOpening, isLetOff, outcomeOf } = require('../lib/verdict')

const timeout = (answeredAfter, more) => ({ at: 0, took: 500, code: 'ETIMEDOUT', answeredAfter, backendFailed: false, ...more })

test('a timeout is false when the backend had answered, and not when that is a matter of milliseconds', () => {
  assert.equal(outcomeOf(timeout(100)), 'blamed')
  assert.equal(outcomeOf(timeout(479)), 'blamed')
  assert.equal(outcomeOf(timeout(495)), 'late')
  assert.equal(outcomeOf(timeout(800)), 'late')
})

test('a backend that never answered is not cleared', () => {
  assert.equal(outcomeOf(timeout(undefined)), 'late')
  assert.equal(outcomeOf(timeout(NaN)), 'late')
})

test('the other outcomes go by their codes', () => {
  assert.equal(outcomeOf({ code: 'OK', answeredAfter: 100 }), 'good')
  assert.equal(outcomeOf({ code: 'EOPENBREAKER' }), 'refused')
  assert.equal(outcomeOf({ code: 'Error', answeredAfter: 100 }), 'failed')
})

test('only a late answer that was taken is let off', () => {
  assert.ok(isLetOff({ code: 'OK', answeredAfter: 600 }))
  assert.ok(!isLetOff({ code: 'OK', answeredAfter: 505 }))
  assert.ok(!isLetOff(timeout(600)))
})

const atTimes = (times, call) => times.map(at => ({ ...call, at }))

test('an opening is false when the threshold was passed for false timeouts alone', () => {
  const opening = { at: 10_000, failures: 51, fires: 100 }
  assert.ok(isFalseOpening(opening, atTimes([5000], timeout(100))))
  assert.ok(!isFalseOpening(opening, atTimes([5000], timeout(800))))
  assert.ok(!isFalseOpening({ ...opening, failures: 60 }, atTimes([5000], timeout(100))))
})

test('false timeouts count for nothing outside the window, after the opening, or before an error', () => {
  const opening = { at: 20_000, failures: 51, fires: 100 }
  assert.ok(!isFalseOpening(opening, atTimes([2000, 9000, 19_900], timeout(100))))
  assert.ok(!isFalseOpening(opening, atTimes([15_000], timeout(100, { backendFailed: true }))))
})

test('an opening after a try is as false as the try', () => {
  const opening = { at: 5500, failures: 1, fires: 1, halfOpenAt: 5000 }
  const refused = { at: 4990, took: 20, code: 'EOPENBREAKER' }
  assert.ok(isFalseOpening(opening, [timeout(100, { at: 5000 })]))
  assert.ok(isFalseOpening(opening, [refused, timeout(100, { at: 4999 })]))
  assert.ok(!isFalseOpening(opening, [timeout(100, { at: 1000 }), timeout(800, { at: 5000 })]))
})
