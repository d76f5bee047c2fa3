'use strict'

// What the server answers, to clients in other processes, while the loop is free and while it is
// stalled.

const assert = require('node:assert/strict')
const { EventEmitter, once } = require('node:events')
const { Worker } = require('node:worker_threads')

const CircuitBreaker = require('../..')
const { collected, sleep, until } = require('../support/wait')
const { withServer } = require('../support/needs')
const { TOKEN, ask, command, elsewhere, stall } = require('./support/client')

const { describe, test } = withServer()

const fails = async () => { throw new Error('down') }
const PATH = JSON.stringify(require.resolve('../..'))

/** A server for a test. */
async function serve (t, options) {
  const server = await CircuitBreaker.serve({ token: TOKEN, ...options })
  t.after(() => server.close())
  return server
}

/** What a server shows of a breaker. */
async function shown (url, name) {
  const { json: { breakers } } = await ask(url, `api/breakers/${encodeURIComponent(name)}`)
  return breakers?.[0]
}

test('a breaker is shown as it shows itself', async t => {
  const { url } = await serve(t)
  const options = { name: 'shown', group: 'all', labels: { zone: 'a' }, capacity: 5, timeout: 700, resetTimeout: 60_000, volumeThreshold: 4 }
  const breaker = new CircuitBreaker(async fail => { if (fail) throw new Error('down') }, options)
  for (const fail of [false, true, true, true, true]) await breaker.fire(fail).catch(() => {})
  assert.equal(breaker.opened, true)
  await assert.rejects(breaker.fire())
  const told = await shown(url, 'shown')
  const { fires, failures, successes, rejects } = breaker.stats
  assert.deepEqual({ fires, failures, successes, rejects }, { fires: 6, failures: 3, successes: 1, rejects: 2 })
  assert.equal(told.state, breaker.state)
  assert.deepEqual([told.group, told.labels, told.thread], ['all', { zone: 'a' }, 'main'])
  for (const name of Object.keys(told.stats)) assert.equal(told.stats[name], breaker.stats[name], name)
  assert.deepEqual(told.total, told.stats)
  assert.deepEqual([told.callRate, told.failureRate], [0.6, 75])
  assert.deepEqual([told.inFlight, told.queued, told.capacity, told.window, told.moves], [0, 0, 5, 10_000, 1])
  const { at, ...trip } = told.lastTrip
  const { at: ownAt, ...ownTrip } = breaker.lastTrip
  assert.deepEqual(trip, JSON.parse(JSON.stringify(ownTrip)))
  assert.ok(Math.abs(at - ownAt) < 100, `${at} ${ownAt}`)
  assert.ok(Math.abs(told.nextAttemptAt - breaker.nextAttemptAt) < 100)
  assert.ok(Math.abs(told.since - at) < 100)
  assert.deepEqual(told.trips, { errorThresholdPercentage: 1 })
  assert.deepEqual([told.options.timeout, told.options.resetTimeout, told.options.enabled], [700, 60_000, true])
  breaker.update({ timeout: 800, name: 'renamed', labels: { zone: 'b' } })
  const renamed = await shown(url, 'renamed')
  assert.deepEqual([renamed.id, renamed.options.timeout, renamed.labels], [told.id, 800, { zone: 'b' }])
  breaker.options.timeout = 900
  await breaker.fire().catch(() => {})
  assert.equal((await shown(url, 'renamed')).options.timeout, 900)
})

test('calls that wait for a place are shown, until they wait no more, whichever way that ends', async t => {
  const { url } = await serve(t)
  const ends = []
  const action = () => new Promise(resolve => ends.push(resolve))
  const options = { capacity: 1, timeout: false, resetTimeout: 60_000 }
  const breaker = new CircuitBreaker(action, { ...options, name: 'queues', queue: { size: 5, timeout: 60_000 } })
  const queued = async name => (await shown(url, name)).queued
  const caller = new AbortController()
  const calls = [1, 2, 3, 4].map(() => breaker.fire())
  const left = breaker.fireWith({ signal: caller.signal })
  assert.equal(await queued('queues'), 4)
  assert.match((await ask(url, 'metrics')).text, /^didelphis_calls_queued\{name="queues"\} 4$/m)
  caller.abort()
  await assert.rejects(left)
  assert.equal(await queued('queues'), 3)
  ends[0]()
  await calls[0]
  assert.equal(await queued('queues'), 2)
  breaker.open()
  await Promise.all(calls.slice(2).map(call => assert.rejects(call, { code: 'EOPENBREAKER' })))
  assert.equal(await queued('queues'), 0)
  const impatient = new CircuitBreaker(action, { ...options, name: 'impatient', queue: { size: 5, timeout: 20 } })
  impatient.fire()
  await assert.rejects(impatient.fire(), { code: 'EQUEUE' })
  assert.equal(await queued('impatient'), 0)
})

test('every word for a state is that of the breaker', async t => {
  const { url } = await serve(t)
  const breaker = new CircuitBreaker(async () => {}, { name: 'words', resetTimeout: 20 })
  const same = async state => {
    assert.equal(breaker.state, state)
    assert.equal((await shown(url, 'words')).state, state)
  }
  await same('closed')
  breaker.open()
  await sleep(40)
  await same('halfOpen')
  breaker.forceOpen()
  await same('forcedOpen')
  breaker.close()
  breaker.metricsOnly()
  await same('metricsOnly')
  breaker.disable()
  await same('disabled')
  breaker.enable()
  await same('closed')
})

test('latencies are told when a bucket has ended, also of a breaker that has no more calls', async t => {
  const { url } = await serve(t)
  const breaker = new CircuitBreaker(ms => sleep(ms), { name: 'latencies', rollingCountTimeout: 2000, rollingCountBuckets: 4 })
  for (let n = 0; n < 20; n++) await breaker.fire(n === 0 ? 60 : 2)
  let told
  await until(() => {
    shown(url, 'latencies').then(({ latency }) => { told = latency })
    return told?.count === 20
  })
  assert.ok(told.p50 >= 1 && told.p50 <= told.p99 && told.p99 <= told.max, JSON.stringify(told))
  assert.ok(told.max >= 50)
  const metrics = (await ask(url, 'metrics')).text
  assert.match(metrics, /^didelphis_call_duration_seconds_count\{name="latencies"\} 20$/m)
  await until(() => {
    shown(url, 'latencies').then(({ latency }) => { told = latency })
    return told === null
  })
  assert.match((await ask(url, 'metrics')).text, /^didelphis_call_duration_seconds_count\{name="latencies"\} 20$/m)
})

describe('while the loop is stalled', () => {
  test('every question is answered, with the growing stall in it', async t => {
    const { url } = await serve(t, { stallLimit: 1000 })
    const breaker = new CircuitBreaker(fails, { name: 'stalled', resetTimeout: 1500, volumeThreshold: 1 })
    const { ready, result } = elsewhere(url, async ({ ask, sleep, url }) => {
      const answers = []
      for (let n = 0; n < 60; n++) {
        const { status, text } = await ask(url, 'metrics')
        const lag = Number(/^didelphis_loop_lag_seconds\{thread="main"\} (.*)$/m.exec(text)[1])
        const half = /^didelphis_state\{name="stalled",state="halfOpen"\} (.)$/m.exec(text)?.[1]
        const health = await ask(url, 'healthz')
        answers.push({ status, lag, half, health: health.status, reason: health.json.reason })
        await sleep(30)
      }
      return answers
    })
    await ready
    await breaker.fire().catch(() => {})
    assert.equal(breaker.opened, true)
    stall(4000)
    const during = (await result).filter(({ lag }) => lag > 0.05)
    assert.ok(during.length > 20, `${during.length}`)
    assert.ok(during.every(({ status }) => status === 200))
    assert.ok(during.every(({ lag }, n) => n === 0 || lag > during[n - 1].lag), 'it grows')
    // By the clock of the server: the loop has not looked at it.
    assert.deepEqual([...new Set(during.map(({ half }) => half))], ['0', '1'])
    // The stall may end between the last two questions.
    const unhealthy = during.slice(0, -1).filter(({ lag }) => lag > 1)
    assert.ok(unhealthy.length > 5 && unhealthy.every(({ health, reason }) => health === 503 && /^the event loop of main has been stalled for \d\.\d s$/.test(reason)))
    const { status, json } = await ask(url, 'healthz')
    assert.deepEqual([status, json.status], [200, 'ok'])
    const { json: { loops: [main] } } = await ask(url, 'api/loop')
    assert.ok(main.total.longestStall >= 3900 && main.lastStall.length > 50, JSON.stringify(main))
  })

  test('a command is in force for the first call after, and announced when the loop is free', async t => {
    const { url } = await serve(t)
    const breaker = new CircuitBreaker(async () => 'done', { name: 'steered' })
    const heard = []
    for (const event of ['open', 'close']) breaker.on(event, () => heard.push(event))
    const { ready, result } = elsewhere(url, async ({ command, sleep, url }) => {
      await sleep(200)
      const { status, json } = await command(url, 'steered', 'force-open')
      return { status, json, at: Date.now() }
    })
    await ready
    stall(1500)
    const freeAt = Date.now()
    await assert.rejects(breaker.fire(), { code: 'EOPENBREAKER' })
    assert.deepEqual(heard, ['open'])
    const { status, json, at } = await result
    assert.ok(at < freeAt)
    assert.equal(status, 202)
    assert.deepEqual(json.results.map(({ name, thread, result }) => [name, thread, result]), [['steered', 'main', 'waits']])
    assert.equal(breaker.state, 'forcedOpen')
  })

  test('transitions are told to those who listen', async t => {
    const { url } = await serve(t)
    const breaker = new CircuitBreaker(fails, { name: 'told', resetTimeout: 500, volumeThreshold: 1 })
    const { ready, result } = elsewhere(url, async ({ url }) => {
      const { body } = await fetch(`${url}events`)
      let text = ''
      for await (const chunk of body) {
        text += Buffer.from(chunk)
        const transitions = [...text.matchAll(/^event: transition\ndata: (.*)\n\n/gm)].map(([, data]) => JSON.parse(data))
        const mine = transitions.filter(({ name }) => name === 'told')
        if (mine.some(({ to }) => to === 'halfOpen')) return { mine, now: Date.now(), first: text.split('\n')[0] }
      }
    })
    await ready
    await sleep(500)
    const openedAt = Date.now()
    await breaker.fire().catch(() => {})
    stall(2500)
    const freeAt = Date.now()
    const { mine, now, first } = await result
    assert.equal(first, 'event: snapshot')
    assert.deepEqual(mine.map(({ from, to }) => `${from} ${to}`), ['closed open', 'open halfOpen'])
    assert.equal(mine[0].trip.reason, 'errorThresholdPercentage')
    assert.ok(Math.abs(mine[0].at - openedAt) < 250, `${mine[0].at - openedAt}`)
    assert.ok(Math.abs(mine[1].at - mine[0].at - 500) < 50, `${mine[1].at - mine[0].at}`)
    assert.ok(now < freeAt, 'while it was stalled')
  })
})

test('each command does what the method does', async t => {
  const { url } = await serve(t)
  const breaker = new CircuitBreaker(async () => 'done', { name: 'a/b?c d' })
  for (const [word, state] of [['open', 'open'], ['close', 'closed'], ['force-open', 'forcedOpen'], ['close', 'closed'], ['disable', 'disabled'], ['enable', 'closed']]) {
    const { status, json } = await command(url, 'a/b?c d', word)
    assert.equal(status, 200, word)
    assert.deepEqual([json.command, json.results[0].result], [word, 'obeyed'])
    assert.equal(breaker.state, state, word)
  }
})

test('one that is disabled from outside does not hear the controller of its window until it is enabled', async t => {
  const { url } = await serve(t)
  const rotateBucketController = new EventEmitter()
  const breaker = new CircuitBreaker(async () => {}, { name: 'rotated', rotateBucketController })
  const listens = async count => {
    for (const deadline = Date.now() + 5000; rotateBucketController.listenerCount('rotate') !== count; await sleep(5)) {
      assert.ok(Date.now() < deadline, `${rotateBucketController.listenerCount('rotate')} listeners`)
    }
  }
  await listens(1)
  for (const [word, count] of [['disable', 0], ['disable', 0], ['enable', 1], ['enable', 1], ['force-open', 1], ['disable', 0]]) {
    await command(url, 'rotated', word)
    await listens(count)
  }
  // What JavaScript has said meanwhile holds.
  await command(url, 'rotated', 'enable')
  breaker.disable()
  await sleep(20)
  await listens(0)
  breaker.shutdown()
})

test('a circuit that is forced open from outside is not kept for whoever waits for its try', async t => {
  const { url } = await serve(t)
  const ref = await (async () => {
    const breaker = new CircuitBreaker(async () => {}, { name: 'forced', resetTimeout: 600_000 })
    breaker.on('halfOpen', () => {})
    breaker.open()
    await command(url, 'forced', 'force-open')
    return new WeakRef(breaker)
  })()
  await collected(ref)
})

test('breakers of workers are shown and steered, and leave with them', async t => {
  const { url } = await serve(t)
  const source = `
    const CircuitBreaker = require(${PATH})
    globalThis.breaker = new CircuitBreaker(async () => {}, { name: 'of a worker' })
    const { parentPort } = require('node:worker_threads')
    breaker.on('open', () => parentPort.postMessage('opened'))
    parentPort.on('message', () => {})
    parentPort.postMessage('ready')`
  const worker = new Worker(source, { eval: true })
  await once(worker, 'message')
  const { thread, state } = await shown(url, 'of a worker')
  assert.deepEqual([thread, state], [`worker-${worker.threadId}`, 'closed'])
  const { json: { loops } } = await ask(url, 'api/loop')
  assert.deepEqual(loops.map(({ thread }) => thread), ['main', `worker-${worker.threadId}`])
  const opened = once(worker, 'message')
  assert.equal((await command(url, 'of a worker', 'open')).status, 200)
  assert.deepEqual(await opened, ['opened'])
  await worker.terminate()
  assert.equal((await ask(url, 'api/breakers/of%20a%20worker')).status, 404)
  assert.equal((await ask(url, 'api/loop')).json.loops.length, 1)
})

test('a breaker that is collected or shut down is shown no more', async t => {
  const { url } = await serve(t)
  const names = async () => (await ask(url, 'api/breakers')).json.breakers.map(({ name }) => name)
  let breaker = new CircuitBreaker(async () => {}, { name: 'shut down' })
  breaker.shutdown()
  assert.ok(!(await names()).includes('shut down'))
  assert.equal((await command(url, 'shut down', 'open')).status, 404)
  breaker = new CircuitBreaker(async () => {}, { name: 'collected' })
  assert.ok((await names()).includes('collected'))
  const ref = new WeakRef(breaker)
  breaker = undefined
  await collected(ref)
  await sleep(50)
  assert.ok(!(await names()).includes('collected'))
  assert.doesNotMatch((await ask(url, 'metrics')).text, /name="(shut down|collected)"/)
})

test('the window of a status that is nobody\'s is no breaker', async t => {
  const { url } = await serve(t)
  const before = (await ask(url, 'api/breakers')).json.breakers.length
  const status = CircuitBreaker.newStatus({ rollingCountTimeout: 1000, rollingCountBuckets: 10 })
  assert.equal((await ask(url, 'api/breakers')).json.breakers.length, before)
  status.shutdown()
})
