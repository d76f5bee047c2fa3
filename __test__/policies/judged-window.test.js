'use strict'

// `window: { calls }`: the last so many outcomes are judged, whenever they were.
// `resetWindowOnClose`: none of those from before the circuit closed.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { sleep, until } = require('../support/wait')
const { down, fireInTurn, ok, startBackend } = require('./support/backend')

const RESET_MS = 20

test('the last calls are judged, however long ago they were', async t => {
  const backend = await startBackend(t)
  // The window of the stats is over before the next call.
  const shape = { rollingCountTimeout: 20, rollingCountBuckets: 2 }
  const breaker = new CircuitBreaker(backend.get, { window: { calls: 4 }, ...shape })
  backend.answer = down
  for (let i = 0; i < 4; i++) {
    assert.equal(breaker.closed, true)
    await fireInTurn(breaker, 1)
    await sleep(30)
  }
  assert.equal(breaker.opened, true)
  assert.equal(breaker.lastTrip.failures, 4)
  assert.equal(breaker.stats.failures, 0)
  breaker.shutdown()
})

test('calls before the last ones are not judged', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { window: { calls: 4 } })
  await fireInTurn(breaker, 100)
  backend.answer = down
  await fireInTurn(breaker, 2)
  assert.equal(breaker.closed, true, 'two of four')
  await fireInTurn(breaker, 1)
  assert.equal(breaker.opened, true, 'three of four')
  breaker.shutdown()
})

test('the volume of the last calls is all of them, unless it is told', async t => {
  const backend = await startBackend(t)
  backend.answer = down
  const opensAt = async options => {
    const breaker = new CircuitBreaker(backend.get, { window: { calls: 10 }, ...options })
    await fireInTurn(breaker, 12)
    const { volumeThreshold, lastTrip: { failures } } = breaker
    breaker.shutdown()
    return { volumeThreshold, failures }
  }
  assert.deepEqual(await opensAt({}), { volumeThreshold: 10, failures: 10 })
  assert.deepEqual(await opensAt({ volumeThreshold: 3 }), { volumeThreshold: 3, failures: 3 })
  assert.deepEqual(await opensAt({ volumeThreshold: 0 }), { volumeThreshold: 0, failures: 1 })
})

for (const rateOf of ['fires', 'outcomes']) {
  test(`after a recovery one failure does not open the circuit again where closing empties the window, by ${rateOf}`, async t => {
    const backend = await startBackend(t)
    const failuresUntilOpenAgain = async resetWindowOnClose => {
      const breaker = new CircuitBreaker(backend.get, {
        rateOf, resetWindowOnClose, volumeThreshold: 10, resetTimeout: RESET_MS
      })
      backend.answer = down
      await fireInTurn(breaker, 50)
      await until(() => breaker.halfOpen)
      backend.answer = ok
      // Without it, ten failures are in the window, and less than as many successes.
      await fireInTurn(breaker, 9)
      assert.equal(breaker.closed, true)
      const before = breaker.stats
      backend.answer = down
      let failures = 0
      for (; breaker.closed && failures < 30; failures++) await fireInTurn(breaker, 1)
      assert.equal(breaker.stats.failures, before.failures + failures, 'the stats keep theirs')
      breaker.shutdown()
      return failures
    }
    assert.ok(await failuresUntilOpenAgain(true) > 8)
    if (rateOf === 'outcomes') assert.equal(await failuresUntilOpenAgain(false), 1)
  })
}

test('closing by hand empties it, too', async t => {
  const backend = await startBackend(t)
  backend.answer = down
  const breaker = new CircuitBreaker(backend.get, { resetWindowOnClose: true, volumeThreshold: 5 })
  await fireInTurn(breaker, 5)
  breaker.close()
  await fireInTurn(breaker, 4)
  assert.equal(breaker.closed, true)
  await fireInTurn(breaker, 1)
  assert.equal(breaker.opened, true)
  assert.equal(breaker.lastTrip.failures, 5)
  breaker.shutdown()
})
