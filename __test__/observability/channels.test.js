'use strict'

// What breakers tell on `node:diagnostics_channel`, and that it costs nobody who does not listen.

const { crossingsUntil } = require('../breaker/support/crossings')

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { channel, subscribe, tracingChannel, unsubscribe } = require('node:diagnostics_channel')
const { describe, test } = require('node:test')
const { setTimeout: wait } = require('node:timers/promises')

const CircuitBreaker = require('../..')

const STEPS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error']

/** Runs with a subscriber to calls: what it was told, each as the step and the outcome so far. */
async function traced (run, steps = STEPS) {
  const told = []
  const subscribers = Object.fromEntries(steps.map(step => [step, message => told.push({ step, ...message })]))
  const calls = tracingChannel('didelphis:call')
  calls.subscribe(subscribers)
  try {
    await run()
  } finally {
    calls.unsubscribe(subscribers)
  }
  return told
}

/** The same of one breaker: each call's outcome. */
async function outcomesOf (breaker, run) {
  const told = await traced(run)
  return told.filter(message => message.step === 'asyncEnd' && message.breaker === breaker).map(({ outcome }) => outcome)
}

const failing = async () => { throw new Error('ill') }
const swallow = promise => promise.catch(() => {})

describe('a call', () => {
  test('that succeeds is told from its start to its end, with its arguments and its result', async () => {
    const breaker = new CircuitBreaker(async (a, b) => a + b, { name: 'sum' })
    const told = await traced(async () => assert.equal(await breaker.fire(1, 2), 3))
    assert.deepEqual(told.map(({ step }) => step), ['start', 'end', 'asyncStart', 'asyncEnd'])
    assert.ok(told.every(message => message.breaker === breaker))
    assert.deepEqual(told[0].args, [1, 2])
    assert.equal(told[0].outcome, undefined)
    assert.equal(told[3].outcome, 'success')
    assert.equal(told[3].result, 3)
  })

  test('that fails is told with its error, and what came of it is known by then', async () => {
    const breaker = new CircuitBreaker(failing)
    const told = await traced(() => assert.rejects(breaker.fire(), /ill/))
    assert.deepEqual(told.map(({ step }) => step), ['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
    assert.equal(told[2].error.message, 'ill')
    assert.equal(told[2].outcome, 'failure')
  })

  test('is told with what came of it, whoever answers', async () => {
    const hanging = () => new Promise(() => {})
    const breaker = new CircuitBreaker(failing)
    const late = new CircuitBreaker(hanging, { timeout: 5 })
    const patient = new CircuitBreaker(hanging, { timeout: false })
    const cached = new CircuitBreaker(async () => 1, { cache: true })
    const joined = new CircuitBreaker(async () => 1, { coalesce: true })
    const full = new CircuitBreaker(async () => 1, { capacity: 0 })
    const tolerant = new CircuitBreaker(failing, { classify: ({ result }) => result === 'no' ? 'failure' : 'success' })
    const answered = new CircuitBreaker(failing).fallback(() => 'instead')
    const off = new CircuitBreaker(failing, { enabled: false })
    const controller = new AbortController()
    const told = await traced(async () => {
      await swallow(breaker.fire())
      await swallow(breaker.fire())
      await swallow(late.fire())
      await swallow(late.fireWith({ timeout: 1 }))
      const given = swallow(patient.fireWith({ signal: controller.signal }))
      controller.abort()
      await given
      await cached.fire()
      await cached.fire()
      await cached.fireWith({})
      await Promise.all([joined.fire(), joined.fire()])
      await swallow(full.fire())
      await swallow(tolerant.fire())
      assert.equal(await answered.fire(), 'instead')
      assert.equal(await answered.fire(), 'instead')
      await swallow(off.fire())
      breaker.shutdown()
      await swallow(breaker.fire())
    })
    const outcomes = breaker => told.filter(message => message.step === 'asyncEnd' && message.breaker === breaker).map(({ outcome }) => outcome)
    assert.deepEqual(outcomes(breaker), ['failure', 'rejected', 'rejected'])
    assert.deepEqual(outcomes(late), ['timeout', 'rejected'])
    assert.deepEqual(outcomes(patient), ['aborted'])
    assert.deepEqual(outcomes(cached), ['success', 'cached', 'cached'])
    assert.deepEqual(outcomes(joined).sort(), ['cached', 'success'])
    assert.deepEqual(outcomes(full), ['rejected'])
    assert.deepEqual(outcomes(tolerant), ['failure'])
    assert.deepEqual(outcomes(answered), ['failure', 'rejected'])
    assert.deepEqual(outcomes(off), ['unguarded'])
  })

  test('that is tried again is told once, with how the last try ended', async () => {
    let calls = 0
    const breaker = new CircuitBreaker(async () => { if (++calls === 1) throw new Error('ill') }, {
      volumeThreshold: 9, retry: { attempts: 1, delay: { initial: 1, max: 1 } }
    })
    assert.deepEqual(await outcomesOf(breaker, () => breaker.fire()), ['success'])
    assert.equal(calls, 2)
  })

  test('by call, by a method of a subclass and by one that was bound before is told once', async () => {
    class Guarded extends CircuitBreaker {
      call (...args) { return super.call(...args) }
    }
    const breaker = new Guarded(async () => {})
    const fire = breaker.fire.bind(breaker)
    await breaker.fire()
    const outcomes = await outcomesOf(breaker, async () => {
      await fire()
      await breaker.fire()
      await breaker.call({})
    })
    assert.deepEqual(outcomes, ['success', 'success', 'success'])
  })

  test('runs in the store that a subscriber binds to its start', async () => {
    const storage = new AsyncLocalStorage()
    const { start } = tracingChannel('didelphis:call')
    start.bindStore(storage, ({ breaker }) => breaker.name)
    try {
      const breaker = new CircuitBreaker(async () => storage.getStore(), { name: 'bound' })
      assert.equal(await breaker.fire(), 'bound')
    } finally {
      start.unbindStore(storage)
    }
  })

  test('is told to who subscribes to one step alone, and to who comes late', async () => {
    const breaker = new CircuitBreaker(async () => {})
    for (let call = 0; call < 3000; call++) await breaker.fire()
    for (const step of STEPS.slice(0, 4)) {
      const told = await traced(() => breaker.fire(), [step])
      assert.deepEqual(told.map(message => message.step), [step])
      assert.deepEqual(await crossingsUntil(() => breaker.fire()), ['admit', 'settle'], 'nobody listens any more')
    }
    const failed = new CircuitBreaker(failing)
    assert.equal((await traced(() => swallow(failed.fire()), ['error'])).length, 1)
  })

  test('is not changed by what subscribers throw', async () => {
    const thrown = []
    const onThrown = error => thrown.push(error.message)
    process.on('uncaughtException', onThrown)
    const listeners = process.listeners('uncaughtException').filter(listener => listener !== onThrown)
    for (const listener of listeners) process.off('uncaughtException', listener)
    const subscriber = () => { throw new Error('of a subscriber') }
    for (const step of STEPS) subscribe(`tracing:didelphis:call:${step}`, subscriber)
    try {
      assert.equal(await new CircuitBreaker(async () => 1).fire(), 1)
      await assert.rejects(new CircuitBreaker(failing).fire(), /ill/)
      await wait(5)
    } finally {
      for (const step of STEPS) unsubscribe(`tracing:didelphis:call:${step}`, subscriber)
      process.off('uncaughtException', onThrown)
      for (const listener of listeners) process.on('uncaughtException', listener)
    }
    assert.equal(thrown.length, 9)
  })

  test('that rejects and that nobody waits for is as loud as ever', async () => {
    const unhandled = []
    const onUnhandled = error => unhandled.push(error.message)
    const listeners = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', onUnhandled)
    try {
      await traced(async () => {
        new CircuitBreaker(failing).fire()
        await wait(5)
      })
    } finally {
      process.off('unhandledRejection', onUnhandled)
      for (const listener of listeners) process.on('unhandledRejection', listener)
    }
    assert.deepEqual(unhandled, ['ill'])
  })

  test('of a cache that answers later is the breaker\'s alone', async () => {
    const kept = new Map()
    const breaker = new CircuitBreaker(async () => 1, {
      cache: true, cacheTransport: { get: async key => kept.get(key), set: (key, value) => { kept.set(key, value) }, flush () {} }
    })
    const told = await traced(() => breaker.fire('x'))
    assert.ok(told.length > 0 && told.every(message => message.breaker === breaker))
  })
})

describe('a circuit', () => {
  /** The transitions of a breaker meanwhile. */
  async function transitionsOf (breaker, run) {
    const told = []
    const subscriber = message => { if (message.breaker === breaker) told.push(message) }
    subscribe('didelphis:transition', subscriber)
    try {
      await run()
    } finally {
      unsubscribe('didelphis:transition', subscriber)
    }
    return told
  }
  const arrows = told => told.map(({ from, to }) => `${from} > ${to}`)

  test('that moves is told with where from, where to and why', async () => {
    let isWell = false
    const breaker = new CircuitBreaker(async () => { if (!isWell) throw new Error('ill') }, { resetTimeout: 5 })
    const told = await transitionsOf(breaker, async () => {
      await swallow(breaker.fire())
      isWell = true
      await wait(20)
      await breaker.fire()
      breaker.forceOpen()
      breaker.close()
    })
    assert.deepEqual(arrows(told), [
      'closed > open', 'open > halfOpen', 'halfOpen > closed', 'closed > forcedOpen', 'forcedOpen > closed'
    ])
    assert.equal(told[0].lastTrip.reason, 'errorThresholdPercentage')
    assert.equal(told[3].lastTrip.reason, 'open')
  })

  test('that was not heard from its beginning is told from where it stands', async () => {
    const restored = new CircuitBreaker(async () => {}, { state: { closed: false, lastTimerAt: Date.now() } })
    assert.deepEqual(arrows(await transitionsOf(restored, () => restored.close())), ['open > closed'])
    const trying = new CircuitBreaker(async () => {}, { state: { closed: false, halfOpen: true } })
    assert.deepEqual(arrows(await transitionsOf(trying, () => trying.fire())), ['halfOpen > closed'])
    const opened = new CircuitBreaker(async () => {})
    opened.open()
    assert.deepEqual(arrows(await transitionsOf(opened, () => opened.close())), ['open > closed'])
  })
})

test('the channels are those that Node has by these names', () => {
  for (const name of ['didelphis:transition', ...STEPS.map(step => `tracing:didelphis:call:${step}`)]) {
    assert.equal(channel(name).hasSubscribers, false)
  }
})
