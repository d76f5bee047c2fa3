'use strict'

// `drain`: no call begins any more, those under way end, and then the breaker is shut down.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const http = require('node:http')
const { describe, test } = require('node:test')
const FakeTimers = require('@sinonjs/fake-timers')

const CircuitBreaker = require('../..')
const { child } = require('../support/child')
const { defer, turn, until } = require('../support/wait')

const hang = () => new Promise(() => {})
const ignore = () => {}
const codeOf = promise => promise.then(value => value ?? 'resolved', ({ code, message }) => code ?? message)

const make = (act, options) => new CircuitBreaker(act, { timeout: false, volumeThreshold: 99, ...options })

/** Whether a promise has settled by now. */
async function isSettled (promise) {
  let settled = false
  const note = () => { settled = true }
  promise.then(note, note)
  await turn()
  return settled
}

test('with nothing under way it is a shutdown', async () => {
  const breaker = make(hang)
  const events = []
  breaker.on('shutdown', () => events.push('shutdown'))
  assert.equal(await breaker.drain(), undefined)
  assert.deepEqual([breaker.isShutdown, events], [true, ['shutdown']])
  await breaker.drain()
})

describe('meanwhile', () => {
  test('calls under way go on, whatever they end as, and no other begins', async () => {
    for (const timeout of [false, 60_000]) {
      const works = Array.from({ length: 3 }, defer)
      const breaker = make((work, error) => work.promise, { timeout })
      const fired = []
      breaker.on('fire', () => fired.push('fire'))
      const calls = works.map(work => codeOf(breaker.fire(work)))
      const permit = breaker.acquire()
      const drained = breaker.drain()
      assert.equal(await codeOf(breaker.fire(works[0])), 'ESHUTDOWN')
      assert.equal(await codeOf(breaker.fireWith({ timeout: 5 }, works[0])), 'ESHUTDOWN')
      assert.throws(() => breaker.acquire(), { code: 'ESHUTDOWN' })
      breaker.enable()
      breaker.close()
      assert.equal(await codeOf(breaker.call({}, works[0])), 'ESHUTDOWN')
      assert.deepEqual([breaker.isShutdown, breaker.closed, fired.length], [false, true, 4])
      works[0].resolve('well')
      works[1].reject(new Error('ill'))
      permit.success()
      assert.equal(await isSettled(drained), false)
      works[2].resolve('last')
      assert.deepEqual(await Promise.all(calls), ['well', 'ill', 'last'])
      await drained
      assert.equal(breaker.isShutdown, true)
      assert.equal(breaker.stats.successes, 3)
    }
  })

  test('deadlines hold, and signals can be given up', async () => {
    const controller = new AbortController()
    const breaker = make(hang, { timeout: 30 })
    const calls = [codeOf(breaker.fire()), codeOf(breaker.fireWith({ timeout: false, signal: controller.signal }))]
    const drained = breaker.drain()
    assert.equal(await calls[0], 'ETIMEDOUT')
    controller.abort(new Error('changed my mind'))
    assert.equal(await calls[1], 'changed my mind')
    await drained
  })

  test('what is kept answers nobody, and what is joined ends for all', async () => {
    const work = defer()
    const breaker = make(given => given ?? work.promise, { cache: true, coalesce: true })
    await breaker.fire('kept')
    const calls = [breaker.fire(), breaker.fire()]
    const drained = breaker.drain()
    assert.equal(await codeOf(breaker.fire('kept')), 'ESHUTDOWN')
    assert.equal(await codeOf(breaker.fire()), 'ESHUTDOWN')
    work.resolve('well')
    assert.deepEqual(await Promise.all(calls), ['well', 'well'])
    await drained
  })

  test('no call is tried again: those that wait end as they did last', async () => {
    const breaker = make(async () => { throw new Error('ill') }, { retry: { attempts: 1, delay: { initial: 60_000, max: 60_000 } } })
    const retried = once(breaker, 'retry')
    const call = codeOf(breaker.fire())
    await retried
    await breaker.drain()
    assert.equal(await call, 'ill')
  })
})

describe('when its time is over', () => {
  test('the rest is aborted and rejects, and the breaker is shut down', async () => {
    const signals = []
    const breaker = make(() => {
      signals.push(breaker.getSignal())
      return hang()
    }, { timeout: 60_000 }).fallback(() => 'instead')
    const calls = [codeOf(breaker.fire()), codeOf(breaker.fireWith({ signal: new AbortController().signal }))]
    const permit = breaker.acquire()
    signals.push(permit.signal)
    await breaker.drain({ timeout: 10 })
    assert.deepEqual(await Promise.all(calls), ['ESHUTDOWN', 'ESHUTDOWN'])
    assert.deepEqual(signals.map(({ reason }) => reason.code), Array(3).fill('ESHUTDOWN'))
    assert.equal(breaker.isShutdown, true)
    assert.equal(breaker.semaphore.count, breaker.options.capacity)
    permit.success()
  })

  test('a call without a deadline has its signal aborted, and settles by its action', async () => {
    const breaker = make(() => {
      const signal = breaker.getSignal()
      return new Promise(resolve => signal.addEventListener('abort', () => resolve(signal.reason.code)))
    })
    const call = breaker.fire()
    await breaker.drain({ timeout: 10 })
    assert.equal(await call, 'ESHUTDOWN')
  })

  test('a second drain may come with a shorter one; both end together', async () => {
    const breaker = make(hang, { timeout: 60_000 })
    const call = codeOf(breaker.fire())
    const first = breaker.drain({ timeout: 60_000 })
    const second = breaker.drain({ timeout: 10 })
    await Promise.all([first, second])
    assert.equal(await call, 'ESHUTDOWN')
  })

  test('under fake timers, on the millisecond, and no timer stays', async () => {
    const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    try {
      const breaker = make(hang, { timeout: 60_000 })
      const call = codeOf(breaker.fire())
      const drained = breaker.drain({ timeout: 100 })
      await clock.tickAsync(99)
      assert.equal(breaker.isShutdown, false)
      await clock.tickAsync(1)
      await drained
      assert.equal(await call, 'ESHUTDOWN')
      const hasty = make(hang, { timeout: 60_000 })
      const given = codeOf(hasty.fire())
      const over = hasty.drain({ timeout: 100 })
      clock.tick(100)
      await over
      assert.equal(await given, 'ESHUTDOWN', 'in the same turn, too')
      const idle = make(hang)
      await idle.drain({ timeout: 100 })
      assert.equal(clock.countTimers(), 0)
    } finally {
      clock.uninstall()
    }
  })
})

describe('a drain ends', () => {
  test('whatever the timers in place throw', async t => {
    const { clearTimeout, setTimeout } = globalThis
    t.after(() => Object.assign(globalThis, { clearTimeout, setTimeout }))
    const work = defer()
    const breaker = make(() => work.promise)
    const call = breaker.fire()
    globalThis.setTimeout = () => { throw new Error('no timers') }
    const first = breaker.drain({ timeout: 60_000 })
    Object.assign(globalThis, { clearTimeout: () => { throw new Error('no timers') }, setTimeout })
    // It cannot be cleared, and goes off for nothing.
    const second = breaker.drain({ timeout: 500 })
    work.resolve('well')
    assert.equal(await call, 'well')
    await Promise.all([first, second])
    assert.equal(breaker.isShutdown, true)
  })

  test('that a listener or the action itself has begun', async () => {
    const drains = []
    const failing = make(async () => { throw new Error('ill') })
    failing.on('failure', () => drains.push(failing.drain()))
    assert.equal(await codeOf(failing.fire()), 'ill')
    const acting = make(() => {
      drains.push(acting.drain())
      return 'well'
    })
    assert.equal(await acting.fire(), 'well')
    await Promise.all(drains)
    assert.deepEqual([drains.length, failing.isShutdown, acting.isShutdown], [2, true, true])
  })

  test('that shutdown() comes in between of', async () => {
    const work = defer()
    const breaker = make(() => work.promise)
    const call = breaker.fire()
    const drained = breaker.drain()
    breaker.shutdown()
    assert.equal(await isSettled(drained), false)
    work.resolve('well')
    assert.equal(await call, 'well')
    await drained
  })

  test('of a breaker that is disabled, or whose circuit is open', async () => {
    await make(hang, { enabled: false }).drain()
    const breaker = make(hang)
    breaker.open()
    const drained = breaker.drain()
    assert.equal(await codeOf(breaker.fire()), 'ESHUTDOWN')
    await drained
  })

  test('whose permit is collected', async () => {
    const { stdout } = await child(`async ({ require, path }) => {
      const CircuitBreaker = require(path)
      const breaker = new CircuitBreaker(() => {}, { timeout: 60_000 })
      const drop = () => { breaker.acquire() }
      drop()
      const collecting = setInterval(() => globalThis.gc(), 5)
      await breaker.drain()
      clearInterval(collecting)
      console.log('drained')
    }`)
    assert.equal(stdout, 'drained\n')
  })
})

test('nonsense rejects by its name', async () => {
  const breaker = make(hang)
  await assert.rejects(breaker.drain({ timeout: -1 }), { name: 'TypeError', message: /^options\.timeout must be .*; got -1$/ })
  await assert.rejects(breaker.drain({ within: 1 }), { name: 'TypeError', message: 'There is no options.within: there are timeout' })
  await assert.rejects(breaker.drain(500), { name: 'TypeError', message: /^options must be an object with timeout; got 500$/ })
  assert.equal(breaker.isShutdown, false)
  assert.equal(await codeOf(breaker.fireWith({ timeout: 5 })), 'ETIMEDOUT')
})

test('at the end of its scope a breaker is drained', { skip: !Symbol.asyncDispose }, async () => {
  const work = defer()
  const breaker = make(() => work.promise)
  const call = breaker.fire()
  const disposed = breaker[Symbol.asyncDispose]()
  assert.equal(await isSettled(disposed), false)
  work.resolve('well')
  await disposed
  assert.deepEqual([await call, breaker.isShutdown], ['well', true])
})

test('a server under load that is shut down gracefully loses no answer', async () => {
  const backend = http.createServer((request, response) => setTimeout(() => response.end('well'), 5 + Math.random() * 20))
  backend.listen(0)
  await once(backend, 'listening')
  const breaker = new CircuitBreaker(async () => {
    const response = await fetch(`http://127.0.0.1:${backend.address().port}`, { signal: breaker.getSignal() })
    return response.text()
  }, { timeout: 5000 })
  const server = http.createServer((request, response) => {
    breaker.fire().then(text => response.end(text), ({ code }) => response.writeHead(503).end(code))
  })
  server.listen(0)
  await once(server, 'listening')
  // Callers that go on asking until nobody listens any more.
  const answers = { well: 0, refused: 0, lost: 0 }
  const load = { lasts: true }
  const agent = new http.Agent({ keepAlive: true })
  const ask = () => new Promise(resolve => {
    http.get({ port: server.address()?.port ?? 1, agent }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', part => { text += part }).on('end', () => resolve(text))
    }).on('error', () => resolve(undefined))
  })
  const caller = async () => {
    while (load.lasts) {
      const text = await ask()
      if (text === 'well') answers.well++
      else if (text === 'ESHUTDOWN') answers.refused++
      else if (load.lasts) answers.lost++
    }
  }
  const callers = Array.from({ length: 50 }, caller)
  await until(() => breaker.stats.successes > 300)
  await breaker.drain({ timeout: 5000 })
  const { fires, successes, failures } = breaker.stats
  assert.deepEqual([successes, failures], [fires, 0], 'every call that began was answered')
  load.lasts = false
  await Promise.all(callers)
  server.close()
  await once(server, 'close').catch(ignore)
  agent.destroy()
  backend.closeAllConnections()
  backend.close()
  assert.equal(answers.lost, 0)
  assert.equal(answers.well, successes, 'and each of them reached its caller')
})
