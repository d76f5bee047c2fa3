'use strict'

// `classify`: what a call counts as that has ended. `lastFailure`, and the cause of refusals.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { uncaughtDuring, until } = require('../support/wait')
const { down, fireInTurn, hang, ok, startBackend } = require('./support/backend')

const status = code => (request, response) => {
  response.statusCode = code
  response.end()
}

/** Rejects for everything that is not well. */
const strictly = get => async path => {
  const code = await get(path)
  if (code !== 200) throw Object.assign(new Error(`status ${code}`), { statusCode: code })
  return code
}

const notFoundIsIgnored = ({ error }) => error?.statusCode === 404 ? 'ignore' : undefined

for (const rateOf of ['fires', 'outcomes']) {
  test(`what is ignored does not hide the failures between, by ${rateOf}`, async t => {
    const backend = await startBackend(t)
    const classified = async classify => {
      const breaker = new CircuitBreaker(strictly(backend.get), { rateOf, volumeThreshold: 5, classify, errorThresholdPercentage: 90 })
      for (let i = 0; i < 10 && breaker.closed; i++) {
        backend.answer = status(404)
        await fireInTurn(breaker, 3)
        backend.answer = down
        await fireInTurn(breaker, 1)
      }
      const { failures, calls } = breaker.lastTrip ?? {}
      breaker.shutdown()
      return { failures, calls }
    }
    assert.deepEqual(await classified(notFoundIsIgnored), { failures: 5, calls: 5 })
    const asSuccess = ({ error }) => error?.statusCode === 404 ? 'success' : undefined
    assert.deepEqual(await classified(asSuccess), { failures: undefined, calls: undefined }, 'as an errorFilter')
  })
}

test('an ignored error is given to the caller, without fallback, event or count', async t => {
  const backend = await startBackend(t)
  backend.answer = status(404)
  const breaker = new CircuitBreaker(strictly(backend.get), { classify: notFoundIsIgnored, capacity: 1 })
  breaker.fallback(() => 'instead')
  const heard = []
  for (const name of ['success', 'failure', 'fallback']) breaker.on(name, () => heard.push(name))
  await assert.rejects(breaker.fire(), { statusCode: 404 })
  const { fires, successes, failures, latencyTimes } = breaker.stats
  assert.deepEqual({ heard, fires, successes, failures, latencyTimes }, { heard: [], fires: 1, successes: 0, failures: 0, latencyTimes: [] })
  assert.equal(breaker.semaphore.count, 1)
  breaker.shutdown()
})

test('a cancelled probe closes nothing, and the next call may try', async t => {
  const backend = await startBackend(t)
  const get = (path, signal) => fetch(backend.url + path, { signal }).then(response => response.status)
  const breaker = new CircuitBreaker(get, {
    resetTimeout: 20, classify: ({ error }) => error?.name === 'AbortError' ? 'ignore' : undefined
  })
  breaker.open()
  await until(() => breaker.halfOpen)
  backend.answer = hang
  const controller = new AbortController()
  const probe = breaker.fire('/', controller.signal)
  await until(() => backend.underWay === 1)
  await assert.rejects(breaker.fire('/'), { code: 'EOPENBREAKER' })
  controller.abort()
  await assert.rejects(probe, { name: 'AbortError' })
  assert.deepEqual([breaker.halfOpen, breaker.pendingClose], [true, true])
  backend.answer = ok
  assert.equal(await breaker.fire('/'), 200)
  assert.equal(breaker.closed, true)
  breaker.shutdown()
})

test('a result may be a failure: the caller gets it, listeners an ERESULT error', async t => {
  const backend = await startBackend(t)
  backend.answer = status(429)
  const breaker = new CircuitBreaker(backend.get, { volumeThreshold: 2, classify: ({ result }) => result === 429 ? 'failure' : undefined })
  breaker.fallback(() => 'instead')
  const heard = []
  breaker.on('failure', (error, ms, args) => heard.push([error.code, error.result, typeof ms, args]))
  breaker.on('success', () => heard.push('success'))
  assert.equal(await breaker.fire('/first'), 429)
  assert.equal(CircuitBreaker.isOurError(breaker.lastFailure), true)
  assert.equal(breaker.lastFailure.message, 'The result counts as a failure')
  breaker.removeAllListeners('failure')
  assert.equal(await breaker.fire('/second'), 429)
  assert.equal(breaker.opened, true)
  assert.deepEqual(heard, [['ERESULT', 429, 'number', ['/first']]])
  assert.equal(breaker.stats.failures, 2)
  breaker.shutdown()
})

test('an ignored result is given all the same, and says nothing', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { classify: () => 'ignore' })
  breaker.on('success', assert.fail)
  assert.equal(await breaker.fire(), 200)
  assert.equal(breaker.stats.successes, 0)
  breaker.shutdown()
})

test('it is asked of timeouts, with the arguments of the call', async t => {
  const backend = await startBackend(t)
  backend.answer = hang
  const asked = []
  const breaker = new CircuitBreaker(backend.get, {
    timeout: 20,
    classify: ended => {
      asked.push([Object.keys(ended), ended.error.code, ended.args])
      return 'ignore'
    }
  })
  assert.deepEqual(await fireInTurn(breaker, 1, '/slow'), ['ETIMEDOUT'])
  assert.deepEqual(asked, [[['error', 'args'], 'ETIMEDOUT', ['/slow']]])
  assert.deepEqual([breaker.stats.failures, breaker.closed], [0, true])
  breaker.shutdown()
})

test('what it throws, a promise and other words say nothing, and surface', async t => {
  const backend = await startBackend(t)
  const said = value => `options.classify must give 'success', 'failure', 'ignore' or undefined; it gave ${value}, which says nothing`
  for (const [classify, message] of [
    [() => { throw new Error('ill') }, 'ill'],
    [async () => 'ignore', said('a promise')],
    [() => 'sucess', said("'sucess'")],
    [() => true, said('true')]
  ]) {
    const breaker = new CircuitBreaker(backend.get, { classify, errorThresholdPercentage: 100 })
    const uncaught = await uncaughtDuring(async () => {
      backend.answer = ok
      await fireInTurn(breaker, 1)
      backend.answer = down
      await fireInTurn(breaker, 1)
    })
    assert.deepEqual(uncaught.map(error => error.message), [message, message])
    assert.deepEqual([breaker.stats.successes, breaker.stats.failures], [1, 1])
    breaker.shutdown()
  }
})

test('update puts another in its place, and takes it away', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { errorThresholdPercentage: 100 })
  await fireInTurn(breaker, 1)
  breaker.update({ classify: () => 'failure' })
  await fireInTurn(breaker, 1)
  assert.equal(breaker.stats.failures, 1)
  assert.throws(() => breaker.update({ errorFilter: () => true }), { name: 'TypeError', message: /classify cannot stand with/ })
  breaker.update({ classify: null })
  await fireInTurn(breaker, 1)
  assert.equal(breaker.stats.failures, 1)
  breaker.update({ errorFilter: () => true })
  backend.answer = down
  await fireInTurn(breaker, 1)
  assert.deepEqual([breaker.stats.failures, breaker.stats.successes], [1, 3])
  breaker.shutdown()
})

test('the cause of a refusal is the last failure', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get)
  assert.equal(breaker.lastFailure, undefined)
  breaker.open()
  const none = await breaker.fire().catch(error => error)
  assert.equal('cause' in none, false)
  breaker.close()
  backend.answer = down
  const failed = await breaker.fire().catch(error => error)
  assert.equal(breaker.lastFailure, failed)
  breaker.open()
  const refused = await breaker.fire().catch(error => error)
  assert.equal(refused.cause, failed)
  assert.deepEqual(Object.keys(refused).includes('cause'), false, 'not enumerable, as any cause')
  breaker.shutdown()
})

test('a refusal by capacity is no failure to remember', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { capacity: 0, errorThresholdPercentage: 100 })
  breaker.on('failure', () => assert.equal(breaker.lastFailure, undefined))
  await fireInTurn(breaker, 1)
  assert.equal(breaker.lastFailure, undefined)
  breaker.shutdown()
})

test('breakers that refuse each other make no chain without end', async t => {
  let ill = true
  const second = new CircuitBreaker(() => { if (ill) throw new Error('down') }, { resetTimeout: 5 })
  const first = new CircuitBreaker(() => second.fire(), { resetTimeout: 5 })
  const depth = error => error?.cause === undefined ? 0 : 1 + depth(error.cause)
  for (let i = 0; i < 5; i++) {
    await first.fire().catch(() => {})
    const refused = await first.fire().catch(error => error)
    assert.ok(depth(refused) <= 1, `${depth(refused)}`)
    await until(() => first.halfOpen)
  }
  ill = false
  const closed = once(second, 'close')
  await until(() => second.halfOpen || second.closed)
  await second.fire()
  await closed
  first.shutdown()
  second.shutdown()
})
