'use strict'

// What a breaker does with calls whatever its state: forced open, metrics only, disabled with all
// others; and the word for where it stands.

const assert = require('node:assert/strict')
const { EventEmitter } = require('node:events')
const { describe, test, afterEach } = require('node:test')
const { Worker } = require('node:worker_threads')
const { inspect } = require('node:util')

const CircuitBreaker = require('../..')
const { child } = require('../support/child')
const { hasThreads } = require('../support/needs')
const { until } = require('../support/wait')

const ROOT = JSON.stringify(require.resolve('../..'))
const fail = () => Promise.reject(new Error('down'))
const settle = (breaker, times) => Promise.allSettled(Array.from({ length: times }, () => breaker.fire()))

function hear (breaker) {
  const heard = []
  for (const name of ['open', 'close', 'halfOpen', 'wouldOpen', 'reject', 'semaphoreLocked']) breaker.on(name, () => heard.push(name))
  return heard
}

test('state says in a word what calls meet', async () => {
  const breaker = new CircuitBreaker(fail, { resetTimeout: 20 })
  const states = [breaker.state]
  const note = () => states.push(breaker.state)
  breaker.open()
  note()
  const alive = setInterval(() => {}, 1000)
  await until(() => breaker.halfOpen)
  clearInterval(alive)
  note()
  breaker.forceOpen()
  note()
  breaker.close()
  breaker.metricsOnly()
  note()
  breaker.disable()
  note()
  breaker.enable()
  note()
  breaker.shutdown()
  note()
  assert.deepEqual(states, ['closed', 'open', 'halfOpen', 'forcedOpen', 'metricsOnly', 'disabled', 'closed', 'shutdown'])
})

test('inspect shows the circuit of a breaker that is disabled, and what it is forced to', () => {
  const breaker = new CircuitBreaker(fail)
  breaker.forceOpen()
  assert.match(inspect(breaker), /state: 'forcedOpen',/)
  breaker.close()
  breaker.metricsOnly()
  assert.match(inspect(breaker), /state: 'metricsOnly',/)
  breaker.shutdown()
})

describe('forced open', () => {
  test('a breaker refuses all, says for how long, and no time lets a call try', async () => {
    const breaker = new CircuitBreaker(async () => 'well', { resetTimeout: 1 })
    const heard = hear(breaker)
    breaker.forceOpen()
    await new Promise(resolve => setTimeout(resolve, 20))
    await assert.rejects(breaker.fire(), { code: 'EOPENBREAKER', retryAfter: Infinity })
    assert.deepEqual([breaker.opened, breaker.closed, breaker.halfOpen, breaker.enabled], [true, false, false, true])
    breaker.close()
    assert.equal(await breaker.fire(), 'well')
    assert.deepEqual(heard, ['open', 'reject', 'close'])
    breaker.shutdown()
  })

  test('it is closed by the last that is disposed of, each counting once', () => {
    const breaker = new CircuitBreaker(fail)
    const heard = hear(breaker)
    const [first, second] = [breaker.forceOpen(), breaker.forceOpen()]
    first.dispose()
    first.dispose()
    assert.equal(breaker.state, 'forcedOpen')
    second.dispose()
    assert.equal(breaker.state, 'closed')
    assert.deepEqual(heard, ['open', 'close'])
    breaker.shutdown()
  })

  test('what was given before a close() ends nothing after it', () => {
    const breaker = new CircuitBreaker(fail)
    const before = breaker.forceOpen()
    breaker.close()
    const after = breaker.forceOpen()
    before.dispose()
    assert.equal(breaker.state, 'forcedOpen')
    after.dispose()
    assert.equal(breaker.state, 'closed')
    breaker.shutdown()
  })

  test('using disposes of it, where Node.js knows how', () => {
    const breaker = new CircuitBreaker(fail)
    const forced = breaker.forceOpen()
    forced[Symbol.dispose ?? 'dispose']()
    assert.equal(breaker.state, 'closed')
    breaker.shutdown()
  })

  test('it is so while it is disabled, and disabled after', async () => {
    const breaker = new CircuitBreaker(async () => 'well', { enabled: false })
    const forced = breaker.forceOpen()
    await assert.rejects(breaker.fire(), { code: 'EOPENBREAKER' })
    forced.dispose()
    assert.equal(breaker.state, 'disabled')
    assert.equal(await breaker.fire(), 'well')
    breaker.shutdown()
  })

  test('a shut-down breaker knows nothing of it', () => {
    const breaker = new CircuitBreaker(fail)
    breaker.shutdown()
    breaker.forceOpen().dispose()
    assert.equal(breaker.state, 'shutdown')
  })

  test('a listener that forces it open as it closes has the last word', () => {
    const breaker = new CircuitBreaker(fail)
    let again
    breaker.once('close', () => { again = breaker.forceOpen() })
    breaker.forceOpen().dispose()
    assert.equal(breaker.state, 'forcedOpen')
    again.dispose()
    assert.equal(breaker.state, 'closed')
    breaker.shutdown()
  })
})

describe('metrics only', () => {
  test('a breaker refuses nobody, counts, and tells once that it would open', async () => {
    const breaker = new CircuitBreaker(fail, { metricsOnly: true, volumeThreshold: 5, capacity: 1 })
    const heard = hear(breaker)
    await settle(breaker, 20)
    assert.deepEqual(heard, ['wouldOpen'])
    const { failures, fires, rejects, semaphoreRejections } = breaker.stats
    assert.deepEqual({ failures, fires, rejects, semaphoreRejections }, { failures: 20, fires: 20, rejects: 0, semaphoreRejections: 0 })
    assert.equal(breaker.semaphore.count, 1, 'all places came back')
    assert.deepEqual([breaker.state, breaker.closed, breaker.enabled], ['metricsOnly', true, true])
    breaker.shutdown()
  })

  test('timeouts and fallbacks are what they are otherwise', async () => {
    const breaker = new CircuitBreaker(() => new Promise(() => {}), { metricsOnly: true, timeout: 10 })
    await assert.rejects(breaker.fire(), { code: 'ETIMEDOUT' })
    breaker.fallback(() => 'instead')
    assert.equal(await breaker.fire(), 'instead')
    breaker.shutdown()
  })

  test('it ends with enable(), and the next failure opens', async () => {
    const breaker = new CircuitBreaker(fail)
    breaker.open()
    const heard = hear(breaker)
    breaker.metricsOnly()
    breaker.open()
    await settle(breaker, 1)
    await settle(breaker, 1)
    breaker.enable()
    await settle(breaker, 1)
    assert.deepEqual(heard, ['close', 'wouldOpen', 'open'])
    breaker.shutdown()
  })

  test('update() begins and ends it, and shows the last word on the options', () => {
    const breaker = new CircuitBreaker(fail, { enabled: false })
    breaker.update({ metricsOnly: true })
    assert.deepEqual([breaker.state, breaker.options.enabled, breaker.options.metricsOnly], ['metricsOnly', true, true])
    breaker.update({ timeout: 5 })
    assert.equal(breaker.state, 'metricsOnly')
    breaker.update({ metricsOnly: false })
    assert.equal(breaker.state, 'closed')
    breaker.update({ metricsOnly: 'true' })
    breaker.update({ enabled: false })
    assert.equal(breaker.state, 'disabled')
    breaker.shutdown()
  })

  test('not together with what counts nothing', () => {
    const message = 'options.metricsOnly counts what options.enabled: false does not: give one of them'
    assert.throws(() => new CircuitBreaker(fail, { metricsOnly: true, enabled: false }), { name: 'TypeError', message })
    const breaker = new CircuitBreaker(fail)
    assert.throws(() => breaker.update({ metricsOnly: true, enabled: false }), { name: 'TypeError', message })
    assert.equal(breaker.state, 'closed')
    breaker.shutdown()
  })

  test('one that was disabled is so after a restart, whatever its options say', () => {
    const earlier = new CircuitBreaker(fail)
    earlier.disable()
    const { state } = earlier.toJSON()
    const breaker = new CircuitBreaker(fail, { metricsOnly: true, state })
    assert.equal(breaker.state, 'disabled')
    for (const each of [earlier, breaker]) each.shutdown()
  })
})

describe('all breakers disabled', () => {
  afterEach(() => CircuitBreaker.enableAll())

  test('every call goes through, whatever its breaker, and is counted as a fire', async () => {
    const make = options => new CircuitBreaker(async () => 'well', options)
    const [open, forced, full, shut] = [make(), make(), make({ capacity: 0 }), make()]
    open.open()
    forced.forceOpen()
    shut.shutdown()
    CircuitBreaker.disableAll()
    const born = make({ capacity: 0 })
    for (const breaker of [open, forced, full, born]) {
      assert.equal(breaker.state, 'disabled')
      assert.equal(breaker.enabled, false)
      assert.equal(await breaker.fire(), 'well')
      assert.equal(breaker.stats.fires, 1)
      assert.equal(breaker.stats.successes, 0)
    }
    assert.equal(shut.state, 'shutdown')
    await assert.rejects(shut.fire(), { code: 'ESHUTDOWN' })
    CircuitBreaker.enableAll()
    assert.deepEqual([open, forced, full, born].map(({ state }) => state), ['open', 'forcedOpen', 'closed', 'closed'])
    await assert.rejects(forced.fire(), { code: 'EOPENBREAKER' })
    await assert.rejects(born.fire(), { code: 'ESEMLOCKED' })
    for (const breaker of [open, forced, full, born]) breaker.shutdown()
  })

  test("a breaker's own switches are remembered", () => {
    const [first, second] = [new CircuitBreaker(fail), new CircuitBreaker(fail, { enabled: false })]
    CircuitBreaker.disableAll()
    assert.equal(first.toJSON().state.enabled, true, 'it is no state of its own')
    first.disable()
    second.enable()
    CircuitBreaker.enableAll()
    assert.deepEqual([first.state, second.state], ['disabled', 'closed'])
    for (const breaker of [first, second]) breaker.shutdown()
  })

  test('windows go on hearing their controllers', () => {
    const controller = new EventEmitter()
    const breaker = new CircuitBreaker(fail, { rotateBucketController: controller })
    CircuitBreaker.disableAll()
    const other = new EventEmitter()
    breaker.update({ rotateBucketController: other })
    assert.deepEqual([controller.listenerCount('rotate'), other.listenerCount('rotate')], [0, 1])
    breaker.shutdown()
  })

  test('thrown to and fro, the last word holds', () => {
    const breaker = new CircuitBreaker(fail)
    for (let times = 0; times < 50; times++) {
      CircuitBreaker.disableAll()
      CircuitBreaker.enableAll()
    }
    assert.equal(breaker.state, 'closed')
    CircuitBreaker.disableAll()
    assert.equal(breaker.state, 'disabled')
    breaker.shutdown()
  })

  test('in every thread of the process, where the native half has threads', async () => {
    const worker = new Worker(`
      const { parentPort } = require('node:worker_threads')
      const CircuitBreaker = require(${ROOT})
      const breaker = new CircuitBreaker(() => {})
      parentPort.on('message', () => parentPort.postMessage(breaker.state))
      parentPort.postMessage(breaker.state)
    `, { eval: true })
    const states = []
    worker.on('message', state => states.push(state))
    await until(() => states.length === 1)
    CircuitBreaker.disableAll()
    worker.postMessage('')
    await until(() => states.length === 2)
    CircuitBreaker.enableAll()
    worker.postMessage('')
    await until(() => states.length === 3)
    await worker.terminate()
    assert.deepEqual(states, ['closed', hasThreads ? 'disabled' : 'closed', 'closed'])
  })

  test('from the start, by DIDELPHIS_DISABLED', async () => {
    const said = async DIDELPHIS_DISABLED => {
      const { stdout } = await child(({ path, require }) => {
        const CircuitBreaker = require(path)
        const breaker = new CircuitBreaker(() => {})
        console.log(breaker.state)
        CircuitBreaker.enableAll()
        console.log(breaker.state)
      }, { env: { DIDELPHIS_DISABLED } })
      const [before, after] = stdout.split('\n')
      assert.equal(after, 'closed')
      return before
    }
    assert.equal(await said('1'), 'disabled')
    assert.equal(await said('true'), 'disabled')
    assert.equal(await said('0'), 'closed')
    assert.equal(await said('false'), 'closed')
    assert.equal(await said(''), 'closed')
  })
})
