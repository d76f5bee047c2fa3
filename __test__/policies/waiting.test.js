'use strict'

// queue: calls over the capacity wait for a place.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { once } = require('node:events')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')

const CircuitBreaker = require('../..')
const { steppedClock } = require('../../lib/testing')
const { child } = require('../support/child')
const { collected, sleep, until } = require('../support/wait')
const { fireTogether, startBackend } = require('./support/backend')

/** A breaker whose calls end when they are told to: `calls` are those that have begun. */
function manual (t, options) {
  const calls = []
  const breaker = new CircuitBreaker((...args) => new Promise((resolve, reject) => {
    calls.push({ args, resolve, reject, context: storage.getStore(), signal: breaker.getSignal })
  }), { capacity: 1, queue: { size: 3, timeout: 10_000 }, timeout: false, errorThresholdPercentage: 100, ...options })
  t?.after(() => breaker.shutdown())
  return { breaker, calls }
}

const storage = new AsyncLocalStorage()
const turn = () => new Promise(resolve => setImmediate(resolve))
const codeOf = promise => promise.then(value => value, error => error.code ?? error.name)

test('a burst is served by a backend that can do two calls at a time, and none is refused', async t => {
  const backend = await startBackend(t, (request, response) => setTimeout(() => response.end(), 5))
  const breaker = new CircuitBreaker(backend.get, { capacity: 2, queue: { size: 100, timeout: 10_000 } })
  t.after(() => breaker.shutdown())
  assert.deepEqual(await fireTogether(breaker, 20), Array(20).fill(200))
  assert.equal(backend.mostUnderWay, 2)
  const { failures, fires, rejects, semaphoreRejections, successes } = breaker.stats
  assert.deepEqual([failures, fires, rejects, semaphoreRejections, successes], [0, 20, 0, 0, 20])
  assert.equal(breaker.semaphore.count, 2)
})

test('first in, first out, and who comes as a place is given goes behind', async t => {
  const { breaker, calls } = manual(t)
  const promises = ['a', 'b', 'c'].map(name => breaker.fire(name))
  breaker.once('success', () => promises.push(breaker.fire('d')))
  for (let index = 0; index < 4; index++) {
    await until(() => calls.length === index + 1)
    calls[index].resolve(index)
  }
  assert.deepEqual(await Promise.all(promises), [0, 1, 2, 3])
  assert.deepEqual(calls.map(({ args: [name] }) => name), ['a', 'b', 'c', 'd'])
})

test('whoever finds no place in time is refused, which is no failure and has the fallback', async t => {
  const { breaker, calls } = manual(t, { queue: { size: 3, timeout: 20 } })
  const rejects = []
  breaker.on('reject', error => rejects.push(error))
  breaker.on('failure', assert.fail)
  breaker.fire()
  const error = await breaker.fire('x').catch(error => error)
  assert.deepEqual([error.code, error.message, error.retryAfter], ['EQUEUE', 'Waited 20ms for a place', undefined])
  assert.deepEqual(rejects, [error])
  assert.ok(CircuitBreaker.isOurError(error))
  breaker.fallback((name, { code }) => `${name} ${code}`)
  assert.equal(await breaker.fire('y'), 'y EQUEUE')
  const { failures, fallbacks, fires, rejects: counted, semaphoreRejections, latencyTimes } = breaker.stats
  assert.deepEqual([failures, fallbacks, fires, counted, semaphoreRejections, latencyTimes], [0, 1, 3, 2, 2, []])
  assert.equal(calls.length, 1)
})

test('a full queue refuses at once', async t => {
  const { breaker } = manual(t, { queue: { size: 2 } })
  const promises = Array.from({ length: 5 }, () => codeOf(breaker.fire()))
  const error = await Promise.any([promises[3], promises[4]])
  assert.equal(error, 'EQUEUE')
  assert.equal(breaker.stats.rejects, 2)
  assert.match(breaker.explain(), /For a place of the capacity 2 calls wait\.$/)
  assert.equal(breaker.stats.queued, 2)
  breaker.open()
  breaker.update({ queue: false })
  assert.ok(!('queued' in breaker.stats))
})

test('its own timeout begins with the action', async t => {
  const { breaker, calls } = manual(t, { timeout: 60, queue: { size: 3, timeout: 10_000 } })
  const first = codeOf(breaker.fireWith({ timeout: false }))
  const second = breaker.fire()
  const third = breaker.fireWith({ timeout: false }, 'no timeout')
  await sleep(120)
  calls[0].resolve('first')
  assert.equal(await first, 'first')
  assert.equal(calls.length, 2)
  assert.equal(await codeOf(second), 'ETIMEDOUT')
  await sleep(90)
  calls[2].resolve('third')
  assert.equal(await third, 'third')
})

test('a call that times out gives its place to the next', async t => {
  const { breaker, calls } = manual(t, { timeout: 20 })
  const first = codeOf(breaker.fire())
  const second = breaker.fireWith({ timeout: false })
  assert.equal(await first, 'ETIMEDOUT')
  assert.equal(calls.length, 2)
  calls[1].resolve('second')
  assert.equal(await second, 'second')
})

test('when the circuit opens, those who wait are refused at once, with how long it stays open', async t => {
  const { breaker, calls } = manual(t, { resetTimeout: 5000 })
  const first = codeOf(breaker.fire())
  const waiting = [breaker.fire(), breaker.fire()].map(promise => promise.catch(error => error))
  breaker.open()
  for (const error of await Promise.all(waiting)) {
    assert.equal(error.code, 'EOPENBREAKER')
    assert.ok(error.retryAfter > 0 && error.retryAfter <= 5000)
  }
  breaker.close()
  const later = breaker.fire('later')
  calls[0].resolve('first')
  assert.equal(await first, 'first')
  await until(() => calls.length === 2)
  calls[1].resolve('later')
  assert.equal(await later, 'later')
})

test('a failure that opens the circuit lets nobody in', async t => {
  const { breaker, calls } = manual(t, { errorThresholdPercentage: 0 })
  const promises = Array.from({ length: 3 }, () => codeOf(breaker.fire()))
  calls[0].reject(new Error('ill'))
  assert.deepEqual(await Promise.all(promises), ['Error', 'EOPENBREAKER', 'EOPENBREAKER'])
  assert.equal(calls.length, 1)
})

test('shutdown refuses those who wait, and a drain waits for them', async t => {
  const { breaker } = manual(t)
  breaker.fire().catch(() => {})
  const waiting = codeOf(breaker.fire())
  breaker.shutdown()
  assert.equal(await waiting, 'ESHUTDOWN')

  const other = manual(t)
  const promises = ['a', 'b'].map(name => other.breaker.fire(name))
  const drained = other.breaker.drain()
  assert.equal(await codeOf(other.breaker.fire('c')), 'ESHUTDOWN')
  await turn()
  other.calls[0].resolve('a')
  await until(() => other.calls.length === 2)
  assert.ok(!other.breaker.isShutdown)
  other.calls[1].resolve('b')
  assert.deepEqual(await Promise.all(promises), ['a', 'b'])
  await drained
  assert.ok(other.breaker.isShutdown)
})

test('a drain whose time is over refuses those who wait', async t => {
  const { breaker } = manual(t)
  const promises = ['a', 'b'].map(name => codeOf(breaker.fireWith({ timeout: 60_000 }, name)))
  await breaker.drain({ timeout: 10 })
  assert.deepEqual(await Promise.all(promises), ['ESHUTDOWN', 'ESHUTDOWN'])
})

test('whoever gives up leaves the queue, with the reason, and counts as nothing', async t => {
  const { breaker, calls } = manual(t)
  const first = breaker.fire('first')
  const controller = new AbortController()
  const second = breaker.fireWith({ signal: controller.signal }, 'second')
  const third = breaker.fire('third')
  const reason = new Error('gone')
  controller.abort(reason)
  await assert.rejects(second, error => error === reason)
  calls[0].resolve()
  await first
  await until(() => calls.length === 2)
  assert.deepEqual(calls[1].args, ['third'])
  calls[1].resolve()
  await third
  assert.deepEqual([breaker.stats.rejects, breaker.stats.failures, breaker.semaphore.count], [0, 0, 1])
  // It has begun: the signal is that of a call as any.
  const late = new AbortController()
  const fourth = breaker.fire()
  const fifth = breaker.fireWith({ signal: late.signal })
  calls[2].resolve()
  await fourth
  await until(() => calls.length === 4)
  late.abort()
  await assert.rejects(fifth, { name: 'AbortError' })
})

test('a permit cannot wait: it is refused as without a queue', async t => {
  const { breaker } = manual(t, { capacity: 1 })
  const permit = breaker.acquire()
  assert.throws(() => breaker.acquire(), { code: 'ESEMLOCKED' })
  const waiting = breaker.fire()
  permit.success()
  assert.equal(breaker.semaphore.count, 0, 'the place goes to the call that waits')
  assert.throws(() => breaker.acquire(), { code: 'ESEMLOCKED' })
  waiting.catch(() => {})
})

test('a place that is given back by hand goes to a call that waits', async t => {
  const { breaker, calls } = manual(t)
  assert.ok(breaker.semaphore.test())
  const promise = breaker.fire()
  assert.equal(calls.length, 0)
  breaker.semaphore.release()
  await until(() => calls.length === 1)
  calls[0].resolve('well')
  assert.equal(await promise, 'well')
})

test('a place that is taken by hand is nobody\'s who waits, while it is judged whether the circuit opens, too', async t => {
  const { breaker, calls } = manual(t, { errorThresholdPercentage: 100 })
  const taken = []
  breaker.on('failure', () => taken.push(breaker.semaphore.test()))
  const failed = codeOf(breaker.fire('a'))
  const waiting = breaker.fire('b')
  breaker.semaphore.take().then(() => taken.push('place'))
  calls[0].reject(new Error('ill'))
  assert.equal(await failed, 'Error')
  assert.deepEqual(calls.map(({ args: [name] }) => name), ['a', 'b'])
  assert.deepEqual(taken, [false])
  calls[1].resolve('well')
  assert.equal(await waiting, 'well')
  await turn()
  assert.deepEqual(taken, [false, 'place'])
})

test('the action, its fallback and listeners run in the async context of the caller', async t => {
  const { breaker, calls } = manual(t, { queue: { size: 3, timeout: 30 } })
  const heard = []
  breaker.on('reject', () => heard.push(storage.getStore()))
  const first = storage.run('a', () => breaker.fire())
  const second = storage.run('b', () => breaker.fire())
  calls[0].resolve()
  await first
  await until(() => calls.length === 2)
  assert.deepEqual(calls.map(({ context }) => context), ['a', 'b'])
  breaker.fallback(() => storage.getStore())
  assert.equal(await storage.run('c', () => breaker.fire()), 'c')
  assert.deepEqual(heard, ['c'])
  calls[1].resolve()
  await second
})

test('an action that begins late has its own signal, its this and its arguments', async t => {
  const signals = []
  const breaker = new CircuitBreaker(async function (...args) {
    signals.push(breaker.getSignal())
    await turn()
    return [this.name, ...args]
  }, { capacity: 1, queue: {} })
  t.after(() => breaker.shutdown())
  const first = breaker.call({ name: 'one' }, 1)
  const second = breaker.call({ name: 'two' }, 1, 2, 3)
  assert.deepEqual(await Promise.all([first, second]), [['one', 1], ['two', 1, 2, 3]])
  assert.equal(signals.length, 2)
  assert.notEqual(signals[0], signals[1])
  assert.ok(signals[1] instanceof AbortSignal)
})

test('an action that throws at once, in its turn, fails and gives the place on', async t => {
  let calls = 0
  const breaker = new CircuitBreaker(() => {
    if (calls++ > 0) throw new Error('thrown')
    return turn()
  }, { capacity: 1, queue: {}, errorThresholdPercentage: 100 })
  t.after(() => breaker.shutdown())
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => breaker.fire().catch(error => error.message)))
  assert.deepEqual(outcomes, [undefined, 'thrown', 'thrown', 'thrown'])
  assert.equal(breaker.semaphore.count, 1)
})

test('calls with the same key join one that waits, and ask anew once it has waited in vain', async t => {
  const { breaker, calls } = manual(t, { coalesce: true, queue: { size: 3, timeout: 30 } })
  breaker.fire('other').catch(() => {})
  const promises = [breaker.fire('key'), breaker.fire('key')]
  assert.match(breaker.explain(), /one call waits/)
  assert.deepEqual(await Promise.all(promises.map(codeOf)), ['EQUEUE', 'EQUEUE'])
  const again = breaker.fire('key')
  calls[0].resolve()
  await until(() => calls.length === 2)
  const joined = breaker.fire('key')
  calls[1].resolve('answer')
  assert.deepEqual(await Promise.all([again, joined]), ['answer', 'answer'])
})

test('a try of a call waits as any does', async t => {
  const { breaker, calls } = manual(t, { retry: { attempts: 1, delay: { initial: 0 } } })
  const first = breaker.fire('first')
  const second = breaker.fire('second')
  calls[0].reject(new Error('once'))
  await until(() => calls.length === 2)
  assert.deepEqual(calls[1].args, ['second'])
  await sleep(20)
  calls[1].resolve('second')
  await until(() => calls.length === 3)
  calls[2].resolve('first, in the end')
  assert.deepEqual(await Promise.all([first, second]), ['first, in the end', 'second'])
})

test('more places let more calls in, and where nobody is guarded nobody waits', async t => {
  const { breaker, calls } = manual(t, { queue: { size: 10, timeout: 10_000 } })
  const promises = Array.from({ length: 6 }, (_, index) => breaker.fire(index))
  breaker.update({ capacity: 3 })
  assert.equal(calls.length, 3)
  breaker.update({ queue: { size: 1 } })
  assert.equal(await codeOf(breaker.fire()), 'EQUEUE')
  breaker.disable()
  await turn()
  breaker.enable()
  breaker.fire().catch(() => {})
  await until(() => calls.length === 6)
  calls.forEach(({ resolve }, index) => resolve(index))
  assert.deepEqual(await Promise.all(promises), [0, 1, 2, 3, 4, 5])
  await until(() => breaker.semaphore.count === 2)
})

test('of a breaker that is disabled all who wait begin at once, and have what their actions throw', async () => {
  const begun = []
  const breaker = new CircuitBreaker(name => {
    begun.push(name)
    if (name !== 'first') throw new Error(name)
    return new Promise(() => {})
  }, { capacity: 1, queue: { size: 3, timeout: false }, timeout: false })
  breaker.fire('first')
  const promises = ['second', 'third'].map(name => breaker.fire(name))
  breaker.disable()
  assert.deepEqual(begun, ['first', 'second', 'third'])
  await assert.rejects(promises[0], { message: 'second' })
  await assert.rejects(promises[1], { message: 'third' })
  assert.equal(breaker.semaphore.count, 0)
  breaker.shutdown()
})

test('a shutdown lets none begin who waits, though it disables the breaker', async () => {
  const { breaker, calls } = manual(undefined)
  breaker.fire()
  const waiting = codeOf(breaker.fire())
  breaker.shutdown()
  assert.equal(await waiting, 'ESHUTDOWN')
  assert.equal(calls.length, 1)
})

test('a shutdown ends all who wait, whatever the clock of a test throws meanwhile', async () => {
  const { stdout, ...end } = await child(async ({ require, path }) => {
    const CircuitBreaker = require(path)
    let uncaught = 0
    process.on('uncaughtException', () => uncaught++)
    const options = { capacity: 1, queue: { size: 5, timeout: 10_000 }, coalesce: true, coalesceTTL: 10_000, timeout: false }
    const breaker = new CircuitBreaker(key => new Promise(resolve => setTimeout(resolve, 50, key)), options)
    const calls = [1, 2, 3, 4].map(key => breaker.fire(key).catch(({ code }) => code))
    const { now } = Date
    // eslint-disable-next-line no-throw-literal
    Date.now = () => { throw 'no clock' }
    try {
      breaker.shutdown()
    } catch {}
    Date.now = now
    console.log(JSON.stringify(await Promise.all(calls)), uncaught > 0)
  })
  assert.deepEqual(end, { code: 0, signal: null, stderr: '' })
  assert.equal(stdout.trim(), '[1,"ESHUTDOWN","ESHUTDOWN","ESHUTDOWN"] true')
})

test('counting only, all who wait begin', async t => {
  const { breaker, calls } = manual(t)
  const promises = Array.from({ length: 3 }, (_, index) => breaker.fire(index))
  breaker.metricsOnly()
  await until(() => calls.length === 3)
  calls.forEach(({ resolve }, index) => resolve(index))
  assert.deepEqual(await Promise.all(promises), [0, 1, 2])
  assert.equal(breaker.semaphore.count, 1)
})

test('on the clock of a test the time in the queue is that of the test', async t => {
  const clock = steppedClock()
  t.after(() => clock.end())
  const { breaker, calls } = manual(t, { queue: { size: 3, timeout: 100 } })
  const first = breaker.fire()
  const second = codeOf(breaker.fire())
  await clock.step(50)
  const third = codeOf(breaker.fire())
  await clock.step(49)
  assert.match(breaker.explain(), /2 calls wait/)
  await clock.step(1)
  assert.equal(await second, 'EQUEUE')
  calls[0].resolve('first')
  assert.equal(await first, 'first')
  await clock.step(0)
  calls[1].resolve('third')
  assert.equal(await third, 'third')
})

for (const [name, code, act] of [
  ['opens the circuit', 'EOPENBREAKER', breaker => breaker.open()],
  ['shuts the breaker down', 'ESHUTDOWN', breaker => breaker.shutdown()],
  ['gives a place and shuts the breaker down', 'ESHUTDOWN', breaker => {
    breaker.semaphore.release()
    breaker.shutdown()
  }],
  ['gives a place and opens the circuit', 'EOPENBREAKER', breaker => {
    breaker.semaphore.release()
    breaker.open()
  }],
  ['disables the breaker', 'begun', breaker => breaker.disable()]
]) {
  test(`what the timers of a host do as a call is queued is not lost: one ${name}`, { timeout: 60_000 }, async t => {
    const { setTimeout: plain } = globalThis
    let armed
    globalThis.setTimeout = (...args) => {
      const run = armed
      armed = undefined
      run?.()
      return plain(...args)
    }
    globalThis.setTimeout.clock = {}
    t.after(() => { globalThis.setTimeout = plain })
    const { breaker, calls } = manual(t, { queue: { size: 3, timeout: 5000 } })
    breaker.fire().catch(() => {})
    armed = () => act(breaker)
    const waiting = codeOf(breaker.fire())
    if (code === 'begun') {
      await until(() => calls.length === 2)
      calls[1].resolve('begun')
    }
    assert.equal(await waiting, code)
    assert.equal(armed, undefined)
  })
}

test('after a stall of the loop, places are given out before anybody is out of time', async t => {
  const backend = await startBackend(t)
  const breaker = new CircuitBreaker(backend.get, { capacity: 1, queue: { size: 3, timeout: 50 } })
  t.after(() => breaker.shutdown())
  await breaker.fire()
  const promises = [breaker.fire(), breaker.fire()]
  await turn()
  const end = Date.now() + 300
  while (Date.now() < end);
  assert.deepEqual(await Promise.all(promises), [200, 200])
})

test('a process in which a call waits lives until it is out of time, and no longer', async () => {
  const { stdout, code } = await child(({ require, path }) => {
    const CircuitBreaker = require(path)
    const breaker = new CircuitBreaker(() => new Promise(() => {}), { capacity: 1, queue: { timeout: 150 }, timeout: false })
    breaker.fire()
    breaker.fire().catch(error => console.log(error.code))
  })
  assert.deepEqual([stdout.trim(), code], ['EQUEUE', 0])
})

test('a breaker is kept while a call waits, and collected after', async () => {
  let waiting
  const ref = (() => {
    const { breaker } = manual(undefined, { queue: { size: 3, timeout: 60 } })
    breaker.fire()
    waiting = codeOf(breaker.fire())
    return new WeakRef(breaker)
  })()
  await turn()
  globalThis.gc()
  assert.equal(await waiting, 'EQUEUE')
  await collected(ref)
})

test('a worker may end while calls wait', async () => {
  const worker = new Worker(`
    const CircuitBreaker = require(${JSON.stringify(require.resolve('../..'))})
    const breaker = new CircuitBreaker(() => new Promise(() => {}), { capacity: 1, queue: { timeout: 50 } })
    for (let call = 0; call < 10; call++) breaker.fire().catch(() => {})
    require('node:worker_threads').parentPort.postMessage('waiting')
  `, { eval: true })
  await once(worker, 'message')
  assert.equal(await worker.terminate(), 1)
})

test('without a capacity nobody waits: that is told', () => {
  const message = 'options.queue cannot stand without options.capacity: nobody waits where there is room for all'
  assert.throws(() => new CircuitBreaker(() => {}, { queue: {} }), { name: 'TypeError', message })
  const breaker = new CircuitBreaker(() => {}, { capacity: 3, queue: {} })
  assert.throws(() => breaker.update({ capacity: Infinity }), { name: 'TypeError', message })
  breaker.update({ capacity: Infinity, queue: false })
  breaker.shutdown()
})

for (const [fields, message] of [
  [{ size: 0 }, 'options.queue.size must be a whole number of calls, from 1 to 1000000; got 0'],
  [{ size: 1.5 }, 'options.queue.size must be a whole number of calls, from 1 to 1000000; got 1.5'],
  [{ timeout: 0 }, 'options.queue.timeout must be a number of milliseconds above 0, or false for none; got 0'],
  [{ limit: 2 }, 'options.queue has no limit: it may have size and timeout']
]) {
  test(`nonsense is refused by name: ${JSON.stringify(fields)}`, () => {
    assert.throws(() => new CircuitBreaker(() => {}, { capacity: 1, queue: fields }), { name: 'TypeError', message })
  })
}
