'use strict'

// The packages that go with opossum run on our circuits as they are, and say the same of
// the same traffic: metrics for Prometheus, and a stream for a Hystrix dashboard. Both
// packages only listen; neither asks which class a circuit is of.

const { describe, test } = require('node:test')
const assert = require('node:assert')
const { once } = require('node:events')
const HystrixStats = require('opossum-hystrix')
const Opossum = require('opossum')
const PrometheusMetrics = require('opossum-prometheus')
const { Counter, Registry } = require('prom-client')
const Ours = require('../..')
const { EventClient, serve } = require('./support/event-stream')
const { CALM, TIMEOUT_MS, Traffic } = require('./support/traffic')
const { describeStats, generalName } = require('../differential/record')
const { child } = require('../support/child')
const { until } = require('../support/wait')

const GIVE_UP_MS = 20_000

describe('opossum-prometheus', () => {
  // By what a program has done with its circuits before there is traffic.
  const WAYS = {
    'circuits given at construction': (registry, circuits) =>
      new PrometheusMetrics({ registry, circuits }),

    'a single circuit given at construction': (registry, circuits) =>
      new PrometheusMetrics({ registry, circuits: circuits.find(({ name }) => name === 'failures') }),

    'circuits added later': (registry, circuits) => {
      const metrics = new PrometheusMetrics({ registry })
      metrics.add()
      metrics.add(circuits)
      return metrics
    },

    'circuits added one by one, some of them twice': (registry, circuits) => {
      const metrics = new PrometheusMetrics({ registry, circuits: circuits.slice(0, 5) })
      for (const circuit of circuits) metrics.add(circuit)
      return metrics
    },

    'with performance metrics asked for': (registry, circuits) =>
      new PrometheusMetrics({ registry, circuits, exposePerformanceMetrics: true }),

    'without performance metrics': (registry, circuits) =>
      new PrometheusMetrics({ registry, circuits, exposePerformanceMetrics: false }),

    'a prefix': (registry, circuits) =>
      new PrometheusMetrics({ registry, circuits, metricPrefix: 'shop_' }),

    'two exporters of the same circuits': (registry, circuits) => {
      new PrometheusMetrics({ registry, circuits, metricPrefix: 'other_' }).add(circuits[0])
      return new PrometheusMetrics({ registry, circuits })
    }
  }

  const { client } = new PrometheusMetrics({ registry: new Registry() })
  const REGISTRIES = { 'its own prom-client': client.Registry, 'the newest prom-client': Registry }

  for (const [version, OneRegistry] of Object.entries(REGISTRIES)) {
    for (const [way, watch] of Object.entries(WAYS)) {
      test(`${way}, in a registry of ${version}`, async () => {
        const [ours, opossums] = await Promise.all([Ours, Opossum].map(CircuitBreaker =>
          exported(CircuitBreaker, circuits => watch(new OneRegistry(), circuits))))
        assert.deepStrictEqual(general(ours.text), general(opossums.text))
        assert.match(ours.text, /circuit\{name="failures",event="failure"\} [24]$/m)
      })
    }
  }

  test('the default registry, with the metrics of the process', async () => {
    const watch = circuits => new PrometheusMetrics({ circuits })
    // There is one such registry for all.
    const ours = await exported(Ours, watch)
    const opossums = await exported(Opossum, watch)
    assert.deepStrictEqual(general(onlyOfCircuits(ours.text)), general(onlyOfCircuits(opossums.text)))
    assert.deepStrictEqual(typesIn(ours.text), typesIn(opossums.text))
    assert.ok(typesIn(ours.text).includes('# TYPE opossum_nodejs_eventloop_lag_seconds gauge'))
  })

  test('the metrics of the program in the same registry', async () => {
    const registry = new Registry()
    registry.setDefaultLabels({ app: 'shop' })
    new Counter({ name: 'orders', help: 'Orders taken', registers: [registry] }).inc(3)
    const { text } = await exported(Ours, circuits => new PrometheusMetrics({ registry, circuits }))
    assert.match(text, /^orders\{app="shop"\} 3$/m)
    assert.match(text, /^circuit\{name="failures",event="failure",app="shop"\} 2$/m)
  })

  test('every event of the traffic is counted', async () => {
    const { text } = await exported(Ours, circuits =>
      new PrometheusMetrics({ registry: new Registry(), circuits }))
    const events = new Set(Array.from(text.matchAll(/^circuit\{.*event="(\w+)"\}/gm), ([, event]) => event))
    const expected = [
      'cacheHit', 'cacheMiss', 'close', 'coalesceCacheHit', 'coalesceCacheMiss', 'failure', 'fallback', 'fire',
      'halfOpen', 'healthCheckFailed', 'open', 'reject', 'semaphoreLocked', 'shutdown', 'success', 'timeout'
    ]
    assert.deepStrictEqual(expected.filter(event => !events.has(event)), [])
  })

  for (const [whose, CircuitBreaker] of Object.entries({ ours: Ours, opossum: Opossum })) {
    test(`latencies are in milliseconds: ${whose}`, async () => {
      const begun = performance.now()
      const { text } = await exported(CircuitBreaker, circuits =>
        new PrometheusMetrics({ registry: new Registry(), circuits }))
      const sum = Number(text.match(/^circuit_perf_sum\{name="timeouts",event="failure"\} (\S+)$/m)[1])
      assert.ok(sum >= TIMEOUT_MS, `two timeouts took ${sum} ms`)
      assert.ok(sum <= performance.now() - begun + 1, `two timeouts took ${sum} ms, longer than all there was`)
    })
  }

  test('the events it finds to listen to, in their order', () => {
    const [ours, opossums] = [Ours, Opossum].map(CircuitBreaker => {
      const traffic = new Traffic(CircuitBreaker)
      const names = traffic.circuits.map(circuit => circuit.eventNames())
      traffic.end()
      return [...names, ...traffic.circuits.map(circuit => circuit.eventNames())]
    })
    assert.deepStrictEqual(ours, opossums)
  })

  async function exported (CircuitBreaker, watch) {
    const traffic = new Traffic(CircuitBreaker)
    const metrics = watch(traffic.circuits)
    try {
      await traffic.play()
      return { text: await metrics.metrics }
    } finally {
      metrics.clear()
      traffic.end()
    }
  }

  // Lines without what is measured, and without generated names.
  function general (text) {
    return text.split('\n').map(line => line
      .replace(/^(\w*circuit_perf(?:_sum)?\{.*\}) (\S+)$/, (_, what, value) => `${what} ${measured(Number(value))}`)
      .replace(/name="([^"]*)"/, (_, name) => `name="${generalName(name)}"`))
  }

  function onlyOfCircuits (text) {
    return text.split('\n').filter(line => line.startsWith('circuit')).join('\n')
  }

  function typesIn (text) {
    return text.split('\n').filter(line => line.startsWith('# TYPE'))
  }
})

describe('opossum-hystrix', () => {
  test('streams the same over HTTP', async () => {
    const [ours, opossums] = await Promise.all([streamed(Ours), streamed(Opossum)])
    assert.deepStrictEqual(ours, opossums)
    // The two could agree on nothing at all.
    assert.strictEqual(ours.after.filter(Boolean).length, ours.before.length - 2)
    assert.strictEqual(ours.after.find(({ name }) => name === 'opens').isCircuitBreakerOpen, true)
  })

  /** What a client hears of the traffic, before and after it, until the stream ends. */
  async function streamed (CircuitBreaker) {
    const traffic = new Traffic(CircuitBreaker)
    const metrics = new HystrixStats(traffic.circuits)
    const server = await serve(metrics.getHystrixStream())
    const client = new EventClient(server)
    try {
      const before = await streamedFromNowOn('before')
      await traffic.play()
      const after = (await streamedFromNowOn('after')).map(generalEvent)
      const snapshots = await Promise.all(heard().map(describeSnapshot))
      metrics.shutdown()
      await until(() => client.ended)
      // It lets go of the circuits at their next snapshots.
      await until(() => heard().every(({ status }) => status.listenerCount('snapshot') === 0))
      const [{ data, ...first }] = client.events
      return { type: client.type, first, before, after, snapshots, names: namesIn(client.events) }
    } finally {
      client.end()
      traffic.end()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }

    // Of each circuit, the next that is streamed. What comes after the first word of a
    // circuit that is added now, was written after now.
    async function streamedFromNowOn (name) {
      const mark = new CircuitBreaker(async () => {}, { ...CALM, name })
      metrics.add(mark)
      const { place } = await client.event(data => data.name === name)
      mark.shutdown()
      for (const circuit of heard()) await client.event(data => data.name === circuit.name, place)
      return traffic.circuits.map(circuit => {
        const event = client.events.slice(place).find(({ data }) => data.name === circuit.name)
        return event && withoutTime(event.data)
      })
    }

    function heard () {
      return traffic.circuits.filter(circuit => circuit.options.enableSnapshots && !circuit.isShutdown)
    }
  }

  async function describeSnapshot ({ status }) {
    const [stats] = await once(status, 'snapshot', { signal: AbortSignal.timeout(GIVE_UP_MS) })
    // A copy, as the stream makes it.
    return { keys: Object.keys(stats), ...describeStats({ ...stats }) }
  }

  function withoutTime ({ currentTime, group, name, ...data }) {
    const age = Date.now() - currentTime
    const isRecent = age >= 0 && age < 60_000
    return { ...data, name: generalName(name), group: generalName(group), currentTime: isRecent ? '<time>' : currentTime }
  }

  function generalEvent (data) {
    if (!data) return data
    const general = { ...data }
    for (const field of ['latencyExecute_mean', 'latencyTotal_mean']) general[field] = measured(data[field])
    for (const field of ['latencyExecute', 'latencyTotal']) {
      general[field] = Object.fromEntries(Object.entries(data[field]).map(([key, value]) => [key, measured(value)]))
    }
    return general
  }

  function namesIn (events) {
    return [...new Set(events.map(({ data }) => generalName(data.name)))].sort()
  }
})

test('neither keeps a process from ending', async () => {
  const { code, signal, stdout, stderr } = await child(({ require, path }) => {
    const companion = name => require(require.resolve(name, { paths: [path] }))
    const CircuitBreaker = require(path)
    const HystrixStats = companion('opossum-hystrix')
    const PrometheusMetrics = companion('opossum-prometheus')

    const circuit = new CircuitBreaker(async order => order, { name: 'orders', rollingCountTimeout: 100 })
    const metrics = new PrometheusMetrics({ circuits: circuit })
    const stats = new HystrixStats([circuit])
    // Until there is a first snapshot, and no longer.
    const stay = setTimeout(() => {}, 60_000)
    stats.getHystrixStream().once('data', async () => {
      await circuit.fire('a')
      console.log(metrics.metrics.match(/^circuit\{.*event="success".*$/m)[0])
      clearTimeout(stay)
    })
  })
  const expected = { code: 0, signal: null, stdout: 'circuit{name="orders",event="success"} 1\n' }
  // An older prom-client has Node warn on stderr.
  assert.deepStrictEqual({ code, signal, stdout }, expected, stderr)
})

// Negative numbers and none at all are no measurements.
function measured (value) {
  return Number.isFinite(value) && value >= 0 ? '<measured>' : value
}
