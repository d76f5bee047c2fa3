'use strict'

// The breaker as an EventEmitter: nothing is emitted in vain, nothing is missed.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { EventEmitter } = require('node:events')
const { join } = require('node:path')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const Opossum = require('opossum')
const { until } = require('../support/wait')

const ACTIONS = {
  well: async () => 'well',
  ill: async () => { throw new Error('ill') },
  hang: () => new Promise(() => {})
}
const act = kind => ACTIONS[kind]()

// Fires one call of each kind.
const ALL = {
  well: ['fire', 'success'],
  ill: ['fire', 'failure', 'open', 'fallback'],
  refused: ['fire', 'reject', 'fallback'],
  late: ['halfOpen', 'fire', 'timeout', 'failure', 'open', 'fallback'],
  locked: ['close', 'fire', 'semaphoreLocked', 'failure', 'open', 'fallback'],
  closed: ['close'],
  shutdown: ['shutdown']
}

async function everything (breaker) {
  breaker.fallback(() => 'instead')
  await breaker.fire('well')
  await breaker.fire('ill')
  await breaker.fire('well')
  await until(() => breaker.halfOpen)
  await breaker.fire('hang')
  breaker.close()
  while (breaker.semaphore.test());
  await breaker.fire('well')
  breaker.close()
  breaker.shutdown()
}

const OPTIONS = { capacity: 2, errorThresholdPercentage: 0, resetTimeout: 300, timeout: 20 }

test('no event of a call is emitted where nobody listens', () => {
  // What `emit` is has to be known before the breaker asks for it.
  const script = `
    const { EventEmitter } = require('node:events')
    const { emit } = EventEmitter.prototype
    const emitted = []
    EventEmitter.prototype.emit = function (name, ...args) {
      if (this.fire) emitted.push(name)
      return emit.call(this, name, ...args)
    }
    const CircuitBreaker = require(${JSON.stringify(join(__dirname, '..', '..'))})
    const breaker = new CircuitBreaker(async ill => { if (ill) throw new Error('ill') }, { errorThresholdPercentage: 100 })
    breaker.fallback(() => {})
    breaker.on('success', () => {})
    const locked = new CircuitBreaker(() => {}, { capacity: 0 })
    const late = new CircuitBreaker(() => new Promise(() => {}), { timeout: 5 })
    const open = new CircuitBreaker(() => {}, { state: { closed: false, lastTimerAt: Date.now() } })
    const calls = [breaker.fire(), breaker.fire(true), locked.fire(), late.fire(), open.fire()]
    Promise.allSettled(calls).then(() => console.log(JSON.stringify(emitted)))`
  const emitted = JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }))
  assert.deepEqual(emitted.filter(name => name !== 'open'), ['success'])
})

test('a listener hears its event and no other', async () => {
  await Promise.all(Array.from(new Set(Object.values(ALL).flat()), async name => {
    const breaker = new CircuitBreaker(act, OPTIONS)
    let heard = 0
    breaker.on(name, () => heard++)
    await everything(breaker)
    assert.equal(heard, Object.values(ALL).flat().filter(other => other === name).length, name)
  }))
})

test('an emit of its own sees every event, in order', async t => {
  const OVERRIDES = {
    'its own property': seen => {
      const breaker = new CircuitBreaker(act, OPTIONS)
      breaker.emit = name => seen.push(name)
      return breaker
    },
    "its subclass'": seen => new class extends CircuitBreaker {
      emit (name, ...args) {
        seen.push(name)
        return super.emit(name, ...args)
      }
    }(act, OPTIONS)
  }
  for (const [name, make] of Object.entries(OVERRIDES)) {
    await t.test(name, async () => {
      const seen = []
      await everything(make(seen))
      assert.deepEqual(seen, Object.values(ALL).flat())
    })
  }
})

test('an emit that is put in the way of all emitters sees every event', async () => {
  const { emit } = EventEmitter.prototype
  const seen = []
  EventEmitter.prototype.emit = function (name, ...args) {
    if (this instanceof CircuitBreaker) seen.push(name)
    return emit.call(this, name, ...args)
  }
  try {
    await everything(new CircuitBreaker(act, OPTIONS))
  } finally {
    EventEmitter.prototype.emit = emit
  }
  assert.deepEqual(seen, Object.values(ALL).flat())
})

test('eventNames() lists the events that opossum listens to itself', () => {
  const breaker = new CircuitBreaker(act)
  const theirs = new Opossum(act)
  assert.deepEqual(breaker.eventNames().sort(), theirs.eventNames().sort())
  const listener = () => {}
  for (const name of ['halfOpen', 'fire', 'my own']) breaker.on(name, listener)
  assert.deepEqual(breaker.eventNames().sort(), [...theirs.eventNames(), 'halfOpen', 'my own'].sort())
  breaker.off('halfOpen', listener)
  assert.equal(breaker.eventNames().includes('halfOpen'), false)
  theirs.shutdown()
  breaker.shutdown()
  assert.deepEqual(breaker.eventNames(), theirs.eventNames())
})

test('calls are counted whether anybody listens or not', async () => {
  const counted = []
  for (const names of [[], Object.values(ALL).flat()]) {
    const breaker = new CircuitBreaker(act, OPTIONS)
    for (const name of names) breaker.on(name, () => {})
    let counts
    const { shutdown } = breaker
    breaker.shutdown = function () {
      const { failures, fallbacks, fires, rejects, semaphoreRejections, successes, timeouts } = this.stats
      counts = { failures, fallbacks, fires, rejects, semaphoreRejections, successes, timeouts }
      shutdown.call(this)
    }
    await everything(breaker)
    counted.push(counts)
  }
  const expected = {
    failures: 3, fallbacks: 4, fires: 5, rejects: 1, semaphoreRejections: 1, successes: 1, timeouts: 1
  }
  assert.deepEqual(counted, [expected, expected])
})

test('once on a hot event hears it once', async () => {
  for (const names of [['fire', 'success'], ['fire', 'failure', 'fallback']]) {
    const breaker = new CircuitBreaker(act, { errorThresholdPercentage: 100 })
    const kind = names.includes('success') ? 'well' : 'ill'
    breaker.fallback(() => 'instead')
    for (let i = 0; i < 10; i++) await breaker.fire(kind)
    const heard = []
    for (const name of names) breaker.once(name, () => heard.push(name))
    await Promise.all(Array.from({ length: 50 }, () => breaker.fire(kind)))
    for (let i = 0; i < 50; i++) await breaker.fire(kind)
    assert.deepEqual(heard, names)
    assert.equal(breaker.stats.fires, 110)
    for (const name of names) assert.equal(breaker.listenerCount(name), 0)
  }
})

test('a promise of an event comes true', async () => {
  const breaker = new CircuitBreaker(act)
  const promise = EventEmitter.once(breaker, 'success')
  breaker.fire('well')
  const [value, ms] = await promise
  assert.equal(value, 'well')
  assert.equal(typeof ms, 'number')
})

test('listeners are heard in their order, and leave when they are told', async () => {
  const breaker = new CircuitBreaker(act)
  const heard = []
  const second = () => heard.push('second')
  const third = () => {
    heard.push('third')
    breaker.removeListener('success', second)
  }
  breaker.on('success', second)
  breaker.addListener('success', third)
  breaker.prependListener('success', () => heard.push('first'))
  breaker.prependOnceListener('success', () => heard.push('before all'))
  await breaker.fire('well')
  await breaker.fire('well')
  breaker.removeAllListeners('success')
  await breaker.fire('well')
  assert.deepEqual(heard, ['before all', 'first', 'second', 'third', 'first', 'third'])
})

test('a listener that comes or goes while a call is under way counts at its end', async () => {
  const breaker = new CircuitBreaker(act)
  const heard = []
  const early = () => heard.push('early')
  breaker.on('success', early)
  const call = breaker.fire('well')
  breaker.off('success', early)
  breaker.on('success', () => heard.push('late'))
  await call
  assert.deepEqual(heard, ['late'])
})

test('events carry what their table says', async () => {
  const breaker = new CircuitBreaker(act, OPTIONS)
  const heard = {}
  for (const name of new Set(Object.values(ALL).flat())) breaker.on(name, (...args) => { heard[name] ??= args.map(kindOf) })
  await everything(breaker)
  assert.deepEqual(heard, {
    fire: ['Array'],
    success: ['String', 'Number'],
    failure: ['Error', 'Number', 'Array'],
    open: ['Object'],
    fallback: ['String', 'Error'],
    reject: ['Error'],
    halfOpen: ['Number'],
    timeout: ['Error', 'Number', 'Array'],
    close: [],
    semaphoreLocked: ['Error', 'Number'],
    shutdown: []
  })
})

const kindOf = value => value.constructor.name
