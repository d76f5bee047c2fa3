'use strict'

// `didelphis/opentelemetry`: the metrics of all breakers as observable instruments, and what became of
// a call as attributes of the span that it was made in. Through `@opentelemetry/api`, which is the
// user's.

const { subscribe, unsubscribe } = require('node:diagnostics_channel')
const { Readings, metrics } = require('../readings')

/**
 * Has the metrics of all breakers of the process, and of its event loops, observed. Gives what ends
 * that.
 *
 * @param {{ meterProvider?: import('@opentelemetry/api').MeterProvider }} [options]
 */
function observeBreakers ({ meterProvider = api().metrics } = {}) {
  const meter = meterProvider.getMeter('didelphis', version)
  const readings = new Readings()
  const instruments = new Map(Object.entries(metrics).flatMap(([place, metric]) =>
    partsOf(metric).map(part => [keyOf(place, part), instrument(meter, metric, part)])))
  const observe = result => {
    for (const [place, list] of Object.entries(readings.read())) {
      for (const { labels, part, value } of list()) result.observe(instruments.get(keyOf(place, part)), value, labels)
    }
  }
  const all = [...instruments.values()]
  // All at one moment.
  meter.addBatchObservableCallback(observe, all)
  return () => meter.removeBatchObservableCallback(observe, all)
}

/**
 * Has each call tell the span in which it is made by what breaker it was guarded, and what became of
 * it. Gives what ends that.
 */
function annotateSpans () {
  const { trace } = api()
  const spans = new WeakMap()
  const onStart = message => {
    const span = trace.getActiveSpan()
    if (span?.isRecording()) spans.set(message, { span, state: message.breaker.state })
  }
  const onEnd = message => {
    const made = spans.get(message)
    if (made === undefined) return
    const { breaker: { name }, outcome } = message
    const attributes = { 'didelphis.name': String(name), 'didelphis.state': made.state, 'didelphis.outcome': outcome }
    made.span.setAttributes(attributes)
    // Of several calls in one span the attributes are the last one's; of those that did not succeed each is told.
    if (outcome !== 'success' && outcome !== 'cached') made.span.addEvent('didelphis.call', attributes)
  }
  subscribe(START, onStart)
  subscribe(END, onEnd)
  return () => {
    unsubscribe(START, onStart)
    unsubscribe(END, onEnd)
  }
}

module.exports = { annotateSpans, observeBreakers }

const { version } = require('../../package.json')

const [START, END] = ['tracing:didelphis:call:start', 'tracing:didelphis:call:asyncEnd']

// Asked for when it is needed: who brings a provider of his own needs none.
function api () {
  try {
    return require('@opentelemetry/api')
  } catch (cause) {
    throw new Error('didelphis/opentelemetry needs the package @opentelemetry/api: npm install @opentelemetry/api', { cause })
  }
}

function instrument (meter, { help, kind, name, unit }, part = '') {
  const options = { description: help, unit: part === '' || part === '_sum' ? unit ?? '' : '' }
  return kind === 'gauge'
    ? meter.createObservableGauge(name, options)
    : meter.createObservableCounter(name + part, options)
}

// There is no histogram that is observed: the counts of its buckets are counters.
function partsOf ({ kind }) {
  return kind === 'histogram' ? ['_bucket', '_sum', '_count'] : [undefined]
}

function keyOf (place, part = '') {
  return place + part
}
