'use strict'

// One test for each defect of opossum, named after what holds here.

const assert = require('node:assert/strict')
const { fork } = require('node:child_process')
const { EventEmitter, once } = require('node:events')
const { join } = require('node:path')
const { text } = require('node:stream/consumers')
const { test } = require('node:test')

const FakeTimers = require('@sinonjs/fake-timers')

const CircuitBreaker = require('../..')
const { OUTCOMES } = require('../support/throwing')
const { collected, defer, sleep, turn, uncaughtDuring, until } = require('../support/wait')

const THROWING = join(__dirname, '..', 'support', 'throwing.js')
const LONG = 600_000
// A call that is left hanging by a defect keeps the process for that long.
const TIMED = 5_000
const hang = () => new Promise(() => {})
const fail = async () => { throw new Error('ill') }

test('the action alone decides the outcome of a call, whatever a listener or a filter throws', { concurrency: true }, async t => {
  await Promise.all(Object.entries(OUTCOMES).map(([thrower, outcome]) => t.test(thrower, async () => {
    const child = fork(THROWING, [thrower], { execArgv: [] })
    const [message] = await once(child, 'message')
    assert.deepEqual(message, { outcome, free: 2, thrown: [`thrown by ${thrower}`] })
  })))
})

test('what a listener throws ends a process that does not handle it', async () => {
  const args = ['failure', 'uncaught']
  const child = fork(THROWING, args, { execArgv: [], silent: true })
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  assert.notEqual(code, 0)
  assert.match(stderr, /Error: thrown by failure/)
})

test('an action that returns nothing resolves with nothing', async () => {
  for (const timeout of [TIMED, false]) {
    for (const nothing of [undefined, null]) {
      const breaker = new CircuitBreaker(() => nothing, { timeout })
      assert.equal(await breaker.fire(), nothing)
      assert.equal(breaker.stats.successes, 1)
    }
  }
})

test('an action that throws, or whose thenable does, gives its permit back', async t => {
  const error = new Error('ill')
  function raise () { throw error }
  const ACTIONS = {
    'the action': raise,
    then: () => ({ then: raise }),
    'the getter of then': () => ({ get then () { return raise() } }),
    "a promise's own then": () => Object.assign(Promise.resolve(), { then: raise }),
    "a promise's species": () => Object.assign(Promise.resolve(), { constructor: { [Symbol.species]: raise } })
  }
  for (const [name, action] of Object.entries(ACTIONS)) {
    await t.test(name, async () => {
      for (const timeout of [TIMED, false]) {
        const breaker = new CircuitBreaker(action, { capacity: 2, errorThresholdPercentage: 100, timeout })
        let result
        assert.doesNotThrow(() => { result = breaker.fire() })
        await assert.rejects(result, error)
        assert.deepEqual([breaker.semaphore.count, breaker.stats.failures], [2, 1])
      }
    })
  }
})

test('a thenable that settles twice counts once', async t => {
  const THENABLES = {
    'resolves twice': done => { done(1); done(2) },
    'resolves, then rejects': (done, ill) => { done(1); ill(new Error('ill')) },
    'resolves, then throws': done => { done(1); throw new Error('ill') },
    'resolves again, later': done => { done(1); setImmediate(done, 2) }
  }
  for (const [name, then] of Object.entries(THENABLES)) {
    await t.test(name, async () => {
      for (const make of [() => ({ then }), () => Object.assign(Promise.resolve(0), { then })]) {
        for (const timeout of [TIMED, false]) {
          const breaker = new CircuitBreaker(make, { capacity: 2, timeout })
          assert.equal(await breaker.fire(), 1)
          await sleep(2)
          const { failures, successes } = breaker.stats
          assert.deepEqual([breaker.semaphore.count, failures, successes], [2, 0, 1])
        }
      }
    })
  }
})

test('a call from before the opening moves no half-open circuit', async () => {
  for (const outcome of ['resolve', 'reject']) {
    const { breaker, pending } = await halfOpenWithCallFromBefore()
    pending[outcome]()
    await Promise.allSettled([pending.result])
    assert.deepEqual([breaker.halfOpen, breaker.pendingClose], [true, true])
  }
})

test('a failure of a call from before the opening leaves a circuit closed that has closed since', async () => {
  const { breaker, pending } = await halfOpenWithCallFromBefore()
  breaker.close()
  pending.reject(new Error('late'))
  await assert.rejects(pending.result, /late/)
  assert.equal(breaker.closed, true)
})

test('a circuit whose probe fails while it warms up opens again, and tries again', async () => {
  const breaker = new CircuitBreaker(fail, { allowWarmUp: true, rollingCountTimeout: LONG, resetTimeout: 1 })
  breaker.open()
  for (let i = 0; i < 3; i++) {
    await until(() => breaker.halfOpen)
    await assert.rejects(breaker.fire(), /ill/)
  }
})

test('a probe that hangs without a timeout keeps others out for one reset timeout', async () => {
  const breaker = new CircuitBreaker(order => order, { timeout: false, resetTimeout: 20 })
  const slow = defer()
  const orders = [hang(), slow.promise, 'well']
  const heard = []
  const results = []
  breaker.on('halfOpen', ms => {
    heard.push(`half open, ${ms}`)
    // That it may is told without anybody asking.
    if (orders.length > 0) results.push(breaker.fire(orders.shift()))
  })
  breaker.on('close', () => heard.push('close'))
  breaker.open()
  await until(() => heard.includes('close'))
  assert.deepEqual(heard, ['half open, 20', 'half open, 20', 'half open, 20', 'close'])
  assert.equal(await results[2], 'well')
  slow.reject(new Error('late'))
  await assert.rejects(results[1], /late/)
  assert.equal(breaker.closed, true)
})

test('a probe that hangs closes the circuit when it ends well after all, and others are told how long to wait', async () => {
  for (const timeout of [false, 0, Infinity]) {
    const breaker = new CircuitBreaker(order => order, { timeout, resetTimeout: LONG, state: { closed: false, halfOpen: true } })
    const work = defer()
    const probe = breaker.fire(work.promise)
    assert.equal(breaker.pendingClose, false)
    const { code, retryAfter } = await breaker.fire('refused').catch(error => error)
    assert.equal(code, 'EOPENBREAKER')
    assert.ok(retryAfter > 0 && retryAfter <= LONG, retryAfter)
    work.resolve('well')
    assert.equal(await probe, 'well')
    assert.equal(breaker.closed, true)
  }
})

test('whoever waits for a place by a timer that goes off as it is set has waited', { timeout: 20_000 }, async () => {
  const breaker = new CircuitBreaker(async () => 'well', { capacity: 1 })
  const release = await breaker.semaphore.take()
  // By hand: Deno's is no method that its own mocks would take.
  const { setTimeout } = globalThis
  globalThis.setTimeout = onTimer => onTimer()
  try {
    await assert.rejects(breaker.semaphore.take(10), { code: 'ETIMEDOUT' })
  } finally {
    globalThis.setTimeout = setTimeout
  }
  release()
  assert.equal(breaker.semaphore.count, 1)
})

test('a call that finds no place of the capacity is no probe', async () => {
  for (const errorFilter of [() => false, () => true]) {
    const state = { closed: false, halfOpen: true }
    const breaker = new CircuitBreaker(async () => 'well', { capacity: 1, errorFilter, resetTimeout: LONG, state })
    const release = await breaker.semaphore.take()
    for (let i = 0; i < 3; i++) {
      await assert.rejects(breaker.fire(), { code: 'ESEMLOCKED' })
      assert.deepEqual([breaker.halfOpen, breaker.pendingClose], [true, true])
    }
    assert.equal(breaker.stats.semaphoreRejections, 3)
    release()
    assert.equal(await breaker.fire(), 'well')
    assert.equal(breaker.closed, true)
  }
})

test('calls that end when the window in which they began is over are part of the volume and the rate', async t => {
  const CALLS = 10
  // How many of them fail, and whether the circuit opens.
  const ENDS = {
    'all time out': { failures: CALLS, opens: true },
    'half of them do': { failures: 5, opens: false },
    'more than half do': { failures: 6, opens: true },
    'too few to judge by': { failures: 4, fired: 4, opens: false },
    'no rate is above 100 %': { failures: CALLS, options: { errorThresholdPercentage: 100, volumeThreshold: 0 }, opens: false }
  }
  for (const [name, { failures, fired = CALLS, options, opens }] of Object.entries(ENDS)) {
    await t.test(name, async () => {
      const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
      try {
        const breaker = new CircuitBreaker(order => order, { timeout: 1001, rollingCountTimeout: 1000, volumeThreshold: 5, ...options })
        const work = defer()
        const calls = Array.from({ length: fired }, (_, index) => breaker.fire(index < failures ? hang() : work.promise))
        const ended = Promise.allSettled(calls)
        await clock.tickAsync(999)
        assert.equal(breaker.stats.fires, fired)
        await clock.tickAsync(1)
        assert.equal(breaker.stats.fires, 0)
        // Failures come after successes.
        work.resolve('well')
        await clock.tickAsync(1)
        await ended
        const { fires, successes, timeouts } = breaker.stats
        assert.deepEqual([fires, successes, timeouts], [0, fired - failures, failures])
        assert.equal(breaker.opened, opens)
      } finally {
        clock.uninstall()
      }
    })
  }
})

test('fire and call give a promise, whoever throws in front of the action', async () => {
  const error = new Error('ill')
  const raise = () => { throw error }
  class Overriding extends CircuitBreaker {
    call () { return raise() }
  }
  const withGetter = name => Object.defineProperty(new CircuitBreaker(fail), name, { get: raise })
  const behindProxy = name => new Proxy(new CircuitBreaker(fail), {
    get: (target, key, receiver) => key === name ? raise() : Reflect.get(target, key, receiver)
  })
  const FIRES = {
    'a subclass overrides call': () => new Overriding(fail).fire(),
    'the action is a getter': () => withGetter('action').fire(),
    'call is a getter': () => withGetter('call').fire(),
    'a Proxy keeps the action': () => behindProxy('action').fire(),
    'a Proxy keeps call': () => behindProxy('call').fire(),
    'the action is a getter, in call': () => withGetter('action').call(),
    'the options are a getter': () => withGetter('options').call(),
    'an argument says how it is written as JSON': () => new CircuitBreaker(fail, { cache: true }).fire({ toJSON: raise }),
    'an argument is a Proxy': () => new CircuitBreaker(fail, { coalesce: true }).fire(new Proxy({}, { ownKeys: raise, get () {} })),
    'the breaker is disabled': () => new CircuitBreaker(raise, { enabled: false }).call()
  }
  for (const [name, call] of Object.entries(FIRES)) {
    let promise
    assert.doesNotThrow(() => { promise = call() }, name)
    assert.ok(promise instanceof Promise, name)
    await assert.rejects(promise, error, name)
  }
  const { fire, call } = CircuitBreaker.prototype
  for (const lost of [fire, call]) {
    let promise
    assert.doesNotThrow(() => { promise = lost() })
    await assert.rejects(promise, TypeError)
  }
})

test('two breakers of one options object are two', async () => {
  const options = { capacity: 1, resetTimeout: LONG, timeout: TIMED }
  const ill = new CircuitBreaker(fail, options)
  const well = new CircuitBreaker(async () => 'well', options)
  const pending = defer()
  const busy = new CircuitBreaker(() => pending.promise, options)
  const call = busy.fire()
  await assert.rejects(ill.fire(), /ill/)
  assert.equal(await well.fire(), 'well')
  assert.deepEqual([ill.opened, well.opened, busy.opened], [true, false, false])
  assert.deepEqual([ill, well, busy].map(({ semaphore }) => semaphore.count), [1, 1, 0])
  assert.deepEqual([ill.stats.failures, well.stats.failures, well.stats.successes], [1, 0, 1])
  // A call with a timeout keeps the process.
  pending.resolve()
  await call
})

test('lastTimerAt is the time of opening', async () => {
  for (const open of [breaker => breaker.open(), breaker => assert.rejects(breaker.fire(), /ill/)]) {
    const breaker = new CircuitBreaker(fail, { resetTimeout: LONG })
    await sleep(10)
    const before = Date.now()
    await open(breaker)
    const { lastTimerAt } = breaker.toJSON().state
    assert(before <= lastTimerAt && lastTimerAt <= Date.now())
  }
})

test('a restored open circuit waits for what is left of its reset timeout', async () => {
  const restored = passed => new CircuitBreaker(hang, {
    resetTimeout: LONG, state: { closed: false, lastTimerAt: Date.now() - passed }
  })
  const fresh = restored(LONG / 2)
  const almost = restored(LONG - 150)
  assert.deepEqual([almost.opened, almost.halfOpen], [true, false])
  assert.equal(restored(LONG + 1).halfOpen, true)
  await until(() => almost.halfOpen)
  assert.equal(fresh.opened, true)
})

test('a failure costs the same for any number of calls in the window', async () => {
  const cost = await Promise.all([100, 100_000].map(async recorded => {
    const breaker = new CircuitBreaker(fail, { errorThresholdPercentage: 100, rollingCountTimeout: LONG })
    for (let i = 0; i < recorded; i++) breaker.status.increment('failures', i * 7919 % 100_003)
    let least = Infinity
    for (let round = 0; round < 10; round++) {
      const began = process.hrtime.bigint()
      for (let i = 0; i < 20; i++) await breaker.fire().catch(() => {})
      least = Math.min(least, Number(process.hrtime.bigint() - began))
    }
    return least
  }))
  assert(cost[1] / cost[0] < 20, `${cost[1] / cost[0]} times as much`)
})

test('a breaker that was never shut down is collected', async () => {
  const controller = new EventEmitter()
  const refs = await (async () => {
    const used = new CircuitBreaker(async () => 'well', { timeout: TIMED, name: 'used' })
    const open = new CircuitBreaker(fail, { resetTimeout: LONG, name: 'open' })
    const late = new CircuitBreaker(hang, { timeout: 5, name: 'late' })
    const controlled = new CircuitBreaker(async () => 'well', { rotateBucketController: controller })
    const watched = new CircuitBreaker(async () => 'well', { capacity: 1 })
    watched.status.on('snapshot', () => watched.stats)
    watched.on('success', () => watched.semaphore.count)
    await Promise.allSettled([used, open, late, controlled, watched].map(breaker => breaker.fire()))
    return [used, open, late, controlled, watched].map(breaker => new WeakRef(breaker))
  })()
  for (const ref of refs) await collected(ref)
})

test('timeouts arrive after a garbage collection', async () => {
  await collectTwice()
  let heard
  const result = (() => {
    const breaker = new CircuitBreaker(hang, { timeout: 30 })
    breaker.on('timeout', () => { heard = true })
    return breaker.fire()
  })()
  const rejected = assert.rejects(result, { code: 'ETIMEDOUT' })
  await collectTwice()
  await rejected
  assert.equal(heard, true)
})

test('a circuit goes half open in a tight await loop', async t => {
  const LOOPS = {
    'that reads the state': async breaker => breaker.halfOpen,
    'that fires': async breaker => breaker.fire().then(() => true, () => false)
  }
  for (const [name, done] of Object.entries(LOOPS)) {
    await t.test(name, async () => {
      const breaker = new CircuitBreaker(async () => 'well', { resetTimeout: 20 })
      breaker.open()
      const end = Date.now() + 5000
      let turned = false
      setImmediate(() => { turned = true })
      let went = false
      while (!went && Date.now() < end) went = await done(breaker)
      assert.equal(went, true)
      assert.equal(turned, false, 'the loop is not tight')
    })
  }
})

test('a fallback that throws rejects the call', async () => {
  const error = new Error('no help')
  for (const fallback of [() => { throw error }, async () => { throw error }]) {
    const breaker = new CircuitBreaker(fail, { capacity: 1, errorThresholdPercentage: 100 }).fallback(fallback)
    await assert.rejects(breaker.fire(), error)
    assert.equal(breaker.semaphore.count, 1)
  }
})

test('an action that changes the timeout and fires again is timed out by the one it began with', async () => {
  for (const [before, after] of [[30, 20], [20, 30], [20, '25']]) {
    let inner
    const breaker = new CircuitBreaker(again => {
      if (again) {
        breaker.options.timeout = after
        inner = breaker.fire(false)
        inner.catch(() => {})
      }
      return hang()
    }, { timeout: before, errorThresholdPercentage: 100 })
    await assert.rejects(breaker.fire(true), { code: 'ETIMEDOUT' })
    await assert.rejects(inner, { code: 'ETIMEDOUT' })
    assert.equal(breaker.stats.timeouts, 2)
  }
})

test('a timeout of Infinity is for ever', async () => {
  const breaker = new CircuitBreaker(() => sleep(30, 'well'), { timeout: Infinity, resetTimeout: Infinity })
  assert.equal(await breaker.fire(), 'well')
  breaker.open()
  await sleep(30)
  assert.equal(breaker.opened, true)
})

test('a plain options.status leaves the window to the options', () => {
  const breaker = new CircuitBreaker(hang, { rollingCountBuckets: 3, status: { failures: 2 } })
  for (let i = 0; i < 5; i++) breaker.status.rotateBucket()
  assert.equal(breaker.status.window.length, 3)
})

test('a breaker stays shut down', async () => {
  const isDead = ({ closed, halfOpen, isShutdown, opened }) => isShutdown && !closed && !halfOpen && !opened
  const { breaker, pending } = withPending({ resetTimeout: 1, errorThresholdPercentage: 0 })
  breaker.shutdown()
  breaker.open()
  assert.equal(isDead(breaker), true)
  pending.reject(new Error('late'))
  await assert.rejects(pending.result, /late/)
  await sleep(10)
  assert.equal(isDead(breaker), true)
  breaker.close()
  breaker.enable()
  assert.equal(isDead(breaker), true)
  await assert.rejects(breaker.fire(), { code: 'ESHUTDOWN' })
})

test('two breakers given one options object have a cache each', async () => {
  const options = { cache: true, coalesce: true }
  const first = new CircuitBreaker(async () => 'first', options)
  const second = new CircuitBreaker(async () => 'second', options)
  assert.equal(await first.fire(), 'first')
  assert.equal(await second.fire(), 'second')
  assert.equal(await first.fire(), 'first')
  // A copy of what became of the options has the first one's cache in it.
  const third = new CircuitBreaker(async () => 'third', { ...first.options })
  assert.equal(await third.fire(), 'third')
  assert.equal(first.stats.cacheHits, 1)
  assert.equal(second.stats.cacheHits + third.stats.cacheHits, 0)
})

test('a health check ends with the shutdown', async () => {
  let checks = 0
  const breaker = new CircuitBreaker(async () => {})
  const inFlight = defer()
  breaker.healthCheck(() => ++checks === 3 ? inFlight.promise : undefined, 1)
  await until(() => checks === 3)
  breaker.shutdown()
  const checked = checks
  inFlight.reject(new Error('ill'))
  await sleep(20)
  assert.equal(checks, checked)
  assert.equal(breaker.opened, false)
  assert.equal(breaker.isShutdown, true)
  breaker.healthCheck(() => { checks++ }, 1)
  await sleep(5)
  assert.equal(checks, checked)
})

test('a health check waits for the one before', async () => {
  const breaker = new CircuitBreaker(async () => {}, { resetTimeout: Infinity })
  let [begun, most, under] = [0, 0, 0]
  breaker.healthCheck(async () => {
    begun++
    most = Math.max(most, ++under)
    await sleep(30)
    under--
    if (begun === 3) throw new Error('ill')
  }, 5)
  // It goes on, also behind one that failed.
  await until(() => begun > 5)
  assert.deepEqual([most, breaker.opened], [1, true])
  breaker.shutdown()
})

test('of health checks that came due during one, a single one follows', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const breaker = new CircuitBreaker(async () => {})
  const under = []
  breaker.healthCheck(() => {
    under.push(defer())
    return under.at(-1).promise
  }, 10)
  const begun = async () => {
    await turn()
    return under.length
  }
  t.mock.timers.tick(50)
  assert.equal(await begun(), 1)
  under[0].resolve()
  assert.equal(await begun(), 2)
  under[1].resolve()
  assert.equal(await begun(), 2)
  t.mock.timers.tick(10)
  assert.equal(await begun(), 3)
  t.mock.timers.tick(10)
  breaker.shutdown()
  under[2].resolve()
  assert.equal(await begun(), 3)
})

test('a health check that throws has failed, and one that gives no promise has passed', async () => {
  const breaker = new CircuitBreaker(async () => {}, { resetTimeout: Infinity })
  const failed = []
  breaker.on('healthCheckFailed', error => failed.push(error.message))
  breaker.healthCheck(() => 'well')
  await sleep(5)
  assert.equal(breaker.closed, true)
  breaker.healthCheck(() => { throw new Error('ill') })
  await until(() => breaker.opened)
  assert.deepEqual(failed, ['ill'])
  breaker.shutdown()
})

test('a health check every Infinity milliseconds is as rare as a timer can be', async () => {
  for (const interval of [Infinity, 2 ** 31]) {
    const breaker = new CircuitBreaker(hang)
    let checks = 0
    breaker.healthCheck(async () => { checks++ }, interval)
    await sleep(50)
    assert.equal(checks, 1)
    breaker.shutdown()
  }
})

test('a signal that is read for a probe before halfOpen is heard is a new one', () => {
  const breaker = new CircuitBreaker(hang, { autoRenewAbortController: true, resetTimeout: 1 })
  breaker.getAbortController().abort()
  breaker.open()
  // In one turn: nothing has been announced.
  while (!breaker.halfOpen);
  assert.equal(breaker.getSignal().aborted, false)
})

test('a breaker with a health check is collected', async () => {
  let checks = 0
  const ref = (() => {
    const breaker = new CircuitBreaker(async () => {})
    breaker.healthCheck(function () { checks += this === breaker }, 5)
    return new WeakRef(breaker)
  })()
  await collected(ref)
  const last = checks
  await sleep(30)
  assert.equal(checks, last)
})

test('nobody joins a call that was refused by capacity, or threw', async () => {
  let works = 0
  const breaker = new CircuitBreaker(async () => ++works, { coalesce: true, capacity: 0, errorThresholdPercentage: 100 })
  await assert.rejects(breaker.fire(), { code: 'ESEMLOCKED' })
  breaker.semaphore.release()
  assert.equal(await breaker.fire(), 1)

  const throwing = new CircuitBreaker(() => {
    if (++works === 2) throw new Error('ill')
    return works
  }, { coalesce: true, coalesceResetOn: ['error'], errorThresholdPercentage: 100 })
  await assert.rejects(throwing.fire(), /ill/)
  assert.equal(await throwing.fire(), 3)
})

test('a call that ends leaves a later call of its key to be joined', async () => {
  const ENDS = {
    success: work => work.resolve('old'),
    error: work => work.reject(new Error('old')),
    timeout: () => {}
  }
  const LATER = {
    'once it has expired': { coalesceTTL: 1, makeRoom: () => sleep(5) },
    'once it was cleared': { coalesceTTL: 0, makeRoom: breaker => breaker.clearCache() }
  }
  for (const [reason, end] of Object.entries(ENDS)) {
    for (const [when, { coalesceTTL, makeRoom }] of Object.entries(LATER)) {
      const works = []
      const breaker = new CircuitBreaker(() => {
        works.push(defer())
        return works.at(-1).promise
      }, { coalesce: true, coalesceTTL, coalesceResetOn: [reason], errorThresholdPercentage: 100, timeout: 30 })
      const old = breaker.fire()
      await makeRoom(breaker)
      breaker.options.coalesceTTL = 0
      breaker.options.timeout = TIMED
      const second = breaker.fire()
      end(works[0])
      await old.catch(() => {})
      const third = breaker.fire()
      assert.equal(works.length, 2, `${reason}, ${when}`)
      works[1].resolve('new')
      assert.deepEqual(await Promise.all([second, third]), ['new', 'new'])
      // Its own end is one.
      if (reason !== 'success') continue
      breaker.fire().catch(() => {})
      assert.equal(works.length, 3)
      breaker.shutdown()
      works[2].resolve()
    }
  }
})

test('an answer that is kept ends by the time that has passed, also when the date is set back', async t => {
  for (const [feature, ttl] of [['cache', 'cacheTTL'], ['coalesce', 'coalesceTTL']]) {
    await t.test(feature, async t => {
      let works = 0
      const breaker = new CircuitBreaker(async () => ++works, { [feature]: true, [ttl]: 300 })
      assert.deepEqual([await breaker.fire(), await breaker.fire()], [1, 1])
      const { now } = Date
      t.mock.method(Date, 'now', () => now() - 3_600_000)
      assert.equal(await breaker.fire(), 1)
      await sleep(400)
      assert.equal(await breaker.fire(), 2)
      // One that came since has its own time, whatever the date.
      assert.equal(await breaker.fire(), 2)
      t.mock.restoreAll()
      // Set forward, the date ends it too, as in opossum: by the suspension of a machine.
      assert.equal(await breaker.fire(), 3)
    })
  }
})

test('answers that nobody asks for again leave when they have expired', async () => {
  const breaker = new CircuitBreaker(async () => 'well', { coalesce: true, coalesceTTL: 1, cache: true, cacheTTL: 1 })
  for (let call = 0; call < 30; call++) {
    await breaker.fire(call)
    await sleep(2)
  }
  const { cacheTransport, coalesceCache } = breaker.options
  assert.ok(cacheTransport.cache.size < 10, `${cacheTransport.cache.size} answers are kept`)
  assert.ok(coalesceCache.cache.size < 10, `${coalesceCache.cache.size} calls are kept`)
})

test('a success is one, also when a cache transport fails to keep it', async () => {
  const cacheTransport = { get () {}, set () { throw new Error('no space') }, flush () {} }
  const breaker = new CircuitBreaker(async () => 'well', { cache: true, cacheTransport })
  const uncaught = await uncaughtDuring(async () => assert.equal(await breaker.fire(), 'well'))
  assert.deepEqual(uncaught.map(error => error.message), ['no space'])
  const { successes, failures } = breaker.stats
  assert.deepEqual({ successes, failures }, { successes: 1, failures: 0 })
  assert.equal(breaker.semaphore.count, Number.MAX_SAFE_INTEGER)
})

test('any number of breakers may share a controller, without a warning', async () => {
  const warnings = []
  const note = warning => warnings.push(warning.message)
  process.on('warning', note)
  const controller = new EventEmitter()
  const breakers = Array.from({ length: 30 }, () => new CircuitBreaker(hang, { rotateBucketController: controller }))
  // It is there for its owner's listeners, too: as many as without them.
  for (let i = 0; i < 10; i++) controller.on('rotate', () => {})
  breakers[0].disable()
  breakers[0].enable()
  await turn()
  assert.deepEqual(warnings, [])
  controller.on('rotate', () => {})
  await turn()
  assert.equal(warnings.length, 1)
  assert.match(warnings[0], /41 rotate listeners/)
  process.off('warning', note)
  for (const breaker of breakers) breaker.shutdown()
  assert.deepEqual([controller.getMaxListeners(), controller.listenerCount('rotate')], [10, 11])

  const unlimited = new EventEmitter().setMaxListeners(0)
  new CircuitBreaker(hang, { rotateBucketController: unlimited }).shutdown()
  assert.equal(unlimited.getMaxListeners(), 0)
})

test('a breaker that is enabled after its shutdown listens to no controller', () => {
  const controller = new EventEmitter()
  const breaker = new CircuitBreaker(hang, { rotateBucketController: controller })
  breaker.shutdown()
  breaker.enable()
  assert.equal(controller.listenerCount('rotate'), 0)
})

test('there are named exports and a default one, for import and require', async () => {
  const module = await import('../../index.js')
  for (const one of [module.default, module.CircuitBreaker, CircuitBreaker.CircuitBreaker, CircuitBreaker.default]) {
    assert.equal(one, CircuitBreaker)
  }
})

// A breaker with one call under way, settled by hand.
function withPending (options) {
  const pending = defer()
  const breaker = new CircuitBreaker(() => pending.promise, { timeout: TIMED, ...options })
  pending.result = breaker.fire()
  return { breaker, pending }
}

async function halfOpenWithCallFromBefore () {
  const { breaker, pending } = withPending({ resetTimeout: 1, errorThresholdPercentage: 0 })
  breaker.open()
  await until(() => breaker.halfOpen)
  return { breaker, pending }
}

async function collectTwice () {
  for (let i = 0; i < 2; i++) {
    await turn()
    globalThis.gc()
  }
}
