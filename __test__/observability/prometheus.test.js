'use strict'

// The metrics of all breakers in a registry of prom-client: what is told, and that nobody pays for it.

const { crossingsUntil } = require('../breaker/support/crossings')

const assert = require('node:assert/strict')
const { setTimeout: wait } = require('node:timers/promises')
const { Worker } = require('node:worker_threads')
const { AggregatorRegistry, Counter, Registry } = require('prom-client')

const CircuitBreaker = require('../..')
const { metrics } = require('../../lib/native/metrics')
const { collect } = require('../../lib/prometheus')
const { withMetrics } = require('../support/needs')

const { describe, test } = withMetrics(() => collect(new Registry()))

const failing = async () => { throw new Error('ill') }
const swallow = promise => promise.catch(() => {})

/** The samples of a page of metrics that are of a breaker, by what else stands in the braces. */
function samplesOf (page, name) {
  const lines = page.split('\n').filter(line => line.includes(`name="${name}"`))
  return Object.fromEntries(lines.map(line => {
    const [, metric, labels, value] = /^(\w+)\{(.*)\} (\S+)$/.exec(line)
    const others = labels.split(',').filter(label => label !== `name="${name}"`).join(',')
    return [others ? `${metric}{${others}}` : metric, Number(value.replace('+Inf', 'Infinity'))]
  }))
}

function scraped () {
  const register = new Registry()
  collect(register)
  return register
}

describe('the registry of prom-client', () => {
  test('tells what breakers have counted, by the names of docs/server.md', async () => {
    const breaker = new CircuitBreaker(async x => { if (x) throw new Error('ill') }, {
      name: 'prom-counts', labels: { zone: 'a' }, capacity: 5, errorThresholdPercentage: 100, volumeThreshold: 100
    })
    breaker.fallback(() => 0)
    await breaker.fire(0)
    await breaker.fire(0)
    await breaker.fire(1)
    breaker.open()
    await breaker.fire(0)
    const samples = samplesOf(await scraped().metrics(), 'prom-counts')
    for (const [sample, value] of Object.entries({
      'didelphis_calls_total{zone="a",outcome="success"}': 2,
      'didelphis_calls_total{zone="a",outcome="failure"}': 1,
      'didelphis_calls_total{zone="a",outcome="rejected"}': 1,
      'didelphis_fires_total{zone="a"}': 4,
      'didelphis_fallbacks_total{zone="a"}': 2,
      'didelphis_trips_total{zone="a",reason="open"}': 1,
      'didelphis_trips_total{zone="a",reason="probe"}': 0,
      'didelphis_state{zone="a",state="open"}': 1,
      'didelphis_state{zone="a",state="closed"}': 0,
      'didelphis_calls_in_flight{zone="a"}': 0,
      'didelphis_capacity{zone="a"}': 5
    })) assert.equal(samples[sample], value, sample)
  })

  test('tells as much as the server, and the same', async t => {
    const breaker = new CircuitBreaker(async () => {}, { name: 'prom-same', cache: true, rollingCountTimeout: 100, rollingCountBuckets: 10 })
    await breaker.fire()
    await breaker.fire()
    const server = await CircuitBreaker.serve()
    t.after(() => server.close())
    // Latencies are told when a bucket of the window ends.
    await wait(300)
    await breaker.fire()
    const kinds = page => page.split('\n').filter(line => /^# (HELP|TYPE) /.test(line)).sort()
    const page = await scraped().metrics()
    const served = await (await fetch(`${server.url}metrics`)).text()
    assert.deepEqual(kinds(page), kinds(served))
    const samples = samplesOf(page, 'prom-same')
    assert.deepEqual(samples, samplesOf(served, 'prom-same'))
    assert.ok(Object.keys(samples).length > 40)
    assert.equal(samples['didelphis_call_duration_seconds_bucket{le="+Inf"}'], samples.didelphis_call_duration_seconds_count)
  })

  test('tells loops, and breakers of other threads', async t => {
    const worker = new Worker(`
      const breaker = new (require(${JSON.stringify(require.resolve('../..'))}))(async () => {}, { name: 'prom-worker' })
      breaker.fire().then(() => require('node:worker_threads').parentPort.postMessage('ready'))
      setInterval(() => breaker, 1000)
    `, { eval: true })
    t.after(() => worker.terminate())
    await new Promise(resolve => worker.once('message', resolve))
    const page = await scraped().metrics()
    assert.equal(samplesOf(page, 'prom-worker').didelphis_fires_total, 1)
    assert.match(page, /^didelphis_loop_lag_seconds\{thread="main"\} \d/m)
    assert.match(page, new RegExp(`^didelphis_loop_stalls_total\\{thread="worker-${worker.threadId}"\\} \\d`, 'm'))
    assert.match(page, /^didelphis_breakers \d+$/m)
  })

  test('tells how late the loop is at that moment, and the stalls that are over', async () => {
    const register = scraped()
    const read = async () => {
      const numbers = Object.fromEntries((await register.metrics()).split('\n').map(line => /^didelphis_loop_(\w+)\{thread="main"\} (.*)$/.exec(line))
        .filter(Boolean).map(([, name, value]) => [name, Number(value)]))
      return numbers
    }
    await wait(1)
    const before = await read()
    const until = performance.now() + 120
    while (performance.now() < until);
    assert.ok((await read()).lag_seconds >= 0.1)
    await wait(1)
    const after = await read()
    assert.ok(after.lag_seconds < 0.1, `${after.lag_seconds}`)
    assert.ok(after.stalls_total > before.stalls_total)
    assert.ok(after.stalled_seconds_total - before.stalled_seconds_total >= 0.1)
  })

  test('writes OpenMetrics, too, and single metrics', async () => {
    const breaker = new CircuitBreaker(async () => {}, { name: 'prom-open' })
    await breaker.fire()
    const register = scraped()
    register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    for (const time of ['once', 'again']) {
      const page = await register.metrics()
      assert.match(page, /^# TYPE didelphis_fires counter\ndidelphis_fires_total\{/m, time)
      assert.match(page, /didelphis_call_duration_seconds_bucket\{name="prom-open",le="0.001"\}/, time)
    }
    const other = scraped()
    const fires = async () => samplesOf(await other.getSingleMetricAsString('didelphis_fires_total'), 'prom-open').didelphis_fires_total
    assert.equal(await fires(), 1)
    await breaker.fire()
    assert.equal(await fires(), 2)
  })

  test('goes with default labels, merged registries, a cluster and resetMetrics', async () => {
    const breaker = new CircuitBreaker(async () => {}, { name: 'prom-cluster' })
    await breaker.fire()
    const register = scraped()
    register.setDefaultLabels({ app: 'shop' })
    assert.equal(samplesOf(await register.metrics(), 'prom-cluster')['didelphis_fires_total{app="shop"}'], 1)
    register.resetMetrics()
    const own = new Registry()
    own.registerMetric(new Counter({ name: 'own', help: 'Mine.', registers: [] }))
    const merged = Registry.merge([register, own])
    assert.equal(samplesOf(await merged.metrics(), 'prom-cluster').didelphis_fires_total, 1)
    const [one, two] = [await register.getMetricsAsJSON(), await register.getMetricsAsJSON()]
    const sums = samplesOf(await AggregatorRegistry.aggregate([one, two]).metrics(), 'prom-cluster')
    assert.equal(sums['didelphis_fires_total{app="shop"}'], 2)
  })

  test('gets all metrics or none, and loses them again', async () => {
    const register = new Registry()
    const stop = collect(register)
    assert.throws(() => collect(register), /already been registered/)
    assert.equal(register.getMetricsAsArray().length, Object.keys(metrics).length)
    stop()
    assert.deepEqual(register.getMetricsAsArray(), [])
    collect(register)
    stop()
    assert.equal(register.getMetricsAsArray().length, Object.keys(metrics).length, 'these are others')
    register.clear()
    const taken = new Counter({ name: 'didelphis_breakers', help: 'Mine.', registers: [register] })
    assert.throws(() => collect(register), /already been registered/)
    assert.deepEqual(register.getMetricsAsArray(), [taken])
    for (const nonsense of [undefined, {}, 'register', require('prom-client')]) {
      assert.throws(() => collect(nonsense), { name: 'TypeError', message: /takes a registry of prom-client/ })
    }
  })

  test('costs a call nothing, and no breaker a listener', async () => {
    const breaker = new CircuitBreaker(async () => {}, { name: 'prom-free' })
    const register = scraped()
    await register.metrics()
    assert.deepEqual(await crossingsUntil(() => breaker.fire()), ['admit', 'settle'])
    assert.equal(breaker._eventsCount, 0)
  })

  test('does not go back when breakers are collected, and keeps none', async () => {
    const register = scraped()
    const fire = async () => { await new CircuitBreaker(async () => {}, { name: 'prom-gone' }).fire() }
    const keeper = new CircuitBreaker(async () => {}, { name: 'prom-gone' })
    await keeper.fire()
    for (let i = 0; i < 20; i++) await fire()
    assert.equal(samplesOf(await register.metrics(), 'prom-gone').didelphis_fires_total, 21)
    for (let tries = 0; tries < 50; tries++) {
      await wait(10)
      globalThis.gc()
      const samples = samplesOf(await register.metrics(), 'prom-gone')
      assert.equal(samples.didelphis_fires_total, 21)
      if (samples['didelphis_state{state="closed"}'] === 1) return keeper
    }
    assert.fail('they were never collected')
  })

  test('leaves out what is shut down', async () => {
    const breaker = new CircuitBreaker(failing, { name: 'prom-shut' })
    await swallow(breaker.fire())
    const register = scraped()
    assert.ok('didelphis_fires_total' in samplesOf(await register.metrics(), 'prom-shut'))
    breaker.shutdown()
    assert.deepEqual(samplesOf(await register.metrics(), 'prom-shut'), {})
  })
})
