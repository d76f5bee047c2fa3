// The declarations at work: what is inferred, what is accepted and what is refused.
// Nothing here runs; `npx tsc -p __test__/types` is the test.

/* eslint-disable no-new, no-useless-call, n/handle-callback-err */
/* eslint-disable @typescript-eslint/no-unused-vars, @typescript-eslint/no-unused-expressions */

import CircuitBreaker, { type Events, type Options, type Stats } from 'didelphis'
import { EventEmitter, once } from 'node:events'
import { readFile } from 'node:fs'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
declare function expect<T extends true> (): void

interface User { id: string, age: number }
declare function findUser (id: string, fresh: boolean): Promise<User>
declare function search (text: string, limit?: number): Promise<User[]>
declare function sum (...terms: number[]): number

const breaker = new CircuitBreaker(findUser)

// ---- What is inferred from the action

expect<Equal<typeof breaker, CircuitBreaker<[id: string, fresh: boolean], User>>>()
expect<Equal<ReturnType<typeof breaker.fire>, Promise<User>>>()
expect<Equal<Parameters<typeof breaker.fire>, [id: string, fresh: boolean]>>()

const plain = new CircuitBreaker(sum)
expect<Equal<ReturnType<typeof plain.fire>, Promise<number>>>()

const sometimes = new CircuitBreaker((n: number): number | Promise<number> => n)
expect<Equal<ReturnType<typeof sometimes.fire>, Promise<number>>>()

const thenable = new CircuitBreaker((n: number): PromiseLike<number> => Promise.resolve(n))
expect<Equal<ReturnType<typeof thenable.fire>, Promise<number>>>()

const either = new CircuitBreaker(async (n: number) => n > 1 ? n : 'one')
expect<Equal<ReturnType<typeof either.fire>, Promise<number | 'one'>>>()

const nothing = new CircuitBreaker(async () => {})
expect<Equal<typeof nothing, CircuitBreaker<[], void>>>()

const nullable = new CircuitBreaker(async (id: string): Promise<User | null | undefined> => null)
expect<Equal<ReturnType<typeof nullable.fire>, Promise<User | null | undefined>>>()

const untyped = new CircuitBreaker((...args: any[]): any => args)
expect<Equal<typeof untyped, CircuitBreaker<any[], any>>>()

const promisified = new CircuitBreaker(promisify((path: string, done: (err: Error | null, text: string) => void) => {}))
expect<Equal<ReturnType<typeof promisified.fire>, Promise<string>>>()

const task = new CircuitBreaker((work: () => Promise<unknown>) => work())
expect<Equal<ReturnType<typeof task.fire>, Promise<unknown>>>()
task.fire(async () => 3)

const bound = new CircuitBreaker(function (this: { base: number }, n: number) { return this.base + n })
expect<Equal<ReturnType<typeof bound.fire>, Promise<number>>>()

// Options say nothing about the action's arguments.
declare const someOptions: Options
const configured = new CircuitBreaker(findUser, someOptions)
expect<Equal<typeof configured, typeof breaker>>()
const filtered = new CircuitBreaker(findUser, { errorFilter: () => true })
expect<Equal<typeof filtered, typeof breaker>>()

const spelledOut = new CircuitBreaker<[string], string | number>((id) => id === '' ? Promise.resolve(0) : id)
expect<Equal<Parameters<typeof spelledOut.fire>, [string]>>()

// @ts-expect-error: no action
new CircuitBreaker()
// @ts-expect-error: a promise is not an action
new CircuitBreaker(findUser('1', true))
// @ts-expect-error: not what the type arguments say
new CircuitBreaker<[string], string>(async (id: string) => 5)

// ---- fire and call

async function firing () {
  const user = await breaker.fire('1', true)
  expect<Equal<typeof user, User>>()
  const called = await breaker.call({ any: 'this' }, '1', true)
  expect<Equal<typeof called, User>>()
  const users = await new CircuitBreaker(search).fire('text')
  expect<Equal<typeof users, User[]>>()
  await plain.fire()
  await plain.fire(1, 2, 3)

  // @ts-expect-error: too few arguments
  breaker.fire('1')
  // @ts-expect-error: too many arguments
  breaker.fire('1', true, 2)
  // @ts-expect-error: the wrong type
  breaker.fire(1, true)
  // @ts-expect-error: the wrong type among the rest
  plain.fire(1, '2')
  // @ts-expect-error: call without a context
  breaker.call('1', true)
  // @ts-expect-error: call with a wrong argument
  breaker.call(null, '1', 'true')
  // @ts-expect-error: the result is a user
  const text: string = await breaker.fire('1', true)
}

expect<Equal<ReturnType<typeof breaker.action>, User | PromiseLike<User>>>()
breaker.action('1', true)
breaker.action = async (id) => ({ id, age: 3 })
// @ts-expect-error: gives no user
breaker.action = async (id: string) => id

// ---- Errors

async function errors (error: unknown) {
  if (CircuitBreaker.isOurError(error)) {
    expect<Equal<typeof error, CircuitBreaker.CircuitBreakerError>>()
    expect<Equal<typeof error.code, 'EOPENBREAKER' | 'ETIMEDOUT' | 'ESEMLOCKED' | 'ESHUTDOWN' | 'ERAMPUP' | 'ETHROTTLED' | 'EQUEUE' | 'ERESULT'>>()
    const message: string = error.message
    // @ts-expect-error: no such code
    if (error.code === 'ECONNREFUSED') return
    switch (error.code) {
      case 'EOPENBREAKER': case 'ETIMEDOUT': case 'ESEMLOCKED': case 'ESHUTDOWN': case 'ERAMPUP': case 'ETHROTTLED': case 'EQUEUE': case 'ERESULT': return message
      default: expect<Equal<typeof error.code, never>>()
    }
  } else {
    expect<Equal<typeof error, unknown>>()
  }
  CircuitBreaker.isOurError(new Error())
  CircuitBreaker.isOurError(undefined)
}

// ---- fallback

expect<Equal<ReturnType<typeof breaker.fallback>, typeof breaker>>()
breaker.fallback(() => ({ id: '0', age: 0 }))
breaker.fallback((id, fresh, err) => {
  expect<Equal<typeof id, string>>()
  expect<Equal<typeof fresh, boolean>>()
  expect<Equal<typeof err, Error>>()
})
breaker.fallback((id, fresh) => expect<Equal<typeof fresh, boolean>>())
breaker.fallback(async (id: string) => id)
breaker.fallback((...args: any[]) => args)
breaker.fallback((id: 'narrower', fresh: true, err: RangeError) => {})
breaker.fallback(new CircuitBreaker(sum))
breaker.fallback({ fire: (id: string) => id })
// What is said of the parameters is not checked, as with @types/opossum.
breaker.fallback((id: number) => id)
// @ts-expect-error: a value is no fallback
breaker.fallback('nobody')
// @ts-expect-error: nor is an object that cannot be fired
breaker.fallback({ call: () => 3 })

// Where a call may leave arguments out, the error comes in their place.
new CircuitBreaker(search).fallback((text, limit, err) => {
  expect<Equal<typeof text, string>>()
  expect<Equal<typeof limit, number | Error | undefined>>()
  expect<Equal<typeof err, Error | undefined>>()
})
new CircuitBreaker(search).fallback((text: string, err: Error) => err.message)
new CircuitBreaker(search).fallback((text: string, limit: number, err: Error) => err.message)
new CircuitBreaker(sum).fallback((first, second) => expect<Equal<typeof second, number | Error>>())

// ---- Events

breaker
  .on('fire', args => expect<Equal<typeof args, [id: string, fresh: boolean]>>())
  .on('success', (result, latencyMs) => {
    expect<Equal<typeof result, User>>()
    expect<Equal<typeof latencyMs, number>>()
  })
  .on('failure', (err, latencyMs, args) => {
    expect<Equal<typeof err, Error>>()
    expect<Equal<typeof latencyMs, number>>()
    expect<Equal<typeof args, [id: string, fresh: boolean]>>()
  })
  .on('timeout', (err, latencyMs, args) => {
    expect<Equal<typeof err, CircuitBreaker.CircuitBreakerError>>()
    expect<Equal<typeof latencyMs, number>>()
    expect<Equal<typeof args, [id: string, fresh: boolean]>>()
  })
  .on('reject', (...args) => expect<Equal<typeof args, [err: CircuitBreaker.CircuitBreakerError]>>())
  .on('semaphoreLocked', (...args) => expect<Equal<typeof args, [err: CircuitBreaker.CircuitBreakerError, latencyMs: number]>>())
  .on('fallback', (...args) => expect<Equal<typeof args, [result: unknown, err: Error]>>())
  .on('halfOpen', (...args) => expect<Equal<typeof args, [resetTimeout: number]>>())
  .on('open', (...args) => expect<Equal<typeof args, [trip: CircuitBreaker.Trip]>>())
  .on('close', (...args) => expect<Equal<typeof args, []>>())
  .on('shutdown', (...args) => expect<Equal<typeof args, []>>())
  .on('semaphore-locked', (...args) => expect<Equal<typeof args, [err: CircuitBreaker.CircuitBreakerError, latencyMs: number]>>())
  .on('cacheHit', (...args) => expect<Equal<typeof args, []>>())
  .on('cacheMiss', (...args) => expect<Equal<typeof args, []>>())
  .on('coalesceCacheHit', (...args) => expect<Equal<typeof args, []>>())
  .on('coalesceCacheMiss', (...args) => expect<Equal<typeof args, []>>())
  .on('healthCheckFailed', (...args) => expect<Equal<typeof args, [err: Error]>>())
expect<Equal<typeof breaker, ReturnType<typeof breaker.on>>>()

// Every method knows the events, though only `on` insists.
const onSuccess = (user: User, latencyMs: number) => {}
breaker.on('success', onSuccess).once('success', onSuccess).addListener('success', onSuccess)
breaker.prependListener('success', onSuccess).prependOnceListener('success', onSuccess)
breaker.off('success', onSuccess).removeListener('success', onSuccess).removeAllListeners('success')
breaker.once('success', user => expect<Equal<typeof user, User>>())
breaker.addListener('success', user => expect<Equal<typeof user, User>>())
breaker.prependListener('success', user => expect<Equal<typeof user, User>>())
breaker.prependOnceListener('success', user => expect<Equal<typeof user, User>>())
expect<Equal<ReturnType<typeof breaker.listenerCount>, number>>()
breaker.listenerCount('success', onSuccess)
breaker.emit('success', { id: '1', age: 1 }, 5)
breaker.emit('open')

const onText = (text: string) => {}
breaker.once('success', onText).off('success', onText).emit('success', 'text')
// @ts-expect-error: gets a user
breaker.on('success', onText)
// @ts-expect-error: carries nothing
breaker.on('open', (error: Error) => {})
// @ts-expect-error: carries nothing
breaker.on('coalesceCacheHit', (key: string) => {})
// @ts-expect-error: carries a number
breaker.on('halfOpen', (error: Error) => {})
// @ts-expect-error: one array, not one by one
breaker.on('fire', (id: string, fresh: boolean) => {})
// @ts-expect-error: names are strings and symbols
breaker.on(5, () => {})

// Other names are the user's own.
const mine = Symbol('mine')
breaker.on('mine', (a, b: number) => {}).on(mine, (c: string) => {}).emit('mine', 'a', 2)
for (const name of breaker.eventNames()) breaker.on(name, (first, ...rest) => [first, ...rest])
for (const name of ['close', 'halfOpen'] as const) breaker.on(name, (...args) => expect<Equal<typeof args, [] | [resetTimeout: number]>>())
const names: Array<keyof Events> = ['fire', 'reject', 'timeout', 'success', 'failure', 'fallback', 'semaphoreLocked', 'semaphore-locked',
  'cacheHit', 'cacheMiss', 'coalesceCacheHit', 'coalesceCacheMiss', 'healthCheckFailed', 'open', 'halfOpen', 'close', 'shutdown']
for (const name of names) breaker.on(name, () => {})
const tuple: Events<[number], string>['success'] = ['text', 5]

// A breaker is an emitter to others.
const emitter: EventEmitter = breaker
const nodeEmitter: NodeJS.EventEmitter = breaker
once(breaker, 'open')
CircuitBreaker.once(breaker, 'open')

// ---- Options

const all: Required<{ [K in keyof Options]: unknown }> & Options = {
  timeout: 1000,
  resetTimeout: 5000,
  halfOpenCalls: 3,
  halfOpenThresholdPercentage: 50,
  halfOpenTimeout: 1000,
  probe: async signal => signal.aborted,
  rampUp: 10_000,
  throttle: { k: 2, maxRejection: 0.9 },
  queue: { size: 10, timeout: 50 },
  random: Math.random,
  labels: { zone: 'a' },
  errorThresholdPercentage: 25,
  volumeThreshold: 10,
  rollingCountTimeout: 60_000,
  rollingCountBuckets: 60,
  rollingPercentilesEnabled: false,
  enableSnapshots: false,
  rotateBucketController: new EventEmitter(),
  capacity: 5,
  errorFilter: (err, ...args) => err.status === 404,
  allowWarmUp: true,
  enabled: true,
  maxFailures: 3,
  cache: true,
  cacheTTL: 60_000,
  cacheSize: 100,
  cacheGetKey: (...args) => args.join(),
  cacheTransport: { get: key => key, set: (key, value, ttl) => {}, flush: () => {} },
  coalesce: true,
  coalesceTTL: 500,
  coalesceSize: Infinity,
  coalesceResetOn: ['error', 'success', 'timeout'],
  abortController: new AbortController(),
  autoRenewAbortController: true,
  name: 'users',
  group: 'backend',
  state: breaker.toJSON().state,
  status: breaker.status,
  stats: breaker.stats,
  metricsOnly: false,
  preset: 'modern',
  stackTraces: true,
  timeoutClock: 'wall',
  stallThreshold: 20,
  rateOf: 'outcomes',
  window: { calls: 100 },
  resetWindowOnClose: true,
  consecutiveFailures: 5,
  slowCallDuration: 200,
  slowCallThresholdPercentage: 80,
  shouldTrip: stats => stats.timeouts > 3,
  classify: ({ error, result }) => error?.status === 404 || result === null ? 'ignore' : undefined,
  retry: { attempts: 3, delay: { initial: 50, max: 1000, factor: 3 }, when: (err, attempt) => attempt < err.most, budget: { ratio: 0.2, minPerSecond: 2 }, timeout: 5000 }
}
new CircuitBreaker(findUser, all)
new CircuitBreaker(findUser, {
  timeout: undefined,
  resetTimeout: undefined,
  errorThresholdPercentage: undefined,
  volumeThreshold: undefined,
  rollingCountTimeout: undefined,
  rollingCountBuckets: undefined,
  rollingPercentilesEnabled: undefined,
  enableSnapshots: undefined,
  rotateBucketController: undefined,
  capacity: undefined,
  errorFilter: undefined,
  allowWarmUp: undefined,
  enabled: undefined,
  maxFailures: undefined,
  cache: undefined,
  cacheTTL: undefined,
  cacheSize: undefined,
  cacheGetKey: undefined,
  cacheTransport: undefined,
  coalesce: undefined,
  coalesceTTL: undefined,
  coalesceSize: undefined,
  coalesceResetOn: undefined,
  abortController: undefined,
  autoRenewAbortController: undefined,
  name: undefined,
  group: undefined,
  state: undefined,
  status: undefined
})
new CircuitBreaker(findUser, { timeout: false, resetTimeout: Infinity, capacity: 0 })
new CircuitBreaker(findUser, { errorFilter: (err: TypeError, id: string) => err.message === id })
new CircuitBreaker(findUser, { state: { closed: false, lastTimerAt: Date.now() } })
new CircuitBreaker(findUser, { state: JSON.parse('{}') })
new CircuitBreaker(findUser, { status: { fires: 10, failures: 2 } })
new CircuitBreaker(findUser, { status: CircuitBreaker.newStatus({ stats: { fires: 1 } }) })
new CircuitBreaker(findUser, { status: breaker.stats })
new CircuitBreaker(findUser, breaker.options)

// @ts-expect-error: no such option
new CircuitBreaker(findUser, { timeOut: 100 })
// @ts-expect-error: false or a number
new CircuitBreaker(findUser, { timeout: true })
// @ts-expect-error: a number
new CircuitBreaker(findUser, { timeout: 'soon' })
// @ts-expect-error: a number
new CircuitBreaker(findUser, { resetTimeout: false })
// @ts-expect-error: a number
new CircuitBreaker(findUser, { errorThresholdPercentage: '50%' })
// @ts-expect-error: a number
new CircuitBreaker(findUser, { volumeThreshold: null })
// @ts-expect-error: a number
new CircuitBreaker(findUser, { rollingCountTimeout: {} })
// @ts-expect-error: a number
new CircuitBreaker(findUser, { rollingCountBuckets: [10] })
// @ts-expect-error: a boolean
new CircuitBreaker(findUser, { rollingPercentilesEnabled: 'yes' })
// @ts-expect-error: a boolean
new CircuitBreaker(findUser, { enableSnapshots: 1 })
// @ts-expect-error: an emitter
new CircuitBreaker(findUser, { rotateBucketController: {} })
// @ts-expect-error: a number
new CircuitBreaker(findUser, { capacity: 5n })
// @ts-expect-error: a boolean
new CircuitBreaker(findUser, { allowWarmUp: 1000 })
// @ts-expect-error: a boolean
new CircuitBreaker(findUser, { enabled: 0 })
// @ts-expect-error: a string
new CircuitBreaker(findUser, { name: 5 })
// @ts-expect-error: a string
new CircuitBreaker(findUser, { group: Symbol('group') })
// @ts-expect-error: a promise is always true
new CircuitBreaker(findUser, { errorFilter: async () => false })
// @ts-expect-error: a function
new CircuitBreaker(findUser, { errorFilter: /404/ })
// @ts-expect-error: no such part of the state
new CircuitBreaker(findUser, { state: { opened: true } })
// @ts-expect-error: milliseconds since the epoch
new CircuitBreaker(findUser, { state: { lastTimerAt: new Date() } })
// @ts-expect-error: no such count
new CircuitBreaker(findUser, { status: { fire: 10 } })
// @ts-expect-error: counts are numbers
new CircuitBreaker(findUser, { status: { fires: '10' } })

// @ts-expect-error: a number
new CircuitBreaker(findUser, { maxFailures: 'three' })
new CircuitBreaker(findUser, { maxFailures: false })
// @ts-expect-error: a boolean
new CircuitBreaker(findUser, { cache: 1000 })
// @ts-expect-error: a number
new CircuitBreaker(findUser, { cacheTTL: false })
// @ts-expect-error: a number
new CircuitBreaker(findUser, { cacheSize: '100' })
// @ts-expect-error: a string
new CircuitBreaker(findUser, { cacheGetKey: (id, fresh) => fresh })
// @ts-expect-error: the first argument is a string
new CircuitBreaker(findUser, { cacheGetKey: (id: number) => String(id) })
// @ts-expect-error: cannot be flushed
new CircuitBreaker(findUser, { cacheTransport: new Map<string, unknown>() })
// @ts-expect-error: a boolean
new CircuitBreaker(findUser, { coalesce: 'error' })
// @ts-expect-error: false or a number
new CircuitBreaker(findUser, { coalesceTTL: true })
// @ts-expect-error: a number
new CircuitBreaker(findUser, { coalesceSize: 100n })
// @ts-expect-error: no such outcome
new CircuitBreaker(findUser, { coalesceResetOn: ['failure'] })
// @ts-expect-error: an array
new CircuitBreaker(findUser, { coalesceResetOn: 'error' })
// @ts-expect-error: the controller, not its signal
new CircuitBreaker(findUser, { abortController: new AbortController().signal })
// @ts-expect-error: a boolean
new CircuitBreaker(findUser, { autoRenewAbortController: new AbortController() })

// ---- Caching, aborting and health checks

const keyed = new CircuitBreaker(findUser, {
  cache: true,
  cacheGetKey: (id, fresh) => {
    expect<Equal<typeof id, string>>()
    expect<Equal<typeof fresh, boolean>>()
    return id
  },
  coalesce: true,
  coalesceTTL: false,
  coalesceResetOn: ['error', 'success'] as const
})
expect<Equal<typeof keyed, typeof breaker>>()
new CircuitBreaker(findUser, { cacheGetKey (id) { return `${this.name}:${id}` } })
expect<Equal<ReturnType<typeof breaker.clearCache>, void>>()
expect<Equal<ReturnType<typeof breaker.getSignal>, AbortSignal | undefined>>()
expect<Equal<ReturnType<typeof breaker.getAbortController>, AbortController | undefined>>()
breaker.getAbortController()?.abort()

breaker.healthCheck(async function () {
  expect<Equal<typeof this, typeof breaker>>()
  await this.fire('1', true)
}, 1000)
breaker.healthCheck(() => breaker.fire('1', true))
expect<Equal<ReturnType<typeof breaker.healthCheck>, void>>()
// @ts-expect-error: returns no promise
breaker.healthCheck(() => true)
// @ts-expect-error: a number
breaker.healthCheck(async () => {}, '5s')
// @ts-expect-error: no check
breaker.healthCheck()

// ---- One call at a time

expect<Equal<ReturnType<typeof breaker.fireWith>, Promise<User>>>()
breaker.fireWith({}, '1', true)
breaker.fireWith({ signal: new AbortController().signal, timeout: 200, context: breaker }, '1', true)
breaker.fireWith({ signal: undefined, timeout: false }, '1', true)
breaker.fireWith({ timeout: '200' }, '1', true)
// @ts-expect-error: the options come first
breaker.fireWith('1', true)
// @ts-expect-error: the arguments of the action
breaker.fireWith({ timeout: 200 }, 1, true)
// @ts-expect-error: the signal, not its controller
breaker.fireWith({ signal: new AbortController() }, '1', true)
// @ts-expect-error: no such option
breaker.fireWith({ timeOut: 200 }, '1', true)
const permit: CircuitBreaker.Permit = breaker.acquire()
expect<Equal<typeof permit.signal, AbortSignal>>()
permit.success()
permit.success({ id: '1', age: 0 })
permit.failure(new Error('ill'))
permit.ignore()
breaker.acquire({ signal: permit.signal, timeout: false })
expect<Equal<ReturnType<typeof breaker.drain>, Promise<void>>>()
breaker.drain({ timeout: 10_000 })
// @ts-expect-error: no action, and no `this` of one
breaker.acquire({ context: breaker })

// ---- The first opossum

const made = CircuitBreaker(findUser, { maxFailures: 3 })
expect<Equal<typeof made, typeof breaker>>()
const valued = new CircuitBreaker('value')
expect<Equal<ReturnType<typeof valued.fire>, Promise<string>>>()
valued.fire()
valued.fire('whatever', 5)
const madeOfValue = CircuitBreaker({ id: '1', age: 5 }, { timeout: 5 })
expect<Equal<ReturnType<typeof madeOfValue.fire>, Promise<{ id: string, age: number }>>>()
const spelledOutValue = new CircuitBreaker<[string], User | string>('nobody')
expect<Equal<ReturnType<typeof spelledOutValue.fire>, Promise<User | string>>>()
// @ts-expect-error: taken for no action
new CircuitBreaker(undefined)
// @ts-expect-error: taken for no action
CircuitBreaker(null)
// @ts-expect-error: a class cannot be called
new CircuitBreaker(Date as new () => Date)
// @ts-expect-error: not what the type arguments say
new CircuitBreaker<[string], string>(5)
// @ts-expect-error: no such option
CircuitBreaker(findUser, { timeOut: 100 })
// @ts-expect-error: a promise is not an action
CircuitBreaker(findUser('1', true))

const stat = CircuitBreaker.promisify((path: string, deep: boolean, done: (err: Error | null, size: number) => void) => {})
expect<Equal<typeof stat, (path: string, deep: boolean) => Promise<number>>>()
const remove = CircuitBreaker.promisify((path: string, done: (err: Error | null) => void) => {})
expect<Equal<ReturnType<typeof remove>, Promise<void>>>()
const tick = CircuitBreaker.promisify((done: () => void) => {})
expect<Equal<typeof tick, () => Promise<void>>>()
const exec = CircuitBreaker.promisify((command: string, done: (err: Error | null, out: string, err2: string) => void) => {})
expect<Equal<ReturnType<typeof exec>, Promise<string>>>()
const read = CircuitBreaker(CircuitBreaker.promisify(readFile))
const bytes: Promise<Buffer> = read.fire('path')
const loose = CircuitBreaker.promisify((...args: any[]) => {})
loose(1, 'two').then(it => it)
// @ts-expect-error: nothing to promisify
CircuitBreaker.promisify('readFile')

expect<Equal<ReturnType<typeof breaker.hystrixStats.getHystrixStream>, Readable>>()
breaker.hystrixStats.getHystrixStream().pipe(process.stdout)
breaker.hystrixStats.shutdown()
expect<Equal<typeof CircuitBreaker.stats, Readable>>()
CircuitBreaker.stats.pipe(process.stdout)
// @ts-expect-error: made when it is asked for
CircuitBreaker.stats = breaker.hystrixStats.getHystrixStream()

// ---- Transports

const entries = new Map<string, any>()
const remote: CircuitBreaker.CacheTransport = {
  get: async key => entries.get(key),
  set: async (key, value, ttl) => { entries.set(key, [await value, ttl]) },
  flush: async () => { entries.clear() }
}
const local: CircuitBreaker.CacheTransport = { get: key => entries.get(key), set: (key, value) => entries.set(key, value), flush: () => entries.clear() }
class OverTheNetwork implements CircuitBreaker.CacheTransport {
  async get (key: string): Promise<string | null> { return null }
  set (key: string, value: Promise<string>, ttl: number): void {}
  async flush (): Promise<void> {}
}
for (const cacheTransport of [remote, local, new OverTheNetwork()]) new CircuitBreaker(findUser, { cache: true, cacheTransport })

// ---- The living options

expect<Equal<typeof breaker.options, CircuitBreaker.LiveOptions<[id: string, fresh: boolean]>>>()
expect<Equal<typeof breaker.options.timeout, number | CircuitBreaker.LearnedTimeout | false>>()
const learned = new CircuitBreaker(findUser, {
  timeout: { adaptive: true, min: 20, max: 5000, multiplier: 2, quantile: 0.99 },
  capacity: { adaptive: true, min: 2, max: 500, initial: 10 }
})
new CircuitBreaker(findUser, { timeout: { adaptive: true }, capacity: { adaptive: true, max: undefined } })
learned.update({ timeout: { adaptive: true }, capacity: null })
learned.options.timeout = { adaptive: true, max: 900 }
expect<Equal<typeof learned.stats.learnedTimeout, number | undefined>>()
expect<Equal<typeof learned.stats.capacityLimit, number | undefined>>()
expect<Equal<typeof learned.stats.queued, number | undefined>>()
new CircuitBreaker(findUser, { timeout: 500, state: { learnedTimeout: 130, capacityLimit: 40, usualLatency: 20 } })
// @ts-expect-error: it does not say that it is learned
new CircuitBreaker(findUser, { timeout: { min: 20 } })
// @ts-expect-error: it says that it does not adapt
new CircuitBreaker(findUser, { capacity: { adaptive: false } })
// @ts-expect-error: of one call nothing is learned
breaker.fireWith({ timeout: { adaptive: true } }, '1', true)
expect<Equal<typeof breaker.options.resetTimeout, number | CircuitBreaker.Backoff | ((attempt: number, context: CircuitBreaker.ResetContext) => number)>>()
new CircuitBreaker(findUser, { throttle: true })
new CircuitBreaker(findUser, { capacity: 5, queue: {} })
new CircuitBreaker(findUser, { capacity: 5, queue: { timeout: false } })
// @ts-expect-error: not without an object
new CircuitBreaker(findUser, { capacity: 5, queue: true })
new CircuitBreaker(findUser, { throttle: { k: 1.5 } })
// @ts-expect-error: no such field
new CircuitBreaker(findUser, { throttle: { ratio: 2 } })
new CircuitBreaker(findUser, { resetTimeout: (attempt, { error, stats }) => error instanceof Error ? attempt * 1000 : stats.failures, halfOpenTimeout: false, rampUp: false })
expect<Equal<typeof breaker.nextAttemptAt, number | undefined>>()
new CircuitBreaker(findUser, { halfOpenCalls: 3, halfOpenThresholdPercentage: 50, resetTimeout: { initial: 1000, max: 60_000, jitter: 0 } })
// @ts-expect-error: the first wait is not given
new CircuitBreaker(findUser, { resetTimeout: { max: 60_000 } })
expect<Equal<typeof breaker.options.errorThresholdPercentage, number>>()
expect<Equal<typeof breaker.options.rollingCountTimeout, number>>()
expect<Equal<typeof breaker.options.rollingCountBuckets, number>>()
expect<Equal<typeof breaker.options.rollingPercentilesEnabled, boolean>>()
expect<Equal<typeof breaker.options.enableSnapshots, boolean>>()
expect<Equal<typeof breaker.options.capacity, number | CircuitBreaker.AdaptiveCapacity>>()
expect<Equal<typeof breaker.options.name, string | undefined>>()
expect<Equal<typeof breaker.options.cache, boolean | undefined>>()
expect<Equal<typeof breaker.options.cacheTTL, number>>()
expect<Equal<ReturnType<typeof breaker.options.cacheGetKey>, string>>()
expect<Equal<Parameters<typeof breaker.options.cacheGetKey>, [id: string, fresh: boolean]>>()
expect<Equal<typeof breaker.options.cacheTransport, CircuitBreaker.CacheTransport | undefined>>()
expect<Equal<typeof breaker.options.coalesce, boolean>>()
expect<Equal<typeof breaker.options.coalesceTTL, number | false>>()
expect<Equal<typeof breaker.options.coalesceResetOn, ReadonlyArray<'error' | 'success' | 'timeout'>>>()
expect<Equal<typeof breaker.options.abortController, AbortController | undefined>>()
expect<Equal<ReturnType<typeof breaker.options.errorFilter>, boolean>>()
breaker.options.timeout = false
breaker.options.timeout = 500
breaker.options.errorFilter = err => err.status < 500
// @ts-expect-error: the default has been filled in, and nothing fills it in again
breaker.options.resetTimeout = undefined
// @ts-expect-error: no such option
breaker.options.timeOut = 500
// @ts-expect-error: the object stays
breaker.options = {}

// ---- Getters and state

expect<Equal<typeof breaker.name, string>>()
expect<Equal<typeof breaker.group, string>>()
expect<Equal<typeof breaker.enabled, boolean>>()
expect<Equal<typeof breaker.closed, boolean>>()
expect<Equal<typeof breaker.opened, boolean>>()
expect<Equal<typeof breaker.halfOpen, boolean>>()
expect<Equal<typeof breaker.pendingClose, boolean>>()
expect<Equal<typeof breaker.isShutdown, boolean>>()
expect<Equal<typeof breaker.warmUp, boolean>>()
expect<Equal<typeof breaker.volumeThreshold, number>>()
expect<Equal<ReturnType<typeof breaker.open | typeof breaker.close | typeof breaker.enable | typeof breaker.disable | typeof breaker.shutdown>, void>>()
breaker.update({ timeout: false, errorFilter: error => error instanceof TypeError, rotateBucketController: null })
expect<Equal<ReturnType<typeof breaker.update>, void>>()
expect<Equal<typeof breaker.state, 'closed' | 'open' | 'halfOpen' | 'forcedOpen' | 'disabled' | 'metricsOnly' | 'shutdown'>>()
const forced = breaker.forceOpen()
forced.dispose()
expect<Equal<(typeof forced)[typeof Symbol.dispose], () => void>>()
breaker.metricsOnly()
expect<Equal<ReturnType<typeof breaker.explain>, string>>()
breaker.on('wouldOpen', (...args) => expect<Equal<typeof args, []>>())
const hosts = CircuitBreaker.registry({ action: async (url: string) => url.length, defaults: { timeout: 5 }, max: 10 })
const host = hosts.for('a')
expect<Equal<ReturnType<typeof host.fire>, Promise<number>>>()
for (const [key, one] of hosts) expect<Equal<[typeof key, ReturnType<typeof one.fire>], [string, Promise<number>]>>()
const own = hosts.for('a', (n: number) => String(n), { timeout: 5 })
expect<Equal<[Parameters<typeof own.fire>, ReturnType<typeof own.fire>], [[n: number], Promise<string>]>>()
breaker.healthCheck(async () => {}, { interval: 100, closes: true })
CircuitBreaker.disableAll()
const budget: CircuitBreaker.RetryBudget = CircuitBreaker.retryBudget({ ratio: 0.2 })
expect<Equal<typeof budget.ratio, number>>()
new CircuitBreaker(findUser, { retry: { budget } }).update({ retry: false })
new CircuitBreaker(findUser, { retry: {} }).on('retry', (...args) => expect<Equal<typeof args, [err: any, attempt: number, waitMs: number]>>())
// @ts-expect-error
new CircuitBreaker(findUser, { retry: { retries: 2 } })
// @ts-expect-error
new CircuitBreaker(findUser, { retry: 2 })
// @ts-expect-error
CircuitBreaker.retryBudget({ percent: 20 })
CircuitBreaker.enableAll()
// @ts-expect-error: a breaker begins with it
breaker.update({ state: breaker.toJSON().state })
// @ts-expect-error: milliseconds
breaker.update({ timeout: '5s' })
// @ts-expect-error: takes options
breaker.update()
// @ts-expect-error: a getter
breaker.opened = true
// @ts-expect-error: a getter
breaker.name = 'other'
// @ts-expect-error: takes nothing
breaker.open('now')

const saved = breaker.toJSON()
expect<Equal<typeof saved, { state: CircuitBreaker.State, status: Stats }>>()
expect<Equal<typeof saved.state.lastTimerAt, number | undefined>>()
new CircuitBreaker(findUser, { state: saved.state, status: saved.status })

// ---- Semaphore

async function permits () {
  expect<Equal<typeof breaker.semaphore.count, number>>()
  if (breaker.semaphore.test()) breaker.semaphore.release()
  const release = await breaker.semaphore.take(100)
  expect<Equal<typeof release, () => void>>()
  release()
  await breaker.semaphore.take()
  // @ts-expect-error: counted, not set
  breaker.semaphore.count = 5
  // @ts-expect-error: milliseconds
  breaker.semaphore.take('soon')
}

// ---- Status

const status = CircuitBreaker.newStatus({ rollingCountBuckets: 5, rollingCountTimeout: 5000, stats: { fires: 3 } })
expect<Equal<typeof status, CircuitBreaker.Status>>()
expect<Equal<typeof breaker.status, CircuitBreaker.Status>>()
expect<Equal<typeof breaker.stats, Stats>>()
expect<Equal<typeof status.window, CircuitBreaker.Bucket[]>>()
for (const bucket of status.window) bucket.fires--
const joined: number = (breaker.stats.coalesceCacheHits ?? 0) + (status.window[0]?.coalesceCacheMisses ?? 0)
const p99: number | undefined = breaker.stats.percentiles[0.99]
const { latencyMean, latencyTimes, fires, rejects, timeouts, semaphoreRejections }: Stats = status.stats
status.on('snapshot', stats => expect<Equal<typeof stats, Stats>>()).once('snapshot', stats => stats.fires)
status.on('mine', (a: number) => {}).off('mine', () => {})
const statusEmitter: EventEmitter = status
// @ts-expect-error: gets the totals
status.on('snapshot', (fires: number) => {})
// @ts-expect-error: no option of a window
CircuitBreaker.newStatus({ capacity: 5 })
// @ts-expect-error: computed
status.stats = saved.status
// @ts-expect-error: no such count
status.stats.opens
// @ts-expect-error: what a breaker does with its status is nobody else's
status.handOver
// @ts-expect-error
status.prime
// @ts-expect-error
status.snapshot
// @ts-expect-error
breaker.semaphore.serve
// @ts-expect-error
CircuitBreaker.loop.tellToo
// @ts-expect-error
breaker.hystrixStats.join

// ---- Breakers of all kinds together

const registry = new Map<string, CircuitBreaker>([['users', breaker], ['sum', plain], ['nothing', nothing]])
registry.get('users')?.on('failure', (err, latencyMs, args) => expect<Equal<typeof args, unknown[]>>())
registry.get('users')?.fallback((a, b, c) => [a, b, c])
registry.get('users')?.fallback((id: string, err: Error) => id)
const ofAny: CircuitBreaker<any[], any> = breaker
const ofUnknown: CircuitBreaker<unknown[], unknown> = breaker
ofAny.fallback((id, err) => err.anything)
declare function watch (breaker: CircuitBreaker): void
watch(breaker)
// @ts-expect-error: gives a user, not a number
const ofNumber: CircuitBreaker<[string, boolean], number> = breaker
// @ts-expect-error: takes a string, not a number
const byNumber: CircuitBreaker<[number, boolean], User> = breaker

// ---- Wrappers and subclasses

function guard<A extends unknown[], T> (
  action: (...args: A) => Promise<T>,
  instead: (...args: A) => T,
  options?: CircuitBreaker.Options<A>
): (...args: A) => Promise<T> {
  const breaker = new CircuitBreaker(action, options)
  expect<Equal<typeof breaker, CircuitBreaker<A, T>>>()
  breaker.fallback(instead).fallback((...args) => args.length).fallback(() => 0)
  breaker.on('success', result => expect<Equal<typeof result, T>>())
  breaker.on('failure', (err, latencyMs, args) => expect<Equal<typeof args, A>>())
  registry.set(breaker.name, breaker)
  return (...args) => breaker.fire(...args)
}
const guarded = guard(findUser, id => ({ id, age: 0 }), { timeout: 100 })
expect<Equal<ReturnType<typeof guarded>, Promise<User>>>()

function guardLast<A extends unknown[], T> (action: (...args: A) => Promise<T>, instead: (...args: [...A, Error]) => T, options: Options = {}) {
  return new CircuitBreaker(action, { ...options, errorFilter: err => err.status === 404 }).fallback(instead)
}
guardLast(findUser, (id, fresh, err) => ({ id, age: err.message.length }))

function guardFunction<F extends (...args: any[]) => Promise<any>> (action: F) {
  return new CircuitBreaker<Parameters<F>, Awaited<ReturnType<F>>>(action)
}
const guardedFunction = guardFunction(findUser)
expect<Equal<typeof guardedFunction, typeof breaker>>()

class NamedBreaker<A extends unknown[], T> extends CircuitBreaker<A, T> {
  constructor (name: string, action: (...args: A) => Promise<T>, options?: Options<A>) {
    super(action, { ...options, name })
  }

  override async fire (...args: A) {
    this.emit('mine', args)
    return await super.fire(...args)
  }
}
const named = new NamedBreaker('users', findUser)
expect<Equal<ReturnType<typeof named.fire>, Promise<User>>>()
named.on('success', user => expect<Equal<typeof user, User>>())
watch(named)

const serving: Promise<CircuitBreaker.Server> = CircuitBreaker.serve({ host: '::1', port: 0, token: 'x', stallLimit: 1, allowedHosts: ['a'] })
serving.then(async ({ url, close }) => url.toUpperCase() && close())
// @ts-expect-error
CircuitBreaker.serve({ port: '80' })
// @ts-expect-error
new CircuitBreaker(async () => {}, { labels: { zone: 1 } })

const profiling: CircuitBreaker.Profiling = CircuitBreaker.loop.profile({ above: 200 })
profiling.stop()
CircuitBreaker.loop.profile().above.toFixed()
const endProfile = () => CircuitBreaker.loop.profile(false)
expect<Equal<ReturnType<typeof endProfile>, void>>()
CircuitBreaker.loop.on('stall', (ms, heldBy) => heldBy && `${heldBy.function} ${heldBy.url}:${heldBy.line}:${heldBy.column} ${heldBy.share * ms}`)
plain.on('stall', (ms: number, heldBy?: CircuitBreaker.HeldBy) => heldBy?.function.length)
// @ts-expect-error only false ends it
CircuitBreaker.loop.profile(true)
// @ts-expect-error a number
CircuitBreaker.loop.profile({ above: '200' })
