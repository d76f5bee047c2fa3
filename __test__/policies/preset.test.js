'use strict'

// `preset: 'modern'`: what goes wrong by the defaults of opossum, and does not by these.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const CircuitBreaker = require('../..')
const { until } = require('../support/wait')
const { down, hang, ok, startBackend } = require('./support/backend')

const MODERN = {
  rateOf: 'outcomes',
  volumeThreshold: 20,
  resetWindowOnClose: true,
  resetTimeout: { initial: 1000, max: 60_000 },
  halfOpenTimeout: 10_000
}
const settle = (breaker, times) => Promise.allSettled(Array.from({ length: times }, () => breaker.fire('/')))

const inTurn = async (breaker, times) => {
  for (let time = 0; time < times; time++) await settle(breaker, 1)
}

/** The backend is well again, and a call that tried has closed the circuit. */
async function recover (breaker, backend) {
  backend.answer = ok
  await until(() => breaker.halfOpen)
  await breaker.fire('/')
  assert.equal(breaker.closed, true)
}

const guard = (backend, options) => new CircuitBreaker(path => backend.get(path), { preset: 'modern', ...options })

describe('the preset', () => {
  test('shows on the options what it stands for, and own options go before it', () => {
    const shown = options => {
      const breaker = new CircuitBreaker(() => {}, options)
      breaker.shutdown()
      return Object.fromEntries(Object.keys(MODERN).map(name => [name, breaker.options[name]]))
    }
    assert.deepEqual(shown({ preset: 'modern' }), MODERN)
    assert.deepEqual(shown({ preset: 'modern', resetTimeout: 5, volumeThreshold: 3 }), { ...MODERN, resetTimeout: 5, volumeThreshold: 3 })
    assert.deepEqual(shown({ preset: 'modern', window: { calls: 10 } }), { ...MODERN, volumeThreshold: undefined }, 'all of the last calls')
    assert.equal(shown({ preset: 'modern', timeout: 700 }).halfOpenTimeout, 700)
    assert.equal(shown({ preset: 'modern', timeout: false }).halfOpenTimeout, undefined)
    assert.equal(shown({}).rateOf, undefined, "without it all is opossum's")
    assert.deepEqual(shown(Object.freeze({ preset: 'modern' })), MODERN)
  })

  test('goes before the defaults of a registry', () => {
    const registry = CircuitBreaker.registry({ action: () => {}, defaults: { volumeThreshold: 3, timeout: 7 } })
    assert.equal(registry.for('a', { preset: 'modern' }).options.volumeThreshold, 20)
    assert.equal(registry.for('a').options.timeout, 7)
    const modern = CircuitBreaker.registry({ action: () => {}, defaults: { preset: 'modern', volumeThreshold: 3 } })
    assert.deepEqual([modern.for('a').options.volumeThreshold, modern.for('a').options.rateOf], [3, 'outcomes'])
  })

  test('says anew what depends on other options, as those change', () => {
    const breaker = new CircuitBreaker(() => {}, { preset: 'modern' })
    const shown = () => [breaker.options.halfOpenTimeout, breaker.volumeThreshold]
    breaker.update({ timeout: 60_000 })
    assert.deepEqual(shown(), [60_000, 20], 'a call that tries is waited for as long as any')
    breaker.update({ timeout: false, window: { calls: 10 } })
    assert.deepEqual(shown(), [undefined, 10])
    breaker.update({ timeout: 70, window: null })
    assert.deepEqual(shown(), [70, 20])
    breaker.update({ halfOpenTimeout: 7, volumeThreshold: 8 })
    breaker.update({ timeout: 500, window: { calls: 9 } })
    assert.deepEqual(shown(), [7, 8], 'own options go before it')
    breaker.shutdown()
    const counting = new CircuitBreaker(() => {}, { window: { calls: 10 } })
    counting.update({ preset: 'modern' })
    assert.equal(counting.volumeThreshold, 10)
    counting.shutdown()
    const registry = CircuitBreaker.registry({ action: () => {}, defaults: { window: { calls: 10 } } })
    assert.equal(registry.for('a', { preset: 'modern' }).volumeThreshold, 10)
  })

  test('is the same for the next breaker, whatever is done to what the one before shows of it', () => {
    const make = () => {
      const breaker = new CircuitBreaker(() => {}, { preset: 'modern' })
      breaker.shutdown()
      return breaker.options.resetTimeout
    }
    make().initial = 'soon'
    assert.deepEqual(make(), MODERN.resetTimeout)
  })

  test('may be given to a breaker that lives', () => {
    const breaker = new CircuitBreaker(() => {}, { timeout: 5 })
    breaker.update({ preset: 'modern', volumeThreshold: 4 })
    assert.deepEqual([breaker.options.rateOf, breaker.options.resetTimeout, breaker.volumeThreshold, breaker.options.timeout],
      ['outcomes', { initial: 1000, max: 60_000 }, 4, 5])
    assert.throws(() => breaker.update({ preset: 'postmodern' }), { name: 'TypeError', message: "options.preset must be the name of a preset: 'modern'; got 'postmodern'" })
    breaker.shutdown()
  })
})

describe('by the preset', () => {
  test('calls that all fail at once open it at the volume', async t => {
    const backend = await startBackend(t, down)
    const breaker = guard(backend)
    let failures = 0
    let atOpening
    breaker.on('failure', () => failures++)
    breaker.on('open', () => { atOpening = failures })
    await settle(breaker, 100)
    assert.equal(atOpening, 20)
    breaker.shutdown()
  })

  test('callers that were refused do not hide the failures after a recovery', async t => {
    const backend = await startBackend(t, down)
    const breaker = guard(backend, { resetTimeout: 50, resetWindowOnClose: false })
    await settle(breaker, 20)
    assert.equal(breaker.opened, true)
    await settle(breaker, 200)
    assert.equal(breaker.stats.rejects, 200)
    await recover(breaker, backend)
    backend.answer = down
    let failures = 0
    while (!breaker.opened && failures < 200) {
      await inTurn(breaker, 1)
      failures++
    }
    assert.ok(failures <= 20, `it opened at failure ${failures}`)
    breaker.shutdown()
  })

  test('one failure after a recovery does not open it again', async t => {
    const backend = await startBackend(t, down)
    const breaker = guard(backend, { resetTimeout: 50 })
    await settle(breaker, 20)
    assert.equal(breaker.opened, true)
    await recover(breaker, backend)
    backend.answer = down
    await inTurn(breaker, 19)
    assert.equal(breaker.opened, false, 'nothing of the outage is held against it')
    await inTurn(breaker, 1)
    assert.equal(breaker.opened, true, 'a new outage is')
    assert.equal(breaker.lastTrip.calls, 20)
    breaker.shutdown()
  })

  test('a probe that never settles does not block for ever', async t => {
    for (const options of [{ timeout: 30 }, { timeout: false }]) {
      const backend = await startBackend(t, down)
      const breaker = guard(backend, { resetTimeout: 50, ...options })
      await settle(breaker, 20)
      await until(() => breaker.halfOpen)
      backend.answer = hang
      breaker.fire('/').catch(() => {})
      assert.equal(breaker.pendingClose, false, 'it keeps others out')
      await until(() => breaker.halfOpen && breaker.pendingClose)
      backend.answer = ok
      assert.equal(await breaker.fire('/'), 200)
      assert.equal(breaker.closed, true)
      breaker.shutdown()
    }
  })

  test('nor does one whose call has no timeout of its own', async t => {
    const backend = await startBackend(t, down)
    const breaker = guard(backend, { resetTimeout: 50, timeout: 30 })
    await settle(breaker, 20)
    await until(() => breaker.halfOpen)
    backend.answer = hang
    let opened = 0
    breaker.on('open', () => opened++)
    breaker.fireWith({ timeout: false }, '/').catch(() => {})
    await until(() => opened === 1)
    await until(() => breaker.halfOpen && breaker.pendingClose)
    breaker.shutdown()
  })

  test('a probe that its caller gives up closes nothing', async t => {
    const backend = await startBackend(t, down)
    const breaker = guard(backend, { resetTimeout: 50 })
    await settle(breaker, 20)
    await until(() => breaker.halfOpen)
    backend.answer = hang
    const controller = new AbortController()
    const probe = breaker.fireWith({ signal: controller.signal }, '/')
    controller.abort()
    await assert.rejects(probe, { name: 'AbortError' })
    assert.deepEqual([breaker.halfOpen, breaker.pendingClose], [true, true], 'another may try')
    breaker.shutdown()
  })

  test('a 404 that is ignored does not hide the 500s around it, and one that counts does', async t => {
    const trip = async classify => {
      const backend = await startBackend(t, (request, response) => {
        response.statusCode = request.url === '/missing' ? 404 : 500
        response.end()
      })
      const breaker = new CircuitBreaker(async path => {
        const status = await backend.get(path)
        if (status === 404) throw Object.assign(new Error('status 404'), { statusCode: 404 })
      }, { preset: 'modern', classify })
      for (let time = 0; time < 30; time++) await Promise.allSettled(['/missing', '/missing', '/ill'].map(path => breaker.fire(path)))
      breaker.shutdown()
      return breaker.lastTrip?.calls
    }
    assert.equal(await trip(({ error }) => error?.statusCode === 404 ? 'ignore' : undefined), 20)
    assert.equal(await trip(({ error }) => error?.statusCode === 404 ? 'success' : undefined), undefined)
  })

  test('cache hits do not water the rate down', async t => {
    const backend = await startBackend(t, (request, response) => (request.url === '/well' ? ok : down)(request, response))
    const breaker = guard(backend, { cache: true, cacheGetKey: path => path })
    await breaker.fire('/well')
    for (let time = 0; time < 200; time++) await breaker.fire('/well')
    for (let time = 0; time < 25; time++) await breaker.fire(`/ill/${time}`).catch(() => {})
    assert.equal(breaker.opened, true)
    breaker.shutdown()
  })

  test('joined calls do not either', async t => {
    const backend = await startBackend(t, down)
    const breaker = guard(backend, { coalesce: true, coalesceResetOn: ['error'], cacheGetKey: path => path })
    for (let time = 0; time < 20; time++) await settle(breaker, 10)
    assert.equal(backend.requests, 20)
    assert.equal(breaker.opened, true)
    breaker.shutdown()
  })

  test('calls that were made while it was disabled do not either', async t => {
    const backend = await startBackend(t, ok)
    const breaker = guard(backend)
    breaker.disable()
    await settle(breaker, 200)
    breaker.enable()
    backend.answer = down
    await settle(breaker, 20)
    assert.equal(breaker.opened, true)
    breaker.shutdown()
  })
})
