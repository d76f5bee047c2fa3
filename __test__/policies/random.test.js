'use strict'

// random: what chance draws is said by a test.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { uncaughtDuring } = require('../support/wait')

function jittered (t, random, options) {
  const breaker = new CircuitBreaker(() => {}, { random, resetTimeout: { initial: 1000, jitter: 1, factor: 1 }, ...options })
  t.after(() => breaker.shutdown())
  return breaker
}

/** How long it waits when it opens now, to a tenth of a second. */
function waitOf (breaker) {
  breaker.close()
  breaker.open()
  return Math.round((breaker.nextAttemptAt - Date.now()) / 100) * 100
}

test('each draw is asked for once, before it is needed', t => {
  const draws = [0.2, 0.5, 0.9, 0]
  let asked = 0
  const breaker = jittered(t, () => draws[asked++])
  assert.equal(asked, 1)
  assert.deepEqual([waitOf(breaker), asked], [800, 2])
  assert.deepEqual([waitOf(breaker), asked], [500, 3])
  assert.deepEqual([waitOf(breaker), asked], [100, 4])
})

test('a breaker without chance asks once', t => {
  let asked = 0
  const breaker = jittered(t, () => { asked++; return 0.5 }, { resetTimeout: 1000 })
  waitOf(breaker)
  waitOf(breaker)
  assert.equal(asked, 1)
})

test('what it throws and what is no share surfaces, and the circuit opens all the same', async t => {
  for (const random of [() => 1, () => -0.5, () => NaN, () => 'half', () => { throw new Error('no chance') }]) {
    const uncaught = await uncaughtDuring(() => {
      const breaker = jittered(t, random)
      const wait = waitOf(breaker)
      assert.ok(wait >= 0 && wait <= 1000, `${wait}`)
      assert.ok(breaker.opened)
    })
    assert.equal(uncaught.length, 2, 'when it is made, and when it was used')
    assert.match(uncaught[0].message, /^no chance$|^what options.random returns must be a number from 0 up to 1, and less than 1; got /)
  }
})

test('it may open and close circuits itself', t => {
  const made = { breaker: undefined }
  const random = () => {
    made.breaker?.close()
    return 0.25
  }
  const breaker = made.breaker = jittered(t, random)
  let closed = 0
  breaker.on('close', () => closed++)
  breaker.open()
  assert.ok(breaker.closed)
  assert.equal(closed, 1)
})

test('another one may be given later, and none', t => {
  const breaker = jittered(t, () => 0.2)
  breaker.update({ random: () => 0.7 })
  assert.equal(waitOf(breaker), 300)
  breaker.update({ random: null })
  waitOf(breaker)
  const waits = new Set(Array.from({ length: 20 }, () => waitOf(breaker)))
  assert.ok(waits.size > 2, 'chance')
})
