'use strict'

// What opossum 10's README shows and says, in its order, on opossum and on ours: its reader
// sees the same with either. Left out are the browser, and its companions, which have a
// test of their own.

const assert = require('node:assert/strict')
const { EventEmitter, once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const { after, describe, test } = require('node:test')
const { promisify } = require('node:util')

const Opossum = require('opossum')
const Ours = require('../..')
const { defer, turn, until } = require('../support/wait')

const LONG = 60_000
const down = () => new Error('down')
/** Does as it is told: rejects with an error, or resolves as its argument does. */
const obey = async order => { if (order instanceof Error) throw order; return order }
const rejection = promise => promise.then(value => assert.fail(`resolved: ${value}`), error => error)
const hang = () => new Promise(() => {})

// Breakers do not keep a process alive that waits for them alone.
const alive = setInterval(() => {}, LONG)
after(() => clearInterval(alive))

for (const [library, CircuitBreaker] of Object.entries({ opossum: Opossum, didelphis: Ours })) {
  describe(`the README of opossum with ${library}`, () => {
    /** A breaker that is shut down with its test. */
    const make = (t, ...args) => {
      const breaker = new CircuitBreaker(...args)
      t.after(() => breaker.shutdown())
      return breaker
    }

    describe('Usage', () => {
      test('a function that could fail, in a breaker', async t => {
        const work = async (x, y) => { if (x > y) throw new RangeError('too much'); return x + y }
        const breaker = make(t, work, { timeout: 3000, errorThresholdPercentage: 50, resetTimeout: 30000 })
        assert.equal(await breaker.fire(1, 2), 3)
        assert.ok((await rejection(breaker.fire(2, 1))) instanceof RangeError)
      })

      test('longer than the timeout is a failure', async t => {
        const breaker = make(t, hang, { timeout: 30 })
        assert.equal((await rejection(breaker.fire())).code, 'ETIMEDOUT')
        assert.equal(breaker.stats.failures, 1)
      })

      test('when things fail, it fails fast', async t => {
        let runs = 0
        const breaker = make(t, async () => { runs++; throw down() }, { resetTimeout: LONG })
        await rejection(breaker.fire())
        assert.equal((await rejection(breaker.fire())).code, 'EOPENBREAKER')
        assert.equal(runs, 1)
      })
    })

    describe('AbortController support', () => {
      test('a request is aborted at the timeout', async t => {
        const { url, closed } = await slowServer(t)
        const abortController = new AbortController()
        const breaker = make(t, get, { abortController, timeout: 100 })
        const error = await rejection(breaker.fire(abortController.signal, url))
        assert.equal(error.code, 'ETIMEDOUT')
        await closed
        assert.equal(abortController.signal.aborted, true)
      })

      test('what has no abort is no controller', () => {
        assert.throws(() => new CircuitBreaker(obey, { abortController: {} }), TypeError)
      })
    })

    describe('Auto Renew AbortController', () => {
      test('a signal is there without a controller of the user\'s', async t => {
        const { url, closed } = await slowServer(t)
        const breaker = make(t, get, { autoRenewAbortController: true, timeout: 100, resetTimeout: LONG })
        const signal = breaker.getSignal()
        assert.equal((await rejection(breaker.fire(signal, url))).code, 'ETIMEDOUT')
        await closed
        assert.equal(signal.aborted, true)
      })

      for (const state of ['halfOpen', 'closed']) {
        test(`there is another one once the breaker is ${state}`, async t => {
          const resetTimeout = state === 'halfOpen' ? 30 : LONG
          const breaker = make(t, hang, { autoRenewAbortController: true, timeout: 30, resetTimeout })
          const signal = breaker.getSignal()
          await rejection(breaker.fire(signal))
          if (state === 'closed') breaker.close()
          await until(() => breaker[state])
          assert.notEqual(breaker.getSignal(), signal)
          assert.equal(breaker.getSignal().aborted, false)
        })
      }
    })

    describe('Fallback', () => {
      test('a fallback runs where the function fails, and is reported', async t => {
        const breaker = make(t, obey, { resetTimeout: LONG })
        const reported = []
        breaker.fallback(() => 'Out of service')
        breaker.on('fallback', result => reported.push(result))
        assert.equal(await breaker.fire(down()), 'Out of service')
        assert.deepEqual(reported, ['Out of service'])
      })

      test('after resetTimeout it is half open, and the next call runs', async t => {
        const runs = []
        const breaker = make(t, async order => { runs.push(order); return obey(order) }, { resetTimeout: 30 })
        await rejection(breaker.fire(down()))
        await once(breaker, 'halfOpen')
        assert.equal(breaker.halfOpen, true)
        let closed = 0
        breaker.on('close', () => closed++)
        assert.equal(await breaker.fire('fine'), 'fine')
        assert.deepEqual([runs.length, closed, breaker.closed], [2, 1, true])
      })

      for (const [how, options, order] of [['fails', {}, down()], ['times out', { timeout: 30 }, hang()]]) {
        test(`a half-open breaker whose action ${how} is open at once`, async t => {
          const breaker = make(t, obey, { resetTimeout: 30, ...options })
          await rejection(breaker.fire(down()))
          await once(breaker, 'halfOpen')
          breaker.options.resetTimeout = LONG
          await rejection(breaker.fire(order))
          assert.equal(breaker.opened, true)
        })
      }

      test('a fallback is a failure, and goes on until the breaker is closed', async t => {
        const breaker = make(t, obey, { resetTimeout: LONG })
        breaker.fallback(() => 'instead')
        for (const order of [down(), 'fine', 'fine']) assert.equal(await breaker.fire(order), 'instead')
        assert.deepEqual([breaker.stats.failures, breaker.stats.fallbacks], [1, 3])
        breaker.close()
        assert.equal(await breaker.fire('fine'), 'fine')
      })

      test('a fallback is given what was fired', async t => {
        const delay = ms => new Promise(resolve => setTimeout(resolve, ms).unref())
        const breaker = make(t, delay, { timeout: 30 })
        const fired = breaker.fire(20000, 1, 2, 3)
        breaker.fallback((ms, a, b, c) => `out of service: ${ms}, ${a}, ${b} and ${c}`)
        assert.equal(await fired, 'out of service: 20000, 1, 2 and 3')
      })
    })

    describe('Breaker State Initialization', () => {
      test('toJSON gives state and status', async t => {
        const breaker = make(t, obey, { name: 'functionName' })
        const { state, status } = breaker.toJSON()
        const { lastTimerAt, ...flags } = state
        assert.equal(typeof lastTimerAt, 'number')
        assert.deepEqual(flags, {
          enabled: true, name: 'functionName', closed: true, open: false, halfOpen: false, warmUp: false, shutdown: false
        })
        assert.deepEqual(Object.keys(status).sort(), Object.keys(breaker.stats).sort())
      })

      test('a new breaker begins with that state', async t => {
        const first = make(t, obey, { resetTimeout: LONG })
        await rejection(first.fire(down()))
        const { state } = first.toJSON()
        const second = make(t, obey, { state, resetTimeout: LONG })
        assert.equal(second.opened, true)
        assert.equal((await rejection(second.fire('fine'))).code, 'EOPENBREAKER')
      })

      // Its example gives the options in the place of the action: they are a plain value.
      test('an object alone is an action', async t => {
        const { state } = make(t, obey).toJSON()
        const breaker = make(t, { state })
        assert.deepEqual(await breaker.fire(), { state })
      })
    })

    describe('Status Initialization', () => {
      test('stats have the fields that it lists', async t => {
        const { stats } = make(t, obey)
        const { percentiles, latencyTimes, latencyMean, ...counts } = stats
        assert.deepEqual(Object.keys(counts).sort(), [
          'cacheHits', 'cacheMisses', 'coalesceCacheHits', 'coalesceCacheMisses', 'failures', 'fallbacks', 'fires', 'rejects',
          'semaphoreRejections', 'successes', 'timeouts'
        ])
        assert.deepEqual(Object.keys(percentiles), ['0', '1', '0.25', '0.5', '0.75', '0.9', '0.95', '0.99', '0.995'])
        assert.ok(Array.isArray(latencyTimes))
        assert.equal(latencyMean, 0)
      })

      test('a new Status takes earlier stats, and a breaker takes the Status', async t => {
        const stats = { failures: 11, successes: 5, fires: 16, latencyTimes: [0], latencyMean: 0, percentiles: { 0: 0 } }
        const newStatus = CircuitBreaker.newStatus({ stats })
        const breaker = make(t, obey, { status: newStatus })
        assert.equal(breaker.status, newStatus)
        const { failures, successes, fires, rejects } = breaker.stats
        assert.deepEqual({ failures, successes, fires, rejects }, { failures: 11, successes: 5, fires: 16, rejects: 0 })
      })
    })

    describe('Events', () => {
      test('every event that it lists is emitted, with its arguments', async t => {
        const breaker = make(t, obey, { capacity: 1, timeout: 30, resetTimeout: 30, errorThresholdPercentage: 100 })
        const heard = hear(breaker)
        breaker.fallback(() => 'instead')

        await breaker.fire('fine')
        assert.deepEqual(heard(), ['fire: fine', 'success: fine'])

        await breaker.fire(down())
        assert.deepEqual(heard(), ['fire: down', 'failure: down', 'fallback: instead'])

        const late = breaker.fire(hang())
        await breaker.fire('fine')
        assert.deepEqual(heard(), [
          'fire: ', 'fire: fine', 'semaphoreLocked: Semaphore locked', 'failure: Semaphore locked', 'fallback: instead'
        ])
        await late
        assert.deepEqual(heard(), ['timeout: Timed out after 30ms', 'failure: Timed out after 30ms', 'fallback: instead'])

        breaker.open()
        await breaker.fire('fine')
        assert.deepEqual(heard(), ['open', 'fire: fine', 'reject: Breaker is open', 'fallback: instead'])

        await once(breaker, 'halfOpen')
        const work = defer()
        const probe = breaker.fire(work.promise)
        await breaker.fire('fine')
        assert.deepEqual(heard(), ['halfOpen: 30', 'fire: ', 'fire: fine', 'reject: Breaker is open', 'fallback: instead'])
        work.resolve('fine')
        await probe
        assert.deepEqual(heard(), ['close', 'success: fine'])

        breaker.healthCheck(() => Promise.reject(down()), LONG)
        await turn()
        assert.deepEqual(heard(), ['healthCheckFailed: down', 'open'])

        breaker.shutdown()
        assert.deepEqual(heard(), ['shutdown'])
      })
    })

    describe('Promises vs. Callbacks', () => {
      test('a function with a callback, promisified', async t => {
        const breaker = make(t, promisify(fs.readFile))
        assert.equal(JSON.parse(await breaker.fire(require.resolve('../../package.json'), 'utf-8')).name, 'didelphis')
        assert.equal((await rejection(breaker.fire('/no/such/file'))).code, 'ENOENT')
      })

      test('what is no function answers with itself', async t => {
        assert.equal(await make(t, 'foo').fire(), 'foo')
      })
    })

    describe('Calculating errorThresholdPercentage', () => {
      // Newest first, as `status.window` is.
      const fires = [0, 4, 0, 2, 3, 9, 0, 3, 1, 2]
      const fails = [0, 0, 0, 0, 3, 0, 0, 0, 0, 0]
      const fill = (breaker, fires, fails) => breaker.status.window.forEach((bucket, index) => {
        bucket.fires = fires[index]
        bucket.failures = fails[index]
      })
      const rotated = options => ({ rotateBucketController: new EventEmitter(), resetTimeout: LONG, ...options })

      test('the rate is failures by fires, of the window', async t => {
        const breaker = make(t, obey, rotated())
        fill(breaker, fires, fails)
        assert.equal(breaker.stats.failures / breaker.stats.fires, 0.125)
        await rejection(breaker.fire(down()))
        assert.equal(breaker.closed, true)
      })

      test('the same failures in a window of three seconds open it', async t => {
        const breaker = make(t, obey, rotated({ rollingCountTimeout: 3000, rollingCountBuckets: 3 }))
        // With the failure that is looked at: three of five.
        fill(breaker, [0, 1, 3], [0, 0, 2])
        await rejection(breaker.fire(down()))
        assert.equal(breaker.stats.failures / breaker.stats.fires, 0.6)
        assert.equal(breaker.opened, true)
      })

      test('the oldest bucket goes as a new one comes', async t => {
        const options = rotated()
        const breaker = make(t, obey, options)
        fill(breaker, fires, fails)
        assert.equal(breaker.stats.fires, 24)
        options.rotateBucketController.emit('rotate')
        for (let index = 0; index < 3; index++) await breaker.fire('fine')
        assert.equal(breaker.stats.fires, 25)
      })

      test('the defaults are ten buckets of a second', t => {
        const breaker = make(t, obey)
        const { rollingCountTimeout, rollingCountBuckets, errorThresholdPercentage } = breaker.options
        assert.deepEqual([rollingCountTimeout, rollingCountBuckets, errorThresholdPercentage], [10000, 10, 50])
        assert.equal(breaker.status.window.length, 10)
      })

      // The comparison that it prints, on either side of each of its terms.
      for (const [what, options, failures, before, opened] of [
        ['a rate at the threshold does not open', {}, 1, 1, false],
        ['a rate above it does', {}, 2, 1, true],
        ['fewer fires than the volume do not open', { volumeThreshold: 4 }, 3, 0, false],
        ['as many as the volume do', { volumeThreshold: 3 }, 3, 0, true]
      ]) {
        test(what, async t => {
          const breaker = make(t, obey, rotated(options))
          for (let index = 0; index < before; index++) await breaker.fire('fine')
          for (let index = 0; index < failures; index++) await rejection(breaker.fire(down()))
          assert.equal(breaker.opened, opened)
          assert.equal(breaker.volumeThreshold, options.volumeThreshold ?? 0)
        })
      }

      test('a half-open breaker opens whatever the volume', async t => {
        const breaker = make(t, obey, rotated({ volumeThreshold: 5, resetTimeout: 30 }))
        breaker.open()
        await once(breaker, 'halfOpen')
        await rejection(breaker.fire(down()))
        assert.equal(breaker.opened, true)
      })
    })

    describe('Coalesce calls', () => {
      test('calls within the time are one', async t => {
        let runs = 0
        const breaker = make(t, async () => ++runs, { coalesce: true, coalesceTTL: LONG })
        assert.deepEqual(await Promise.all([breaker.fire('a'), breaker.fire('a'), breaker.fire('b')]), [1, 1, 2])
        assert.equal(await breaker.fire('a'), 1)
      })

      test('calls after the time are another', async t => {
        let runs = 0
        const breaker = make(t, async () => ++runs, { coalesce: true, coalesceTTL: 20 })
        await breaker.fire('a')
        await until(() => { breaker.fire('a'); return runs > 1 })
      })

      test('with a cache, which is asked first', async t => {
        const breaker = make(t, obey, { coalesce: true, cache: true })
        const heard = hear(breaker, ['cacheHit', 'cacheMiss', 'coalesceCacheHit', 'coalesceCacheMiss'])
        await Promise.all([breaker.fire('a'), breaker.fire('a')])
        await breaker.fire('a')
        assert.deepEqual(heard(), ['cacheMiss', 'coalesceCacheMiss', 'cacheMiss', 'coalesceCacheHit', 'cacheHit'])
      })

      test('calls that join take no capacity', async t => {
        const work = defer()
        const breaker = make(t, () => work.promise, { coalesce: true, capacity: 1 })
        const calls = [breaker.fire('a'), breaker.fire('a')]
        assert.equal((await rejection(breaker.fire('b'))).code, 'ESEMLOCKED')
        work.resolve('fine')
        assert.deepEqual(await Promise.all(calls), ['fine', 'fine'])
      })

      test('cacheGetKey is used for it as well', async t => {
        let runs = 0
        const breaker = make(t, async () => ++runs, { coalesce: true, cacheGetKey: () => 'key' })
        assert.deepEqual(await Promise.all([breaker.fire('a'), breaker.fire('b')]), [1, 1])
      })
    })

    describe('Finetuning Coalesce behavior', () => {
      const endings = {
        error: () => Promise.reject(down()),
        success: () => Promise.resolve('fine'),
        timeout: hang
      }
      for (const coalesceResetOn of [undefined, ['error', 'success', 'timeout'], ['error', 'timeout'], ['error'], ['timeout'], ['success']]) {
        for (const [ending, action] of Object.entries(endings)) {
          const resets = Boolean(coalesceResetOn?.includes(ending))
          test(`coalesceResetOn ${coalesceResetOn}: ${resets ? 'reset' : 'kept'} on ${ending}`, async t => {
            const options = { coalesce: true, coalesceTTL: LONG, coalesceResetOn, timeout: 30, errorThresholdPercentage: 100 }
            let runs = 0
            const breaker = make(t, () => { runs++; return action() }, options)
            await Promise.allSettled([breaker.fire('a'), breaker.fire('a')])
            assert.equal(runs, 1)
            await turn()
            await Promise.allSettled([breaker.fire('a')])
            assert.equal(runs, resets ? 2 : 1)
          })
        }
      }
    })

    describe('Using CircuitBreaker with Coalescing and fetch', () => {
      test('a response is read by each who joins, once it is flat', async t => {
        const server = await listen(t, (request, response) => response.end('body'))
        const flatten = async response => ({ body: await response.arrayBuffer(), init: { status: response.status } })
        const breaker = make(t, async url => flatten(await fetch(url)), { coalesce: true })
        const calls = [breaker.fire(server.url), breaker.fire(server.url)]
        const responses = (await Promise.all(calls)).map(({ body, init }) => new Response(body, init))
        assert.deepEqual(await Promise.all(responses.map(response => response.text())), ['body', 'body'])
      })

      test('an HTTP error is a success, unless one throws', async t => {
        const server = await listen(t, (request, response) => { response.statusCode = 503; response.end() })
        const breaker = make(t, async (url, strict) => {
          const { ok, status } = await fetch(url)
          if (strict && !ok) throw new Error(`answered ${status}`)
          return status
        }, { resetTimeout: LONG })
        assert.equal(await breaker.fire(server.url, false), 503)
        assert.equal((await rejection(breaker.fire(server.url, true))).message, 'answered 503')
      })
    })

    describe('Troubleshooting', () => {
      test('more than ten breakers on one function warn of nothing', async t => {
        const warnings = []
        const warn = warning => warnings.push(warning.name)
        process.on('warning', warn)
        t.after(() => process.off('warning', warn))
        for (let index = 0; index < 20; index++) await make(t, obey).fire('fine')
        await turn()
        assert.deepEqual(warnings, [])
      })

      test('the number of listeners may be set', t => {
        const breaker = make(t, obey)
        assert.equal(breaker.setMaxListeners(100).getMaxListeners(), 100)
      })

      test('shutdown cleans up all listeners', () => {
        const breaker = new CircuitBreaker(obey)
        for (const event of ['success', 'open', 'halfOpen', 'custom']) breaker.on(event, () => {})
        breaker.status.on('snapshot', () => {})
        breaker.shutdown()
        assert.deepEqual([breaker.eventNames(), breaker.status.eventNames()], [[], []])
      })
    })
  })
}

const LISTED = [
  'fire', 'reject', 'timeout', 'success', 'failure', 'open', 'close', 'halfOpen', 'fallback', 'semaphoreLocked',
  'healthCheckFailed', 'shutdown'
]

/** A function that gives what was heard since it was called last. */
function hear (breaker, events = LISTED) {
  let heard = []
  for (const event of events) {
    breaker.on(event, value => {
      const [first] = event === 'fire' ? value : [value]
      const text = first?.message ?? (typeof first === 'object' ? '' : first)
      // Why a circuit opened, ours alone says.
      heard.push(value === undefined || event === 'open' ? event : `${event}: ${text}`)
    })
  }
  return () => {
    const since = heard
    heard = []
    return since
  }
}

async function listen (t, answer) {
  const server = http.createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.close(); server.closeAllConnections() })
  return { server, url: `http://127.0.0.1:${server.address().port}/` }
}

/** A server that never answers; `closed` when a connection to it has been given up. */
async function slowServer (t) {
  const closed = defer()
  const { server, url } = await listen(t, () => {})
  // The request on it may have been given up before it arrived.
  server.on('connection', socket => socket.on('close', closed.resolve))
  return { url, closed: closed.promise }
}

function get (signal, url) {
  return new Promise((resolve, reject) => {
    http.get(url, { signal }, response => resolve(response.statusCode)).on('error', reject)
  })
}
