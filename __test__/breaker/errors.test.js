'use strict'

// What the errors of a breaker tell, beside their code and message.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { inspect, types } = require('node:util')

const CircuitBreaker = require('../..')
const { child } = require('../support/child')
const { defer, until } = require('../support/wait')

const FRAME = /^ +at /m
const well = async () => 'well'
const hang = () => new Promise(() => {})

function refusal (breaker) {
  return breaker.fire().then(() => assert.fail('it was let through'), error => error)
}

test('each names its breaker', async () => {
  const named = (action, options) => new CircuitBreaker(action, { name: 'payments', ...options })
  const open = named(well)
  open.open()
  const shut = named(well)
  shut.shutdown()
  const breakers = [open, shut, named(well, { capacity: 0 }), named(hang, { timeout: 1 })]
  const errors = await Promise.all(breakers.map(refusal))
  assert.deepEqual(errors.map(({ code }) => code), ['EOPENBREAKER', 'ESHUTDOWN', 'ESEMLOCKED', 'ETIMEDOUT'])
  for (const error of errors) assert.equal(error.breaker, 'payments')
})

test('a refusal says in what time to try again', async () => {
  const breaker = new CircuitBreaker(well, { resetTimeout: 60_000 })
  const before = performance.now()
  breaker.open()
  const { retryAfter } = await refusal(breaker)
  assert(Number.isInteger(retryAfter) && retryAfter <= 60_000)
  assert(retryAfter >= 60_000 - (performance.now() - before) - 1, `${retryAfter} ms`)
})

test('who waits for that long is not refused', async () => {
  const breaker = new CircuitBreaker(well, { resetTimeout: 30 })
  breaker.open()
  const { retryAfter } = await refusal(breaker)
  await new Promise(resolve => setTimeout(resolve, retryAfter + 1))
  assert.equal(await breaker.fire(), 'well')
})

test('a circuit that does not try by itself says so', async () => {
  const breaker = new CircuitBreaker(well, { resetTimeout: Infinity })
  breaker.open()
  assert.equal((await refusal(breaker)).retryAfter, Infinity)
})

test('while one call tries, nobody knows', async () => {
  const probe = defer()
  const breaker = new CircuitBreaker(() => probe.promise, { resetTimeout: 1 })
  breaker.open()
  await until(() => breaker.halfOpen)
  const probed = breaker.fire()
  const error = await refusal(breaker)
  assert.equal(error.code, 'EOPENBREAKER')
  assert.equal(error.retryAfter, undefined)
  probe.resolve('well')
  assert.equal(await probed, 'well')
})

test('they have a stack trace where one is asked for, and other errors in any case', async () => {
  const breaker = new CircuitBreaker(well)
  breaker.open()
  const bare = await refusal(breaker)
  assert(bare instanceof Error)
  assert.equal(bare.stack, 'Error: Breaker is open')
  assert.match(new Error('made afterwards').stack, FRAME)
  breaker.options.stackTraces = true
  const traced = await refusal(breaker)
  assert.match(traced.stack, FRAME)
  assert.match(traced.stack, /^Error: Breaker is open\n/)
  assert(CircuitBreaker.isOurError(traced))
  assert.deepEqual(Object.keys(traced), ['message', 'code', 'breaker', 'retryAfter'])
})

test('without one they are errors like any other, but that loops see their message', async () => {
  const breaker = new CircuitBreaker(well, { name: 'payments' })
  breaker.open()
  const { stackTraceLimit } = Error
  const error = await refusal(breaker)
  assert.equal(Error.stackTraceLimit, stackTraceLimit)
  Error.stackTraceLimit = 0
  const plain = new Error('Breaker is open')
  Error.stackTraceLimit = stackTraceLimit
  assert(types.isNativeError(error))
  assert(error instanceof Error)
  assert.deepEqual([error.constructor, error.name, String(error)], [Error, 'Error', String(plain)])
  assert.deepEqual(Object.getOwnPropertyDescriptor(error, 'stack'), Object.getOwnPropertyDescriptor(plain, 'stack'))
  assert.deepEqual(Object.keys(error), ['message', 'code', 'breaker', 'retryAfter'])
  assert.equal(error.message, plain.message)
  const { message, stack } = structuredClone(error)
  assert.deepEqual({ message, stack }, { message: plain.message, stack: plain.stack })
  assert.match(inspect(error), /^\[Error: Breaker is open\] \{\n {2}code: 'EOPENBREAKER',\n {2}breaker: 'payments',/)
})

test('they can be made where the prototypes of JavaScript are frozen', async () => {
  const { stdout } = await child(({ require, path }) => {
    const CircuitBreaker = require(path)
    for (const { prototype } of [Array, Error, Function, Object, Promise]) Object.freeze(prototype)
    const breaker = new CircuitBreaker(async () => 'well')
    breaker.open()
    breaker.fire().catch(({ code, message, stack }) => console.log(code, message, stack))
    breaker.options.stackTraces = true
    breaker.fire().catch(({ code }) => console.log(code))
  })
  assert.equal(stdout, 'EOPENBREAKER Breaker is open Error: Breaker is open\nEOPENBREAKER\n')
})

test('a fallback is given all arguments, and the error after them', async () => {
  const breaker = new CircuitBreaker(well).fallback((...args) => args)
  breaker.open()
  for (let length = 0; length < 5; length++) {
    const args = Array.from({ length }, (_, place) => place)
    const given = await breaker.fire(...args)
    assert.deepEqual(given.slice(0, -1), args)
    assert.equal(given[length].code, 'EOPENBREAKER')
  }
})

test('frozen intrinsics are no obstacle', async () => {
  const { code, stderr, stdout } = await child(({ require, path }) => {
    Object.freeze(Error)
    const CircuitBreaker = require(path)
    const breaker = new CircuitBreaker(async () => {})
    breaker.open()
    breaker.fire().catch(({ code }) => console.log(code))
  })
  assert.deepEqual({ code, stderr, stdout: stdout.trim() }, { code: 0, stderr: '', stdout: 'EOPENBREAKER' })
})
