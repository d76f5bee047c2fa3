'use strict'

// resetTimeout as a function: the user says how long an open circuit waits.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { uncaughtDuring } = require('../support/wait')
const { ok, startBackend } = require('./support/backend')

const wait = breaker => Math.round((breaker.nextAttemptAt - Date.now()) / 100) * 100

function opening (t, resetTimeout) {
  const breaker = new CircuitBreaker(async () => { throw new Error('ill') }, { resetTimeout })
  t.after(() => breaker.shutdown())
  return breaker
}

test('honours the Retry-After of a backend', async t => {
  const backend = await startBackend(t, (request, response) => {
    response.statusCode = 503
    response.setHeader('Retry-After', '7')
    response.end()
  })
  const resetTimeout = (attempt, { error }) => Number(error.headers['retry-after']) * 1000
  const breaker = new CircuitBreaker(backend.get, { resetTimeout })
  t.after(() => breaker.shutdown())
  await assert.rejects(breaker.fire(), { statusCode: 503 })
  const { retryAfter } = await breaker.fire().catch(error => error)
  assert.ok(retryAfter > 6000 && retryAfter <= 7000, `${retryAfter}`)
})

test('is told the attempt, the error and the stats, and the circuit half-opens after what it says', async t => {
  const backend = await startBackend(t, (request, response) => response.destroy())
  const told = []
  const breaker = new CircuitBreaker(backend.get, {
    resetTimeout: (attempt, { error, stats }) => {
      told.push([attempt, error.code, stats.failures])
      return 10 * attempt
    }
  })
  t.after(() => breaker.shutdown())
  const halfOpened = []
  for (let attempt = 1; attempt <= 3; attempt++) {
    breaker.fire().catch(() => {})
    const [ms] = await once(breaker, 'halfOpen')
    halfOpened.push(ms)
  }
  assert.deepEqual(told, [[1, 'ECONNRESET', 1], [2, 'ECONNRESET', 2], [3, 'ECONNRESET', 3]])
  assert.deepEqual(halfOpened, [10, 20, 30])
  backend.answer = ok
  await breaker.fire()
  assert.ok(breaker.closed)
})

test('holds before listeners to open are told, and there is no error where none was', t => {
  let context
  const breaker = opening(t, (attempt, given) => { context = given; return 4000 })
  let waited
  breaker.on('open', () => { waited = wait(breaker) })
  breaker.open()
  assert.equal(waited, 4000)
  assert.equal(context.error, undefined)
  assert.equal(context.stats.fires, 0)
})

test('what makes no sense surfaces, and the last wait stays', async t => {
  let answer
  const breaker = opening(t, () => { if (answer instanceof Error) throw answer; return answer })
  const opens = async value => {
    answer = value
    let opened
    const uncaught = await uncaughtDuring(() => {
      breaker.close()
      breaker.open()
      opened = wait(breaker)
    })
    return [opened, ...uncaught.map(({ message }) => message)]
  }
  const must = 'what options.resetTimeout returns must be a number of milliseconds, 0 or more; got '
  assert.deepEqual(await opens(undefined), [30_000, `${must}undefined`], 'the default, before there was one')
  assert.deepEqual(await opens(5000), [5000])
  assert.deepEqual(await opens(-1), [5000, `${must}-1`])
  assert.deepEqual(await opens(NaN), [5000, `${must}NaN`])
  assert.deepEqual((await opens(Promise.resolve(7)))[0], 5000)
  assert.deepEqual(await opens(new Error('no idea')), [5000, 'no idea'])
  assert.deepEqual(await opens('2000'), [2000], 'words of digits, as for the option')
  assert.deepEqual(await opens(Infinity), [Infinity])
  breaker.update({ volumeThreshold: 2 })
  assert.deepEqual(await opens('never'), [Infinity, `${must}'never'`], 'an update forgets no wait')
})

test('may be assigned to the living options, and do what it likes with the breaker', async t => {
  const breaker = opening(t, 1000)
  breaker.options.resetTimeout = () => {
    breaker.close()
    return 3000
  }
  await assert.rejects(breaker.fire(), { message: 'ill' })
  assert.ok(breaker.closed)
  breaker.options.resetTimeout = () => 2000
  breaker.open()
  assert.equal(wait(breaker), 2000)
})
