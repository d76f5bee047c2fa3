'use strict'

// The stream of statistics for a Hystrix dashboard, as opossum 1 has it: one for all
// breakers of this load of the module. It is made when somebody asks for it; until then
// breakers know nothing of it. Used by the class.

const builtins = require('./builtins')
const { INNER } = require('./inner')
const { instances } = require('./native/instances')
const { isOn } = require('./switches')

// Breakers hold their part, and nothing here holds breakers.
const parts = new WeakMap()

let shared

/** Has a part tell the stream of its breaker, at each snapshot. */
let joinStream

/** The part that one breaker has in the stream: opossum's `breaker.hystrixStats`. */
class HystrixStats {
  #breaker
  #listener

  static {
    joinStream = part => part.#join()
  }

  constructor (breaker) {
    this.#breaker = breaker
  }

  /** The stream of all breakers: each datum a server-sent event, as a string. */
  getHystrixStream () {
    return stream()
  }

  #join () {
    if (this.#listener || this.#breaker.isShutdown) return
    const breaker = this.#breaker
    this.#listener = stats => tell(breaker, stats)
    breaker.status.on('snapshot', this.#listener)
  }

  /** Ends this breaker's part of the stream, for good. The breaker's shutdown does the same. */
  shutdown () {
    this.#listener ??= () => {}
    this.#breaker.status.removeListener('snapshot', this.#listener)
  }
}

/** The stream; the first to ask for it makes every breaker join. */
function stream () {
  if (shared === undefined || shared.destroyed) shared = new builtins.Readable({ objectMode: true, read () {} })
  for (const owner of instances) join(owner?.weak.deref())
  return shared
}

/** Lets a breaker join if there is a stream. */
function join (owner) {
  // A status without a breaker is an owner too, and tells nobody.
  if (shared !== undefined && owner?.[INNER] !== undefined) joinStream(statsOf(owner))
}

/** The part of that breaker, the same each time. */
function statsOf (breaker) {
  if (!parts.has(breaker)) parts.set(breaker, new HystrixStats(breaker))
  return parts.get(breaker)
}

module.exports = { join, statsOf, stream }

// What nobody reads is not kept: it would be old news to the next who comes, and a
// reader that is too slow would fill the memory.
function tell (breaker, stats) {
  if (shared.destroyed) return
  const read = shared.listenerCount('data') > 0 || shared.listenerCount('readable') > 0
  if (!read) shared.resume()
  else if (shared.readableLength < shared.readableHighWaterMark) shared.push(event(breaker, stats))
}

function event (breaker, stats) {
  return `data: ${JSON.stringify(command(breaker, stats))}\n\n`
}

// The names are those of Hystrix. What a breaker has no figure for is what opossum says.
// https://github.com/Netflix/Hystrix/wiki/Metrics-and-Monitoring#metrics-publisher
function command ({ closed, enabled, group, name, options, state, volumeThreshold }, stats) {
  const latencies = percentiles(stats.percentiles)
  return {
    type: 'HystrixCommand',
    name,
    group,
    currentTime: Date.now(),
    isCircuitBreakerOpen: !closed,
    errorPercentage: stats.fires === 0 ? 0 : stats.failures / stats.fires * 100,
    errorCount: stats.failures,
    requestCount: stats.fires,
    rollingCountBadRequests: stats.failures,
    rollingCountCollapsedRequests: 0,
    rollingCountEmit: stats.fires,
    rollingCountExceptionsThrown: 0,
    rollingCountFailure: stats.failures,
    rollingCountFallbackEmit: stats.fallbacks,
    rollingCountFallbackFailure: 0,
    rollingCountFallbackMissing: 0,
    rollingCountFallbackRejection: 0,
    rollingCountFallbackSuccess: 0,
    rollingCountResponsesFromCache: stats.cacheHits,
    rollingCountSemaphoreRejected: stats.semaphoreRejections,
    rollingCountShortCircuited: stats.rejects,
    rollingCountSuccess: stats.successes,
    rollingCountThreadPoolRejected: 0,
    rollingCountTimeout: stats.timeouts,
    currentConcurrentExecutionCount: 0,
    rollingMaxConcurrentExecutionCount: 0,
    latencyExecute_mean: stats.latencyMean,
    latencyExecute: latencies,
    latencyTotal_mean: stats.latencyMean,
    latencyTotal: latencies,
    propertyValue_circuitBreakerRequestVolumeThreshold: volumeThreshold,
    propertyValue_circuitBreakerSleepWindowInMilliseconds: options.resetTimeout,
    propertyValue_circuitBreakerErrorThresholdPercentage: options.errorThresholdPercentage,
    propertyValue_circuitBreakerForceOpen: state === 'forcedOpen',
    propertyValue_circuitBreakerForceClosed: false,
    propertyValue_circuitBreakerEnabled: enabled,
    propertyValue_executionIsolationStrategy: 'THREAD',
    propertyValue_executionIsolationThreadTimeoutInMilliseconds: 300,
    propertyValue_executionTimeoutInMilliseconds: stats.learnedTimeout ?? options.timeout,
    propertyValue_executionIsolationThreadInterruptOnTimeout: true,
    propertyValue_executionIsolationThreadPoolKeyOverride: null,
    propertyValue_executionIsolationSemaphoreMaxConcurrentRequests: stats.capacityLimit ?? options.capacity,
    propertyValue_fallbackIsolationSemaphoreMaxConcurrentRequests: stats.capacityLimit ?? options.capacity,
    propertyValue_metricsRollingStatisticalWindowInMilliseconds: options.rollingCountTimeout,
    propertyValue_requestCacheEnabled: isOn('cache', options.cache),
    propertyValue_requestLogEnabled: true,
    reportingHosts: 1
  }
}

function percentiles (quantiles) {
  const percent = ([quantile, ms]) => [String(quantile * 100), ms]
  return Object.fromEntries(Object.entries(quantiles).map(percent))
}
