// Programs as they are written for opossum with @types/opossum: they compile unchanged,
// with only the name of the module another.

/* eslint-disable no-new, no-useless-call, n/handle-callback-err */
/* eslint-disable @typescript-eslint/no-unused-vars */

import CircuitBreaker = require('didelphis')
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
  errorFilter: err => err.statusCode >= 400 && err.statusCode < 500
}
options.timeout = false

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

breaker.fire('https://example.org', 2).then(answer => { text = answer }).catch(console.error)
breaker.call(null, 'https://example.org', 2).then(answer => { text = answer.toUpperCase() })

const errorText = (err: Error): string => CircuitBreaker.isOurError(err) ? 'refused' : err.message
flag = CircuitBreaker.isOurError(new Error('not ours'))

breaker.shutdown()

// ---- Type arguments, wide and narrow

const wide: CircuitBreaker = breaker
const loose = new CircuitBreaker<any[], any>((...args: any[]) => Promise.resolve(args))
loose.fire().then(answer => answer.anything)
const strict = new CircuitBreaker<[fs.PathLike], string>(async path => path.toString())
const files = new CircuitBreaker(promisify(fs.readdir))

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
breaker.once('open', () => {})
breaker.addListener('close', () => {})
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
text = state.name
flag = state.enabled && state.closed && state.open && state.halfOpen && state.warmUp && state.shutdown
