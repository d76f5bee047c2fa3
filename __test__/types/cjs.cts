// Every way a TypeScript file that compiles to CommonJS can name the class, and its types.

import CircuitBreaker = require('didelphis')
import Imported, { CircuitBreaker as Named, default as Default, type Options, type Stats } from 'didelphis'
import Breaker = CircuitBreaker.CircuitBreaker

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
declare function expect<T extends true> (): void

expect<Equal<typeof CircuitBreaker, typeof Imported>>()
expect<Equal<typeof CircuitBreaker, typeof Named>>()
expect<Equal<typeof CircuitBreaker, typeof Default>>()
expect<Equal<typeof CircuitBreaker, typeof Breaker>>()
expect<Equal<typeof CircuitBreaker, typeof CircuitBreaker.default>>()
expect<Equal<typeof CircuitBreaker, typeof CircuitBreaker.default.CircuitBreaker.default>>()

const options: Options = { timeout: 100 }
const breaker: CircuitBreaker<[number], string> = new CircuitBreaker(async (n: number) => String(n), options)
const others: Array<CircuitBreaker<[number], string>> =
  [Imported, Named, Default, Breaker].map(Class => new Class(async (n: number) => String(n)))
const factory: CircuitBreaker<[number], string> = CircuitBreaker(async (n: number) => String(n), options)
const stats: Stats & CircuitBreaker.Stats & Named.Stats = breaker.stats

async function later () {
  const { default: dynamic, CircuitBreaker: dynamicNamed } = await import('didelphis')
  expect<Equal<typeof CircuitBreaker, typeof dynamic>>()
  expect<Equal<typeof CircuitBreaker, typeof dynamicNamed>>()
}

// @ts-expect-error: the class is not any
CircuitBreaker.nothing
// @ts-expect-error: nor is its copy
Named.nothing

import testing = require('didelphis/testing')
const open: CircuitBreaker<[], number> = testing.breakerIn('open', () => 5)
const clock: testing.SteppedClock = testing.steppedClock()
// @ts-expect-error: it is a number
clock.step('5')

import prometheus = require('didelphis/prometheus')
import opentelemetry = require('didelphis/opentelemetry')
const stops: Array<() => void> = [opentelemetry.observeBreakers(), opentelemetry.annotateSpans()]
// @ts-expect-error: no registry
prometheus.collect({})
