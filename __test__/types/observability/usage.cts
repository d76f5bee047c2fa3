// The subpaths beside the types of those whose objects they take.

import prometheus = require('didelphis/prometheus')
import opentelemetry = require('didelphis/opentelemetry')
import CircuitBreaker = require('didelphis')
import client = require('prom-client')
import api = require('@opentelemetry/api')
import { subscribe, tracingChannel } from 'node:diagnostics_channel'

const stops: Array<() => void> = [
  prometheus.collect(client.register),
  prometheus.collect(new client.Registry()),
  opentelemetry.observeBreakers(),
  opentelemetry.observeBreakers({ meterProvider: api.metrics.getMeterProvider() }),
  opentelemetry.annotateSpans()
]
stops.pop()?.()
// @ts-expect-error: the module is no registry
prometheus.collect(client)
// @ts-expect-error: nor a meter a provider of them
opentelemetry.observeBreakers({ meterProvider: api.metrics.getMeter('x') })

subscribe('didelphis:transition', message => {
  const { breaker, from, to, lastTrip } = message as CircuitBreaker.TransitionMessage
  return [breaker.name, from === to, lastTrip?.reason]
})
const calls = tracingChannel<'didelphis:call', CircuitBreaker.CallMessage>('didelphis:call')
calls.asyncEnd.subscribe(message => (message as CircuitBreaker.CallMessage).outcome === 'success')
