'use strict'

// What the event loop did is there to be seen: CircuitBreaker.loop, the event `stall`, the
// `stalled` of a timeout's error; and a breaker may choose what of it counts.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { busy, sleep } = require('./support/experiment')
const { child } = require('../support/child')
const { collected } = require('../support/wait')

const { loop } = CircuitBreaker
const hang = () => new Promise(() => {})
const timeOut = breaker => breaker.fire().then(() => assert.fail('it has answered'), error => error)

// The machine makes everything longer, and nothing shorter.
const STALL = 200
const MUCH_LONGER = 2000
// By that much at most a length is off that was measured from another place.
const OFF = 5

test('a stall is told of when it has ended, with its length', async () => {
  const breaker = new CircuitBreaker(hang)
  const lengths = Promise.all([once(loop, 'stall'), once(breaker, 'stall')])
  await sleep(1)
  busy(STALL)
  const [[length], [sameLength]] = await lengths
  assert(length >= STALL - OFF && length < STALL + MUCH_LONGER, `${length} ms`)
  assert.equal(sameLength, length)
})

test('a short turn is no stall', async () => {
  // A stall of the machine's making is no fault of this test: it is tried again.
  await sometime(async () => {
    const { stalls } = loop.total
    busy(10)
    await sleep(1)
    return loop.total.stalls === stalls
  })
})

test('the loop shows its lag while it lasts, and its stalls afterwards', async () => {
  const before = loop.total
  await sleep(1)
  busy(STALL)
  assert(loop.lag >= STALL - OFF && loop.lag < STALL + MUCH_LONGER, `a lag of ${loop.lag} ms`)
  await sleep(1)
  assert(loop.lag < STALL, 'the turn is another one')
  const { total } = loop
  assert(total.stalls > before.stalls)
  assert(total.stalled >= before.stalled + STALL - OFF)
  assert(total.longestStall >= STALL - OFF)
  assert(loop.stalls > 0 && loop.stalls <= total.stalls)
  assert(loop.stalled >= STALL - OFF && loop.longestStall >= STALL - OFF)
  assert(loop.percentiles[1] >= STALL - OFF && loop.percentiles[0] <= loop.percentiles[1])
  assert(loop.lagMean > 0)
  assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(loop))),
    ['lag', 'stalls', 'stalled', 'longestStall', 'lagMean', 'percentiles', 'total'])
})

test('the error of a timeout says for how long the loop was stalled during the call', async () => {
  const breaker = new CircuitBreaker(hang, { timeout: 100 })
  const stalled = timeOut(breaker)
  await sleep(1)
  busy(STALL)
  const error = await stalled
  assert.equal(error.code, 'ETIMEDOUT')
  assert(error.stalled >= STALL - OFF && error.stalled < STALL + MUCH_LONGER, `${error.stalled} ms`)
})

test('a stall from before a call is not its stall', async () => {
  await sometime(async () => {
    busy(STALL)
    await sleep(1)
    const { stalls } = loop.total
    const error = await timeOut(new CircuitBreaker(hang, { timeout: 50 }))
    assert.equal(typeof error.stalled, 'number')
    // Unless the machine made another one meanwhile.
    return loop.total.stalls === stalls && error.stalled === 0
  })
})

test("timeoutClock 'wall' counts a stall, as opossum does", async () => {
  const options = { timeout: 100, errorThresholdPercentage: 100 }
  const byWall = new CircuitBreaker(hang, { ...options, timeoutClock: 'wall' })
  const byLoop = new CircuitBreaker(hang, { ...options, timeoutClock: 'loop' })
  const told = []
  byWall.on('timeout', (_, ms) => told.push(['wall', ms]))
  byLoop.on('timeout', (_, ms) => told.push(['loop', ms]))
  const errors = Promise.all([timeOut(byWall), timeOut(byLoop)])
  await sleep(1)
  busy(STALL)
  const [wall] = await errors
  assert.deepEqual(told.map(([clock]) => clock), ['wall', 'loop'])
  assert(told[1][1] >= STALL + 100 - OFF, 'the other one waited for as long as the stall')
  assert(wall.stalled >= STALL - OFF, 'and both know of it')
})

test('stallThreshold says what a stall is, for each breaker', async () => {
  const options = { timeout: 100, errorThresholdPercentage: 100 }
  const patient = new CircuitBreaker(hang, { ...options, stallThreshold: 20 })
  const strict = new CircuitBreaker(hang, { ...options, stallThreshold: Infinity })
  const [forgiven, counted] = [timeOut(patient), timeOut(strict)]
  await sleep(1)
  busy(40)
  const [first, second] = await Promise.all([forgiven, counted])
  assert(first.stalled >= 40 - OFF, `${first.stalled} ms`)
  // Unless the whole process was suspended, which is nobody's threshold.
  assert(second.stalled < 40 || second.stalled > 40 + OFF, `${second.stalled} ms`)
})

test('who listens to stalls is collected, and keeps no process alive', async () => {
  const ref = (() => {
    const breaker = new CircuitBreaker(hang)
    breaker.on('stall', () => {})
    return new WeakRef(breaker)
  })()
  await collected(ref)
  const { code, stderr } = await child(({ require, path }) => {
    const CircuitBreaker = require(path)
    new CircuitBreaker(async () => {}).on('stall', () => {})
    CircuitBreaker.loop.on('stall', () => {})
  })
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
})

test('a listener to stalls that throws is an uncaught exception, and the others hear of it', async () => {
  const { code, stdout } = await child(({ require, path }) => {
    const CircuitBreaker = require(path)
    const breaker = new CircuitBreaker(async () => {})
    process.on('uncaughtException', error => console.log(error.message))
    CircuitBreaker.loop.once('stall', () => { throw new Error('thrown by a listener') })
    breaker.once('stall', () => console.log('heard'))
    setTimeout(() => {
      const until = Date.now() + 200
      while (Date.now() < until);
      // A breaker that nobody holds may be collected.
      setTimeout(() => breaker.name, 200)
    }, 10)
  })
  assert.equal(code, 0)
  assert.deepEqual(stdout.trim().split('\n').sort(), ['heard', 'thrown by a listener'])
})

// Whether something holds can be spoilt by what the machine does meanwhile; never to hold is
// to be wrong.
async function sometime (attempt) {
  for (let left = 20; left > 0; left--) {
    if (await attempt()) return
  }
  assert.fail('not once')
}
