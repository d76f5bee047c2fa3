// Every way an ES module can name the class, and its types.

import CircuitBreaker from 'didelphis'
import { CircuitBreaker as Named, default as Default } from 'didelphis'
import * as namespace from 'didelphis'
import { isOurError, newStatus, promisify } from 'didelphis'
import type { Bucket, CacheTransport, CircuitBreakerError, Events, HystrixStats, LiveOptions, MemoryCache, Options, Semaphore, State, Stats, Status, StatusEvents, StatusOptions, Window } from 'didelphis'
import type TypeOnly from 'didelphis'
export { CircuitBreaker, default } from 'didelphis'
export type { Options } from 'didelphis'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
declare function expect<T extends true> (): void

expect<Equal<typeof CircuitBreaker, typeof Named>>()
expect<Equal<typeof CircuitBreaker, typeof Default>>()
expect<Equal<typeof CircuitBreaker, typeof namespace.default>>()
expect<Equal<typeof CircuitBreaker, typeof namespace.CircuitBreaker>>()
expect<Equal<typeof CircuitBreaker, typeof CircuitBreaker.default>>()
expect<Equal<typeof CircuitBreaker, typeof CircuitBreaker.CircuitBreaker>>()
expect<Equal<typeof isOurError, typeof CircuitBreaker.isOurError>>()
expect<Equal<typeof newStatus, typeof CircuitBreaker.newStatus>>()
expect<Equal<typeof promisify, typeof CircuitBreaker.promisify>>()

const dynamic = await import('didelphis')
expect<Equal<typeof CircuitBreaker, typeof dynamic.default>>()
expect<Equal<typeof CircuitBreaker, typeof dynamic.CircuitBreaker>>()

const options: Options = { timeout: 100 }
const breaker: TypeOnly<[number], string> = new CircuitBreaker(async (n: number) => String(n), options)
const named: Named<[number], string> = new Named(async (n: number) => String(n))
const fired: string = await breaker.fire(5)
const live: LiveOptions = breaker.options
const parts: [Status, Stats, Window, State, Semaphore] =
  [breaker.status, breaker.stats, breaker.status.window, breaker.toJSON().state, breaker.semaphore]
const qualified: CircuitBreaker.Stats & Named.Stats & namespace.Stats = breaker.stats
const given: StatusOptions = { stats: { fires: 1 } satisfies Partial<Bucket> }
const carried: [Events['halfOpen'], StatusEvents['snapshot']] = [[5], [breaker.stats]]
const transports: [CacheTransport | undefined, MemoryCache | undefined] = [live.cacheTransport, live.cacheTransport]
const hystrix: HystrixStats = breaker.hystrixStats
const code = (error: CircuitBreakerError) => error.code

// @ts-expect-error: no such export
import { Breaker } from 'didelphis'
// @ts-expect-error: the class is not any
CircuitBreaker.nothing
// @ts-expect-error: nor is its copy
Named.nothing
// @ts-expect-error: helper types stay inside
import type { Listener } from 'didelphis'

import { breakerIn, steppedClock, type SteppedClock } from 'didelphis/testing'
const clock: SteppedClock = steppedClock()
const stepped: [Promise<void>, number, void] = [clock.step(5), clock.now, clock.end()]
const half: CircuitBreaker<[number], string> = breakerIn('halfOpen', async (n: number) => String(n), { timeout: 5 })
// @ts-expect-error: no state
breakerIn('ajar', async () => {})

import { collect } from 'didelphis/prometheus'
import { annotateSpans, observeBreakers } from 'didelphis/opentelemetry'
const seen: Array<(...args: never[]) => () => void> = [collect, annotateSpans, observeBreakers]
