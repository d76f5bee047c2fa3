'use strict'

// `didelphis/testing`: breakers in any state, and a clock to step.

const assert = require('node:assert/strict')
const { setTimeout: sleepFor } = require('node:timers/promises')
const { describe, mock, test } = require('node:test')
const { promisify } = require('node:util')

const FakeTimers = require('@sinonjs/fake-timers')

const CircuitBreaker = require('didelphis')
const { breakerIn, steppedClock } = require('didelphis/testing')

const fail = async () => { throw new Error('ill') }

/** A stepped clock that ends with the test. */
function clockFor (t) {
  const clock = steppedClock()
  t.after(() => clock.end())
  return clock
}

const codeOf = promise => promise.then(value => value, error => error.code ?? error.message)

describe('breakerIn', () => {
  // What a call meets there.
  const MET = {
    closed: 'well',
    open: 'EOPENBREAKER',
    halfOpen: 'well',
    forcedOpen: 'EOPENBREAKER',
    metricsOnly: 'well',
    disabled: 'well',
    shutdown: 'ESHUTDOWN'
  }
  for (const [state, met] of Object.entries(MET)) {
    test(`makes one that is ${state}, and calls meet it so`, async () => {
      const options = { resetTimeout: 60_000 }
      const breaker = breakerIn(state, async word => word, options)
      assert.ok(breaker instanceof CircuitBreaker)
      assert.equal(breaker.state, state)
      assert.equal(await codeOf(breaker.fire('well')), met)
      assert.deepEqual(options, { resetTimeout: 60_000 }, 'what was given stays as it was')
      breaker.shutdown()
    })
  }

  test('refuses what is no state, and options that make no sense', () => {
    for (const word of ['half-open', '', undefined, 'toString']) {
      assert.throws(() => breakerIn(word, fail), { name: 'TypeError', message: /^state must be one of closed, open, halfOpen, / })
    }
    assert.throws(() => breakerIn('open', fail, { timeout: -1 }), { name: 'TypeError', message: /^options\.timeout must be / })
  })

  test('half open, a call that fails opens it, and one that succeeds closes it', async () => {
    let answer = fail
    const breaker = breakerIn('halfOpen', () => answer())
    await assert.rejects(breaker.fire(), { message: 'ill' })
    assert.equal(breaker.state, 'open')
    answer = async () => 'well'
    const other = breakerIn('halfOpen', () => answer())
    assert.equal(await other.fire(), 'well')
    assert.equal(other.state, 'closed')
  })

  for (const options of [{ resetTimeout: { initial: 1000, factor: 3, jitter: 0 } }, { preset: 'modern' }]) {
    test(`half open, it has waited once: ${JSON.stringify(options)}`, async t => {
      const clock = clockFor(t)
      const breaker = breakerIn('halfOpen', fail, { random: () => 0, ...options })
      await assert.rejects(breaker.fire())
      assert.equal(breaker.nextAttemptAt - clock.now, options.preset ? 2000 : 3000)
    })
  }
})

describe('a stepped clock', () => {
  test('an open circuit waits for its reset timeout to the millisecond, tries, and closes', async t => {
    const clock = clockFor(t)
    let ask = fail
    const breaker = new CircuitBreaker(() => ask(), { resetTimeout: 10_000 })
    const events = []
    for (const name of ['open', 'halfOpen', 'close']) breaker.on(name, () => events.push(name))
    await assert.rejects(breaker.fire(), { message: 'ill' })
    await clock.step(9_999)
    await assert.rejects(breaker.fire(), { code: 'EOPENBREAKER', retryAfter: 1 })
    await clock.step(1)
    assert.deepEqual(events, ['open', 'halfOpen'])
    ask = async () => 'well'
    assert.equal(await breaker.fire(), 'well')
    assert.deepEqual(events, ['open', 'halfOpen', 'close'])
  })

  test('a call is late when its time is up', async t => {
    const clock = clockFor(t)
    const breaker = breakerIn('closed', () => new Promise(() => {}), { timeout: 500 })
    const ended = []
    codeOf(breaker.fire()).then(code => ended.push(code))
    await clock.step(499)
    assert.deepEqual(ended, [])
    await clock.step(1)
    assert.deepEqual(ended, ['ETIMEDOUT'])
  })

  test('waits that grow are repeatable with a chance of the test', async t => {
    const clock = clockFor(t)
    const breaker = breakerIn('open', fail, { resetTimeout: { initial: 100, factor: 2, jitter: 0.5 }, random: () => 0.5 })
    const waits = []
    for (let attempt = 0; attempt < 4; attempt++) {
      const wait = breaker.nextAttemptAt - clock.now
      waits.push(wait)
      await clock.step(wait - 1)
      assert.equal(breaker.state, 'open')
      await clock.step(1)
      assert.equal(breaker.state, 'halfOpen')
      await assert.rejects(breaker.fire(), { message: 'ill' })
    }
    assert.deepEqual(waits, [75, 150, 300, 600])
  })

  test('one step goes through a chain of tries, each at its moment', async t => {
    const clock = clockFor(t)
    const began = clock.now
    const tries = []
    const breaker = breakerIn('closed', async () => {
      tries.push(clock.now - began)
      await promisify(setTimeout)(30)
      throw new Error('ill')
    }, { retry: { attempts: 3, delay: { initial: 100 } }, random: () => 0.5, timeout: 20, volumeThreshold: 10 })
    const ended = codeOf(breaker.fire())
    await clock.step(10_000)
    assert.equal(await ended, 'ETIMEDOUT')
    assert.deepEqual(tries, [0, 70, 190, 410])
    assert.equal(clock.now - began, 10_000)
  })

  test('what awaits a timer runs before the next goes off', async t => {
    const clock = clockFor(t)
    const began = clock.now
    const seen = []
    const sleeper = async () => {
      for (let nap = 0; nap < 3; nap++) {
        await promisify(setTimeout)(10)
        seen.push(clock.now - began)
      }
    }
    sleeper()
    await clock.step(30)
    assert.deepEqual(seen, [10, 20, 30])
  })

  test('the window forgets', async t => {
    const clock = clockFor(t)
    const breaker = breakerIn('closed', fail, { volumeThreshold: 100, rollingCountTimeout: 10_000 })
    await assert.rejects(breaker.fire())
    await clock.step(5_000)
    assert.equal(breaker.stats.failures, 1)
    await clock.step(6_000)
    assert.equal(breaker.stats.failures, 0)
  })

  test('timers go off in order, are cleared, repeated, put off, and given their arguments', async t => {
    const clock = clockFor(t)
    const seen = []
    const began = clock.now
    const note = word => seen.push(`${word} ${clock.now - began}`)
    setTimeout(note, 20, 'second')
    setTimeout(note, 10, 'first')
    setTimeout(note, 20, 'third')
    clearTimeout(setTimeout(note, 5, 'cleared'))
    clearTimeout(Number(setTimeout(note, 5, 'cleared by number')))
    const putOff = setTimeout(note, 20, 'put off')
    const repeated = setInterval(note, 8, 'again')
    await clock.step(10)
    putOff.refresh()
    await clock.step(10)
    clearInterval(repeated)
    await clock.step(100)
    assert.deepEqual(seen, ['again 8', 'first 10', 'again 16', 'second 20', 'third 20', 'put off 30'])
    assert.ok(putOff.unref() === putOff && !putOff.hasRef())
  })

  test('a date is the clock\'s, and dates stay dates', async t => {
    const before = new Date()
    const clock = clockFor(t)
    await clock.step(3_600_000)
    assert.equal(Date.now(), clock.now)
    assert.equal(+new Date(), clock.now)
    assert.equal(Date(), new Date(clock.now).toString())
    assert.equal(new Date(5).getTime(), 5)
    assert.ok(before instanceof Date && new Date() instanceof Date)
    assert.ok(clock.now - before >= 3_600_000)
  })

  test('real input and output goes on', async t => {
    const clock = clockFor(t)
    await sleepFor(1)
    await clock.step()
    assert.equal(await promisify(require('node:fs').stat)(__filename).then(({ size }) => size > 0), true)
  })

  test('steps that are asked for together come one after the other', async t => {
    const clock = clockFor(t)
    const began = clock.now
    await Promise.all([clock.step(10), clock.step(20)])
    assert.equal(clock.now - began, 30)
  })

  test('what a timer throws is what the step rejects with, and the next one goes on', async t => {
    const clock = clockFor(t)
    let passed = false
    setTimeout(() => { throw new Error('thrown') }, 1)
    setTimeout(() => { passed = true }, 2)
    await assert.rejects(clock.step(5), { message: 'thrown' })
    await clock.step(5)
    assert.ok(passed)
  })

  test('refuses a step that is no time', t => {
    const clock = clockFor(t)
    for (const ms of [-1, NaN, Infinity, '5']) {
      assert.throws(() => clock.step(ms), { name: 'TypeError', message: /^ms must be a number of milliseconds; got / })
    }
  })

  test('ends, and all is as before; a breaker lives by the loop again', async () => {
    const before = [setTimeout, clearTimeout, setInterval, clearInterval, Date]
    const clock = steppedClock()
    const breaker = breakerIn('closed', () => new Promise(() => {}), { timeout: 5 })
    clock.end()
    clock.end()
    assert.deepEqual([setTimeout, clearTimeout, setInterval, clearInterval, Date], before)
    await assert.rejects(breaker.fire(), { code: 'ETIMEDOUT' })
  })

  test('using ends it, where there is a Symbol.dispose', () => {
    const before = setTimeout
    const clock = steppedClock()
    if (Symbol.dispose) clock[Symbol.dispose]()
    else clock.end()
    assert.equal(setTimeout, before)
  })

  test('a timer from before can be cleared', async t => {
    let wentOff = false
    const timer = setTimeout(() => { wentOff = true }, 5)
    const clock = clockFor(t)
    clearTimeout(timer)
    await sleepFor(20)
    await clock.step(100)
    assert.equal(wentOff, false)
  })

  test('gives back what a global object inherits, as that of a worker does', t => {
    const above = Object.getPrototypeOf(globalThis)
    const own = Object.getOwnPropertyDescriptor(globalThis, 'setTimeout')
    t.after(() => {
      delete above.setTimeout
      Object.defineProperty(globalThis, 'setTimeout', own)
    })
    Object.defineProperty(above, 'setTimeout', own)
    delete globalThis.setTimeout
    const clock = clockFor(t)
    assert.equal(globalThis.setTimeout.clock, clock)
    clock.end()
    assert.equal(globalThis.setTimeout, own.value)
    assert.equal(Object.hasOwn(globalThis, 'setTimeout'), false)
  })

  test('does not stand on another, nor another on it', t => {
    const faked = { message: 'Timers are faked already: step the clock that is in place, or end it first' }
    const sinon = FakeTimers.install()
    assert.throws(steppedClock, faked)
    sinon.uninstall()
    mock.timers.enable({ apis: ['setTimeout', 'Date'] })
    assert.throws(steppedClock, faked)
    mock.timers.reset()
    const clock = clockFor(t)
    assert.throws(steppedClock, faked)
    assert.throws(() => FakeTimers.install(), TypeError)
    clock.end()
    steppedClock().end()
  })

  test('breakers in any state live by other fake timers, too', t => {
    const sinon = FakeTimers.install()
    t.after(() => sinon.uninstall())
    const breaker = breakerIn('open', fail, { resetTimeout: 1000 })
    sinon.tick(1000)
    assert.equal(breaker.state, 'halfOpen')
  })
})

test('an ES module imports both by name', async () => {
  const found = await import('didelphis/testing')
  assert.equal(found.breakerIn, breakerIn)
  assert.equal(found.steppedClock, steppedClock)
})

test('who requires didelphis loads nothing of it', async () => {
  const { stdout } = await promisify(require('node:child_process').execFile)(process.execPath, ['-e', `
    require('./')
    console.log(Object.keys(require.cache).filter(file => /lib.testing/.test(file)).length)
  `], { cwd: require('node:path').join(__dirname, '..', '..') })
  assert.equal(stdout, '0\n')
})
