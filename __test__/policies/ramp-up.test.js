'use strict'

// rampUp: a circuit that has closed lets calls pass a few at a time.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { test } = require('node:test')

const FakeTimers = require('@sinonjs/fake-timers')

const CircuitBreaker = require('../..')
const { sleep } = require('../support/wait')
const { down, ok, startBackend } = require('./support/backend')

test('a backend that is back gets a part of the load at first, and all of it in the end', async t => {
  const backend = await startBackend(t, down)
  const breaker = new CircuitBreaker(backend.get, { rampUp: 2000, resetTimeout: 20 })
  t.after(() => breaker.shutdown())
  const halfOpened = once(breaker, 'halfOpen')
  await assert.rejects(breaker.fire(), { statusCode: 503 })
  await halfOpened
  backend.answer = ok
  await breaker.fire()
  assert.ok(breaker.closed)
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => breaker.fire()))
  const refused = outcomes.filter(({ reason }) => reason?.code === 'ERAMPUP')
  // A tenth passes, or somewhat more on a machine that is slow just now.
  assert.ok(refused.length > 50, `${refused.length} were refused`)
  assert.equal(outcomes.filter(({ value }) => value === 200).length, 100 - refused.length)
  assert.equal(breaker.stats.failures, 1, 'to be refused is no failure')
  assert.equal(breaker.stats.rejects, refused.length)
  // All of a hundred pass once it is over.
  await sleep(2000)
  const later = await Promise.all(Array.from({ length: 100 }, () => breaker.fire()))
  assert.deepEqual(new Set(later), new Set([200]))
})

/** Under the clock of a test: closed this moment, and what is drawn next is `draws.next`. */
async function ramping (t, rampUp = 1000) {
  const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
  t.after(() => clock.uninstall())
  const draws = { next: 0, asked: 0 }
  const random = () => { draws.asked++; return draws.next }
  const breaker = new CircuitBreaker(() => 'well', { rampUp, random, resetTimeout: 100 })
  t.after(() => breaker.shutdown())
  breaker.open()
  clock.tick(100)
  await breaker.fire()
  assert.ok(breaker.closed)
  // The draw that was given beforehand is used up.
  const passes = async draw => {
    draws.next = draw
    await breaker.fire().catch(() => {})
    return breaker.fire().then(() => true, error => {
      assert.equal(error.code, 'ERAMPUP')
      return false
    })
  }
  return { breaker, clock, draws, passes }
}

test('the share that passes grows in a straight line from a tenth', async t => {
  const { clock, passes } = await ramping(t)
  for (const share of [0.1, 0.28, 0.46, 0.64, 0.82]) {
    assert.ok(await passes(share - 0.001), `${share}`)
    assert.ok(!await passes(share + 0.001), `${share}`)
    clock.tick(200)
  }
  assert.ok(await passes(0.999), 'it is over')
})

test('refusals are told by their code, know no moment, and have the fallback and the event of refusals', async t => {
  const { breaker, passes } = await ramping(t)
  const rejects = []
  breaker.on('reject', error => rejects.push(error))
  assert.ok(!await passes(0.5))
  assert.equal(rejects.length, 1)
  const [error] = rejects
  assert.equal(error.message, 'Breaker is ramping up')
  assert.deepEqual([error.retryAfter, CircuitBreaker.isOurError(error)], [undefined, true])
  breaker.fallback(() => 'instead')
  assert.equal(await breaker.fire(), 'instead')
})

test('when it is over nothing is drawn, and nothing without it', async t => {
  const { breaker, clock, draws } = await ramping(t)
  clock.tick(1000)
  await breaker.fire()
  const { asked } = draws
  for (let call = 0; call < 10; call++) await breaker.fire()
  assert.equal(draws.asked, asked)
})

test('it may be changed while it lasts', async t => {
  const { breaker, passes } = await ramping(t)
  assert.ok(!await passes(0.9))
  breaker.update({ rampUp: 0 })
  assert.ok(await passes(0.9))
})
