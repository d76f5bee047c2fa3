'use strict'

// The same metrics through OpenTelemetry's own SDK, and calls in spans.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { describe, test } = require('node:test')
const { ROOT_CONTEXT, context, metrics: api, trace } = require('@opentelemetry/api')
const { MeterProvider, MetricReader } = require('@opentelemetry/sdk-metrics')

const CircuitBreaker = require('../..')
const { metrics } = require('../../lib/native/metrics')
const { annotateSpans, observeBreakers } = require('../../lib/opentelemetry')
const { withMetrics } = require('../support/needs')

const measured = withMetrics(() => observeBreakers())

class Reader extends MetricReader {
  async onForceFlush () {}
  async onShutdown () {}

  /** What is told of a breaker, by name of the metric. */
  async of (name) {
    const { errors, resourceMetrics } = await this.collect()
    assert.deepEqual(errors, [])
    const told = {}
    for (const { metrics } of resourceMetrics.scopeMetrics) {
      for (const { dataPoints, descriptor } of metrics) {
        told[descriptor.name] = { descriptor, points: dataPoints.filter(({ attributes }) => attributes.name === name), all: dataPoints }
      }
    }
    return told
  }
}

measured.describe('a meter', () => {
  test('tells what breakers have counted, by the names of docs/server.md', async () => {
    const breaker = new CircuitBreaker(async () => {}, { name: 'otel-counts', labels: { zone: 'a' } })
    await breaker.fire()
    await breaker.fire()
    const reader = new Reader()
    const stop = observeBreakers({ meterProvider: new MeterProvider({ readers: [reader] }) })
    const told = await reader.of('otel-counts')
    const names = Object.values(metrics).flatMap(({ kind, name }) => kind === 'histogram' ? ['_bucket', '_sum', '_count'].map(part => name + part) : [name])
    assert.deepEqual(Object.keys(told).sort(), names.sort())
    const [fires] = told.didelphis_fires_total.points
    assert.equal(fires.value, 2)
    assert.deepEqual(fires.attributes, { name: 'otel-counts', zone: 'a' })
    assert.deepEqual(told.didelphis_calls_total.points.map(({ attributes, value }) => [attributes.outcome, value]),
      [['success', 2], ['failure', 0], ['rejected', 0]])
    assert.deepEqual(told.didelphis_state.points.filter(({ value }) => value === 1).map(({ attributes }) => attributes.state), ['closed'])
    assert.equal(told.didelphis_call_duration_seconds_bucket.points.length, 14)
    assert.equal(told.didelphis_loop_lag_seconds.all[0].attributes.thread, 'main')
    assert.equal(told.didelphis_loop_lag_seconds.descriptor.unit, 's')
    assert.equal(told.didelphis_fires_total.descriptor.type, 'OBSERVABLE_COUNTER')
    assert.equal(told.didelphis_state.descriptor.type, 'OBSERVABLE_GAUGE')
    await breaker.fire()
    assert.equal((await reader.of('otel-counts')).didelphis_fires_total.points[0].value, 3)
    stop()
    await breaker.fire()
    assert.notEqual((await reader.of('otel-counts')).didelphis_fires_total?.points[0]?.value, 4)
  })

  test('is that of the global provider where none is given', async () => {
    const breaker = new CircuitBreaker(async () => {}, { name: 'otel-global' })
    await breaker.fire()
    const reader = new Reader()
    api.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
    const stop = observeBreakers()
    try {
      assert.equal((await reader.of('otel-global')).didelphis_fires_total.points[0].value, 1)
    } finally {
      stop()
      api.disable()
    }
  })
})

describe('a span', () => {
  // The least of a manager of contexts: spans are those of the way of a call.
  const storage = new AsyncLocalStorage()
  const manager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (context, run, receiver, ...args) => storage.run(context, () => run.apply(receiver, args)),
    bind: (context, target) => target,
    enable () { return this },
    disable () { return this }
  }

  /** A span that writes down what it is told, while `run` runs in it. */
  async function spanOf (run, isRecording = true) {
    const span = {
      attributes: {},
      events: [],
      addEvent (name, attributes) { this.events.push({ name, ...attributes }) },
      isRecording: () => isRecording,
      setAttributes (attributes) { Object.assign(this.attributes, attributes) }
    }
    context.setGlobalContextManager(manager)
    try {
      await context.with(trace.setSpan(context.active(), span), run)
    } finally {
      context.disable()
    }
    return span
  }

  test('tells by what breaker its calls were guarded, and what became of them', async () => {
    const breaker = new CircuitBreaker(async x => { if (x) throw new Error('ill') }, { name: 'otel-span', volumeThreshold: 3 })
    const stop = annotateSpans()
    try {
      const well = await spanOf(() => breaker.fire(0))
      assert.deepEqual(well.attributes, { 'didelphis.name': 'otel-span', 'didelphis.state': 'closed', 'didelphis.outcome': 'success' })
      assert.deepEqual(well.events, [])
      const ill = await spanOf(async () => {
        await breaker.fire(1).catch(() => {})
        await breaker.fire(1).catch(() => {})
        await breaker.fire(1).catch(() => {})
      })
      assert.deepEqual(ill.attributes, { 'didelphis.name': 'otel-span', 'didelphis.state': 'open', 'didelphis.outcome': 'rejected' })
      assert.deepEqual(ill.events.map(event => `${event['didelphis.state']}: ${event['didelphis.outcome']}`),
        ['closed: failure', 'closed: failure', 'open: rejected'])
      await breaker.fire(0).catch(() => {})
      assert.deepEqual((await spanOf(() => breaker.fire(0).catch(() => {}), false)).attributes, {})
    } finally {
      stop()
    }
    assert.deepEqual((await spanOf(() => breaker.fire(0).catch(() => {}))).attributes, {}, 'it has ended')
  })
})
