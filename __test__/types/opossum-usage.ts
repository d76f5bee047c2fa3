// Programs as they are written for opossum with @types/opossum. `opossum` is our
// declarations here, and @types/opossum in the tsconfig.peer*.json: both accept all of it.

/* eslint-disable no-new, no-useless-call, n/handle-callback-err */
/* eslint-disable @typescript-eslint/no-unused-vars */

import CircuitBreaker = require('opossum')
import * as namespace from 'opossum'
import type { Bucket, CacheTransport, MemoryCache, Options, State, Stats, Status, StatusOptions, Window } from 'opossum'
import { EventEmitter } from 'events'
import * as fs from 'fs'
import { promisify } from 'util'

let flag: boolean
let text: string
let count: number
let emitter: EventEmitter

// ---- From construction to shutdown

const fetchText = (url: string, retries: number): Promise<string> => Promise.resolve(url.repeat(retries))

const options: CircuitBreaker.Options = {
  timeout: 3000,
  resetTimeout: 30000,
  errorThresholdPercentage: 50,
  rollingCountTimeout: 10000,
  rollingCountBuckets: 10,
  rollingPercentilesEnabled: true,
  volumeThreshold: 5,
  capacity: 10,
  allowWarmUp: true,
  enabled: true,
  enableSnapshots: true,
  rotateBucketController: new EventEmitter(),
  name: 'fetch',
  group: 'web',
  errorFilter: err => err.statusCode >= 400 && err.statusCode < 500,
  maxFailures: 10,
  cache: true,
  cacheTTL: 60000,
  abortController: new AbortController(),
  autoRenewAbortController: true
}
options.timeout = false
const undefinedOptions: Options<[number]> = {
  status: undefined,
  timeout: undefined,
  maxFailures: undefined,
  resetTimeout: undefined,
  rollingCountTimeout: undefined,
  rollingCountBuckets: undefined,
  name: undefined,
  group: undefined,
  rollingPercentilesEnabled: undefined,
  capacity: undefined,
  errorThresholdPercentage: undefined,
  enabled: undefined,
  allowWarmUp: undefined,
  volumeThreshold: undefined,
  errorFilter: undefined,
  cache: undefined,
  cacheGetKey: undefined,
  cacheTransport: undefined,
  abortController: undefined,
  autoRenewAbortController: undefined,
  enableSnapshots: undefined,
  rotateBucketController: undefined
}

// Options of a program's own, which add to these or pick from them.
interface ClientOptions extends CircuitBreaker.Options { url: string }
interface StrictOptions extends Options<[number]> { errorFilter: (err: Error) => boolean, cacheTTL: number }
type Times = Pick<CircuitBreaker.Options, 'timeout' | 'resetTimeout' | 'cacheTTL'>
declare const clientOptions: ClientOptions & Times
declare const strictOptions: StrictOptions
new CircuitBreaker(async (n: number) => n, strictOptions)

const breaker = new CircuitBreaker(fetchText, options)
const same: CircuitBreaker<[string, number], string> = breaker
emitter = breaker

text = breaker.name
text = breaker.group
count = breaker.volumeThreshold
flag = breaker.enabled
flag = breaker.pendingClose
flag = breaker.closed
flag = breaker.opened
flag = breaker.halfOpen
flag = breaker.isShutdown
flag = breaker.warmUp

breaker.open()
breaker.close()
breaker.disable()
breaker.enable()
breaker.clearCache()
breaker.healthCheck(() => Promise.resolve())
breaker.healthCheck(async () => {}, 1000)
breaker.healthCheck(async () => { if (breaker.stats.failures > 10) throw new Error('many') }, 60 * 1000)
const checkHealth = (): Promise<void> => Promise.reject(new Error('ill'))
breaker.healthCheck(checkHealth, undefined)

breaker.fire('https://example.org', 2).then(answer => { text = answer }).catch(console.error)
breaker.call(null, 'https://example.org', 2).then(answer => { text = answer.toUpperCase() })

const errorText = (err: Error): string => CircuitBreaker.isOurError(err) ? 'refused' : err.message
flag = CircuitBreaker.isOurError(new Error('not ours'))
const ours: (error: Error) => boolean = CircuitBreaker.isOurError
const refusals: Error[] = [new Error('one')].filter(CircuitBreaker.isOurError)
const theirs: Error[] = refusals.filter(error => !CircuitBreaker.isOurError(error))

async function fireAndTell () {
  try {
    await breaker.fire('https://example.org', 2)
  } catch (error: any) {
    // What is `any` stays so on either side.
    if (CircuitBreaker.isOurError(error)) return error.code === 503 || error.response.status
    else return error.response.status
  }
  try {
    await breaker.fire('https://example.org', 2)
  } catch (error) {
    if (error instanceof Error && CircuitBreaker.isOurError(error)) {
      return (error as NodeJS.ErrnoException).code === 'EOPENBREAKER' || (error as any).code
    }
    return CircuitBreaker.isOurError(error as Error) ? (error as Error & { code: string }).code : String(error)
  }
}

breaker.shutdown()

// ---- Type arguments, wide and narrow

const wide: CircuitBreaker = breaker
const loose = new CircuitBreaker<any[], any>((...args: any[]) => Promise.resolve(args))
loose.fire().then(answer => answer.anything)
const strict = new CircuitBreaker<[fs.PathLike], string>(async path => path.toString())
const files = new CircuitBreaker(promisify(fs.readdir))
const explicit = new CircuitBreaker<[string, number], boolean>(async (name, age) => name.length > age, options)
const annotated: CircuitBreaker<[string, number], boolean> = explicit
const expected: CircuitBreaker<[string], { age: number } | null> = new CircuitBreaker(async (name: string) => null)
const qualified: namespace.Options & namespace.StatusOptions = {}
const silent = new CircuitBreaker(async () => {})
const identity = new CircuitBreaker(async <T>(it: T) => it)
const work = new CircuitBreaker((it: () => Promise<number>) => it())
const optional = new CircuitBreaker(async (name: string, limit?: number) => [name, limit])
const rest = new CircuitBreaker((...names: string[]) => Promise.resolve(names))
const untyped = new CircuitBreaker((options as any).action)
const ofAny: CircuitBreaker<any, any> = explicit
const byUnknown: CircuitBreaker<unknown[]> = explicit
const all: CircuitBreaker[] = [explicit, strict, silent, identity, work, optional, rest, untyped]
silent.fire().then(() => {})
work.fire(async () => 5).then(it => { count = it })
optional.fire('a')
optional.fire('a', 5)
rest.fire()
rest.fire('a', 'b')
untyped.fire(1, 'b').then(it => it)
explicit.fire('name', 3).then((answer: boolean) => { flag = answer })
explicit.call({ any: 'this' }, 'name', 3).then((answer: boolean) => { flag = answer })
const fire: (name: string, age: number) => Promise<boolean> = explicit.fire.bind(explicit)
type Fired = Awaited<ReturnType<typeof explicit.fire>>
type Arguments = Parameters<typeof explicit.fire>
const firedWith: Arguments = ['name', 3]
const fired: Fired = true
type Made = InstanceType<typeof CircuitBreaker>
type MadeWith = ConstructorParameters<typeof CircuitBreaker>
const madeWith: MadeWith = [async () => 'value', { timeout: 5 }]
const action: MadeWith[0] = () => Promise.resolve(5)
const fake: Pick<CircuitBreaker<[string], string>, 'fire' | 'opened' | 'fallback'> =
  { opened: true, fire: async name => name, fallback () { return this as any } }
const faked = { fire: () => Promise.resolve() } as unknown as CircuitBreaker

function guard<A extends unknown[], T> (
  action: (...args: A) => Promise<T>,
  fallback: (...args: A) => Promise<T>,
  options?: CircuitBreaker.Options<A>
): CircuitBreaker<A, T> {
  const breaker = new CircuitBreaker(action, options)
  breaker.fallback(fallback)
  breaker.on('success', (result: T) => {})
  breaker.on('failure', (err: Error, latencyMs: number, args: A) => {})
  return breaker
}
guard(fetchText, async () => '', { cacheGetKey: (url: string, retries: number) => url }).fire('a', 2)

class Named<A extends unknown[] = unknown[], T = unknown> extends CircuitBreaker<A, T> {
  constructor (name: string, action: (...args: A) => Promise<T>, options: CircuitBreaker.Options<A> = {}) {
    super(action, { ...options, name })
  }

  override fire (...args: A): Promise<T> {
    return super.fire(...args)
  }

  override call (context: any, ...args: A): Promise<T> {
    return super.call(context, ...args)
  }

  override fallback (func: ((...args: any[]) => any) | CircuitBreaker): this {
    return super.fallback(func)
  }

  override emit (event: string | symbol, ...args: any[]): boolean {
    return super.emit(event, ...args)
  }

  override healthCheck (func: () => Promise<void>, interval = 1000): void {
    super.healthCheck(func, interval)
  }

  override open () {
    super.open()
  }
}
new Named('named', fetchText).fallback(() => 'nothing').fire('a', 2)

class Client {
  private readonly breaker: CircuitBreaker<[id: number], { id: number }>
  private readonly breakers: { [name: string]: CircuitBreaker<any[], any> } = {}

  constructor (private readonly base: string, options?: CircuitBreaker.Options) {
    this.breaker = new CircuitBreaker(this.load, options)
    this.breaker.fallback(this.missing.bind(this))
    this.breakers.load = this.breaker
    this.breakers['list'] = new CircuitBreaker(this.list.bind(this), options)
    Object.values(this.breakers).forEach(it => it.on('open', () => console.warn(it.name, it.stats.failures)))
  }

  get (id: number): Promise<{ id: number }> {
    return this.breaker.call(this, id)
  }

  private async load (id: number) { return { id } }
  private async list () { return [this.base] }
  private missing (id: number) { return { id } }
}

// ---- Fallbacks

const reserve = new CircuitBreaker(async (url: string, retries: number) => 'from the reserve')
breaker.fallback(reserve)
breaker.fallback(() => 'nothing')
breaker.fallback(() => Promise.reject(new Error('nothing')))
breaker.fallback((url: string) => `${url} is down`)
breaker.fallback((url: string, retries: number, err: Error) => `${url} is down: ${err.message}`)
breaker.fallback((...args: any[]) => args[args.length - 1].code).open()
// Parameters of a fallback are anybody's word.
breaker.fallback((err: Error) => err.message)
breaker.fallback((url: URL, retries: string, err: Error & { code: string }) => err.code)
const listing: (name: string) => string[] = name => [name]
breaker.fallback(listing)
breaker.fallback(explicit)
const reserves: ((...args: any[]) => any) | CircuitBreaker = reserve
breaker.fallback(reserves)

// ---- Events

breaker.on('fire', args => { text = args[0] })
breaker.on('fire', ([url, retries]) => { count = retries })
breaker.on('success', (answer: string, latencyMs: number) => { text = answer })
breaker.on('success', answer => { text = answer.trim() })
breaker.on('failure', (err: Error, latencyMs: number, args: [string, number]) => { count = latencyMs })
breaker.on('failure', err => { text = err.message })
breaker.on('timeout', (err: Error) => { text = err.message })
breaker.on('reject', (err: Error) => { text = err.message })
breaker.on('reject', () => {})
breaker.on('semaphoreLocked', (err: Error) => { text = err.message })
breaker.on('fallback', (answer: unknown, err: Error) => { text = String(answer) })
breaker.on('halfOpen', (resetTimeout: number) => { count = resetTimeout })
breaker.on('open', () => {}).on('close', () => {}).on('shutdown', () => {})
breaker.on('cacheHit', () => {}).on('cacheMiss', () => {})
breaker.on('healthCheckFailed', (err: Error) => { text = err.message })
breaker.on('halfOpen', () => {}).on('success', () => {}).on('failure', () => {}).on('fire', () => {})
breaker.once('open', () => {})
breaker.addListener('close', () => {})
// All but `on` are an emitter's: they take any name, and any arguments.
breaker.once('success', (answer: { not: 'a string' }) => {})
breaker.addListener('failure', (err: TypeError, when: Date) => {})
breaker.prependListener('open', (nothing: number) => {})
breaker.prependOnceListener('close', (nothing: number) => {})
breaker.off('fire', (url: string, retries: number) => {})
breaker.removeListener('halfOpen', (text: string) => {})
breaker.emit('success', 5)
breaker.emit('failure', new Error('down'))
breaker.emit('open', 'early')
breaker.once('mine', (text: string) => {}).emit('mine', 'text')
breaker.listeners('open').forEach(listener => listener())
count = breaker.listenerCount('open')
function forEvent (event: string | symbol, listener: (...args: any[]) => void) {
  breaker.once(event, listener).off(event, listener).emit(event, 1, 2)
}
breaker.removeAllListeners('open')
breaker.setMaxListeners(100)
breaker.eventNames().forEach(name => breaker.on(name as any, (first: any) => {}))

// ---- Stats

const stats: CircuitBreaker.Stats = breaker.stats
const window: CircuitBreaker.Window = breaker.status.window
const newest: CircuitBreaker.Bucket | undefined = window[0]
count = stats.failures + stats.fallbacks + stats.successes + stats.rejects + stats.fires
count = stats.timeouts + stats.cacheHits + stats.cacheMisses + stats.semaphoreRejections
count = stats.latencyMean
const latencies: number[] = stats.latencyTimes
const quantiles: { [percentile: number]: number } = stats.percentiles
breaker.status.on('snapshot', (snapshot: CircuitBreaker.Stats) => { count = snapshot.fires })
breaker.status.on('snapshot', snapshot => { count = snapshot.latencyMean })
breaker.status.removeAllListeners()
breaker.status.once('snapshot', (snapshot: Stats) => { count = snapshot.fires })
breaker.status.off('snapshot', (nothing: string) => {})
breaker.status.emit('snapshot', breaker.stats)
breaker.status.window.forEach(bucket => { bucket.fires-- })
const sum = (buckets: Window) => buckets.reduce((total: number, bucket: Bucket) => total + bucket.fires, 0)
const statusOfMine: CircuitBreaker.Status = Object.assign(new EventEmitter(), { stats, window })

const primed: CircuitBreaker.Stats = {
  failures: 11,
  fallbacks: 0,
  successes: 5,
  rejects: 0,
  fires: 16,
  timeouts: 0,
  cacheHits: 0,
  cacheMisses: 0,
  semaphoreRejections: 0,
  percentiles: { 0: 0, 0.5: 10, 1: 20 },
  latencyTimes: [10, 20],
  latencyMean: 15
}
const statusOptions: CircuitBreaker.StatusOptions = {
  rollingCountBuckets: 10,
  rollingCountTimeout: 10000,
  rollingPercentilesEnabled: true,
  enableSnapshots: false,
  rotateBucketController: new EventEmitter(),
  stats: primed
}
const status: CircuitBreaker.Status = CircuitBreaker.newStatus(statusOptions)
emitter = status
new CircuitBreaker(fetchText, { status })
new CircuitBreaker(fetchText, { status: CircuitBreaker.newStatus({}) })

const { state, status: totals } = breaker.toJSON()
const savedState: CircuitBreaker.State = state
const savedStats: CircuitBreaker.Stats = totals
const both: { state: State, status: Stats } = breaker.toJSON()
const openedAt = savedState.lastTimerAt as unknown as number
new CircuitBreaker(fetchText, { status: statusOfMine } satisfies Options)
const newStatus: (options: StatusOptions) => Status = CircuitBreaker.newStatus
text = state.name
flag = state.enabled && state.closed && state.open && state.halfOpen && state.warmUp && state.shutdown

// ---- Caching

class Shelf implements CircuitBreaker.CacheTransport {
  private readonly entries = new Map<string, unknown>()

  get (key: string): any { return this.entries.get(key) }
  set (key: string, value: any, ttl: number): void { this.entries.set(key, [value, ttl]) }
  flush (): void { this.entries.clear() }
}
const transport: CacheTransport = new Shelf()
const memory: MemoryCache = transport
const literal: CircuitBreaker.MemoryCache = { get: key => key, set: (key, value, ttl) => {}, flush: () => {} }
const awaiting: CacheTransport = { get: async key => key, set: async (key, value, ttl) => {}, flush: async () => {} }
text = literal.get('key') as string
literal.set('key', 5, 0)
literal.flush()
new CircuitBreaker(fetchText, { cache: true, cacheTTL: 0, cacheTransport: new Shelf() })
new CircuitBreaker(fetchText, { cache: true, cacheGetKey: (url, retries) => url.trim() + retries.toFixed() })
new CircuitBreaker(fetchText, { cache: true, cacheGetKey: (...args) => JSON.stringify(args) })
new CircuitBreaker(fetchText, { cache: true, cacheGetKey: (url: string) => url })
new CircuitBreaker(fetchText, { cacheGetKey: () => 'one', errorFilter: (err: { status: number }) => err.status < 500 })
const byUrl: CircuitBreaker.Options<[string, number]> = { cacheGetKey: (url, retries) => `${url}:${retries}` }
text = byUrl.cacheGetKey?.('https://example.org', 2) ?? ''
new CircuitBreaker(fetchText, byUrl)
