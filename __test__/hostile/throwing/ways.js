'use strict'

// Every way in which a call can end. `options` are the breaker's; `before` prepares it;
// `wait` passes before the call, or the calls if there are several, of that `kind`.

const LONG = 600_000
const SHORT = 20

// The actions by kind. Those that are late settle when their call has been answered.
function actions (late) {
  return {
    well: async () => 'well',
    plain: () => 'well',
    fresh: async () => 'fresh',
    thenable: () => ({ then: resolve => { resolve('well') } }),
    ill: async () => { throw new Error('ill') },
    threw: () => { throw new Error('ill') },
    hang: () => new Promise(() => {}),
    lateWell: () => late.then(() => 'late'),
    lateIll: () => late.then(() => { throw new Error('late') })
  }
}

const instead = () => 'instead'
const noInstead = () => { throw new Error('nothing instead') }
const rejected = async () => { throw new Error('nothing instead') }

class Transport {
  kept = new Map()

  get (key) {
    return this.kept.get(key)
  }

  set (key, value) {
    this.kept.set(key, value)
  }

  flush () {
    this.kept.clear()
  }
}

class RemoteTransport extends Transport {
  async get (key) {
    return super.get(key)
  }

  async set (key, value) {
    super.set(key, await value)
  }

  async flush () {
    super.flush()
  }
}

const open = breaker => breaker.open()
const fireOnce = kind => breaker => breaker.fire(kind)
// What is not joined does not trip either.
const COALESCED = { coalesce: true, coalesceResetOn: ['error', 'success', 'timeout'], errorThresholdPercentage: 100 }

const WAYS = {
  success: { kind: 'well' },
  'success of a plain value': { kind: 'plain' },
  'success of a thenable': { kind: 'thenable' },
  'success with many arguments': { kind: 'well', args: [1, 2, 3] },
  'success without a timeout': { kind: 'well', options: { timeout: false } },
  failure: { kind: 'ill', options: { errorThresholdPercentage: 100 } },
  'failure without a timeout': { kind: 'ill', options: { errorThresholdPercentage: 100, timeout: false } },
  'failure by throwing': { kind: 'threw', options: { errorThresholdPercentage: 100 } },
  'failure that trips': { kind: 'ill' },
  'failure that trips by throwing': { kind: 'threw' },
  'failure that trips by the number': { kind: 'ill', options: { errorThresholdPercentage: 100, maxFailures: 1 } },
  'filtered error': { kind: 'ill', options: { errorFilter: () => true } },
  'error that is not filtered': { kind: 'ill', options: { errorFilter: () => false } },
  'filtered error, thrown': { kind: 'threw', options: { errorFilter: () => true } },
  timeout: { kind: 'hang', options: { timeout: SHORT } },
  'timeout that trips nothing': { kind: 'hang', options: { timeout: SHORT, errorThresholdPercentage: 100 } },
  'timeout, filtered': { kind: 'hang', options: { timeout: SHORT, errorFilter: () => true } },
  'timeout by the wall clock': { kind: 'hang', options: { timeout: SHORT, timeoutClock: 'wall' } },
  'timeout, and a late success': { kind: 'lateWell', options: { timeout: SHORT } },
  'timeout, and a late failure': { kind: 'lateIll', options: { timeout: SHORT } },
  'two timeouts at once': { kind: 'hang', options: { timeout: SHORT, errorThresholdPercentage: 100 }, calls: 2 },
  'refused, open': { kind: 'well', before: open },
  'refused, open, with a trace': { kind: 'well', options: { stackTraces: true }, before: open },
  'a probe that succeeds': { kind: 'well', options: { resetTimeout: SHORT }, before: open, wait: 3 * SHORT },
  'a probe that fails': { kind: 'ill', options: { resetTimeout: SHORT }, before: open, wait: 3 * SHORT },
  'a probe that times out': { kind: 'hang', options: { resetTimeout: SHORT, timeout: SHORT }, before: open, wait: 3 * SHORT },
  'refused while a probe runs': {
    kind: 'lateWell',
    options: { resetTimeout: SHORT },
    before: open,
    wait: 3 * SHORT,
    calls: 2,
    settlesLate: true
  },
  'refused for capacity': {
    kind: 'well',
    before: breaker => { while (breaker.semaphore.test()); },
    after: breaker => { while (breaker.semaphore.count < 2) breaker.semaphore.release() }
  },
  'a fallback after a failure': { kind: 'ill', fallback: instead },
  'a fallback after a timeout': { kind: 'hang', options: { timeout: SHORT }, fallback: instead },
  'a fallback for a refusal': { kind: 'well', before: open, fallback: instead },
  'a fallback that throws': { kind: 'ill', fallback: noInstead },
  'a fallback that rejects': { kind: 'ill', fallback: rejected },
  'a fallback for a refusal that throws': { kind: 'well', before: open, fallback: noInstead },
  'a cache miss': { kind: 'well', options: { cache: true, cacheTTL: LONG } },
  'a cache hit': { kind: 'well', options: { cache: true, cacheTTL: LONG }, before: fireOnce('well') },
  'a failure where there is a cache': { kind: 'ill', options: { cache: true } },
  'a miss of a transport': { kind: 'well', options: () => ({ cache: true, cacheTransport: new Transport() }) },
  'a hit of a transport': {
    kind: 'well', options: () => ({ cache: true, cacheTransport: new Transport() }), before: fireOnce('well')
  },
  'a miss of a transport that answers later': {
    kind: 'well', options: () => ({ cache: true, cacheTransport: new RemoteTransport() })
  },
  'a hit of a transport that answers later': {
    kind: 'well', options: () => ({ cache: true, cacheTransport: new RemoteTransport() }), before: fireOnce('well')
  },
  'a transport that answers later, coalesced, failures': {
    kind: 'ill', options: () => ({ ...COALESCED, cache: true, cacheTransport: new RemoteTransport() }), calls: 2
  },
  'coalesced, successes': { kind: 'well', options: COALESCED, calls: 2 },
  'coalesced, failures': { kind: 'ill', options: COALESCED, calls: 2 },
  'coalesced, thrown': { kind: 'threw', options: COALESCED, calls: 2 },
  'coalesced, timeouts': { kind: 'hang', options: { ...COALESCED, timeout: SHORT }, calls: 2 },
  'coalesced and cached': { kind: 'well', options: { ...COALESCED, cache: true }, calls: 2 },
  'coalesced without a timeout': { kind: 'well', options: { coalesce: true, timeout: false }, calls: 2 },
  'disabled, success': { kind: 'well', before: breaker => breaker.disable() },
  'disabled, failure': { kind: 'ill', before: breaker => breaker.disable() },
  'shut down': { kind: 'well', before: breaker => breaker.shutdown() },
  'a timeout that aborts': { kind: 'hang', options: () => ({ timeout: SHORT, abortController: new AbortController() }) },
  'a timeout that aborts what is renewed': { kind: 'hang', options: { timeout: SHORT, autoRenewAbortController: true } },
  'a probe for which the controller is renewed': {
    kind: 'well',
    options: { resetTimeout: SHORT, autoRenewAbortController: true },
    before: breaker => {
      breaker.options.abortController.abort()
      breaker.open()
    },
    wait: 3 * SHORT
  }
}

const EVENTS = [
  'fire', 'reject', 'timeout', 'success', 'failure', 'open', 'close', 'halfOpen', 'fallback', 'semaphoreLocked',
  'semaphore-locked', 'healthCheckFailed', 'shutdown', 'cacheHit', 'cacheMiss', 'coalesceCacheHit', 'coalesceCacheMiss'
]

/** The options of a way, made anew. */
function optionsOf ({ options }) {
  return { capacity: 2, resetTimeout: LONG, timeout: LONG, ...(typeof options === 'function' ? options() : options) }
}

module.exports = { EVENTS, WAYS, actions, optionsOf }
