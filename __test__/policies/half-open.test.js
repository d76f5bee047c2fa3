'use strict'

// halfOpenCalls and halfOpenThresholdPercentage: by whom a half-open circuit is tried.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { down, ok, startBackend } = require('./support/backend')

/** A breaker around a backend that is down, half open. */
async function halfOpened (t, options) {
  const backend = await startBackend(t, down)
  const breaker = new CircuitBreaker(backend.get, { resetTimeout: 20, ...options })
  t.after(() => breaker.shutdown())
  const halfOpened = once(breaker, 'halfOpen')
  await assert.rejects(breaker.fire(), { statusCode: 503 })
  await halfOpened
  backend.requests = 0
  // It stays open once it opens again.
  breaker.options.resetTimeout = 60_000
  return { backend, breaker }
}

const codesOf = outcomes => outcomes.map(({ reason, value }) => reason?.code ?? reason?.statusCode ?? value)

test('as many calls try as halfOpenCalls says, and no more', async t => {
  const { backend, breaker } = await halfOpened(t, { halfOpenCalls: 3 })
  backend.answer = ok
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => breaker.fire()))
  assert.deepEqual(codesOf(outcomes), [200, 200, 200, ...Array(7).fill('EOPENBREAKER')])
  assert.equal(backend.requests, 3)
  assert.ok(breaker.closed)
})

test('a refusal beside the probes knows no moment, and a circuit that lets one more try is told by pendingClose', async t => {
  const { breaker } = await halfOpened(t, { halfOpenCalls: 2 })
  const first = breaker.fire()
  assert.ok(breaker.pendingClose)
  const second = breaker.fire()
  assert.ok(!breaker.pendingClose)
  await assert.rejects(breaker.fire(), { code: 'EOPENBREAKER', retryAfter: undefined })
  assert.equal(breaker.nextAttemptAt, undefined)
  await Promise.allSettled([first, second])
})

test('the first failure opens again, where none may fail', async t => {
  const { backend, breaker } = await halfOpened(t, { halfOpenCalls: 3 })
  backend.answer = (request, response) => backend.requests === 2 ? down(request, response) : ok(request, response)
  await breaker.fire()
  assert.ok(breaker.halfOpen, 'the others may fail')
  await assert.rejects(breaker.fire(), { statusCode: 503 })
  assert.ok(breaker.opened)
})

test('with a share that may fail, the verdict falls as soon as it is certain', async t => {
  const { backend, breaker } = await halfOpened(t, { halfOpenCalls: 4, halfOpenThresholdPercentage: 50 })
  const outcome = async answer => {
    backend.answer = answer
    await breaker.fire().catch(() => {})
    return breaker.toJSON().state
  }
  assert.ok((await outcome(down)).halfOpen)
  assert.ok((await outcome(ok)).halfOpen)
  assert.ok((await outcome(down)).halfOpen, 'two of four is not more than half')
  assert.ok((await outcome(ok)).closed)
})

test('probes that all fail open once, at the one that decides', async t => {
  const { breaker } = await halfOpened(t, { halfOpenCalls: 4, halfOpenThresholdPercentage: 25 })
  let opened = 0
  breaker.on('open', () => opened++)
  const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => breaker.fire()))
  assert.deepEqual(codesOf(outcomes), [503, 503, 503, 503])
  assert.equal(opened, 1)
  assert.ok(breaker.opened)
})

test('words of digits are numbers, as for other options', async t => {
  const breaker = new CircuitBreaker(() => {}, { halfOpenThresholdPercentage: '50' })
  t.after(() => breaker.shutdown())
  assert.equal(breaker.options.halfOpenThresholdPercentage, '50')
  assert.throws(() => new CircuitBreaker(() => {}, { halfOpenThresholdPercentage: 'half' }), {
    message: "options.halfOpenThresholdPercentage must be a number of percent, from 0 to 100; got 'half'",
    name: 'TypeError'
  })
})
