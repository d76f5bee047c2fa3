'use strict'

// The names that a breaker knows: its options and its events. The tests hold these lists to
// the code. Used by the rules.

const DURATIONS = [
  'timeout', 'resetTimeout', 'rollingCountTimeout', 'cacheTTL', 'coalesceTTL', 'stallThreshold', 'halfOpenTimeout', 'rampUp',
  'slowCallDuration'
]

const NUMBERS = [
  ...DURATIONS, 'errorThresholdPercentage', 'volumeThreshold', 'maxFailures', 'rollingCountBuckets', 'capacity',
  'cacheSize', 'coalesceSize', 'halfOpenCalls', 'halfOpenThresholdPercentage', 'consecutiveFailures', 'slowCallThresholdPercentage'
]

const SWITCHES = [
  'allowWarmUp', 'enabled', 'metricsOnly', 'stackTraces', 'rollingPercentilesEnabled', 'enableSnapshots', 'cache', 'coalesce',
  'autoRenewAbortController', 'resetWindowOnClose'
]

const OPTIONS = [
  ...NUMBERS, ...SWITCHES, 'timeoutClock', 'errorFilter', 'preset', 'name', 'group', 'labels', 'rotateBucketController', 'cacheGetKey',
  'cacheTransport', 'coalesceResetOn', 'abortController', 'state', 'status', 'stats', 'rateOf',
  'window', 'retry', 'probe', 'random', 'shouldTrip', 'classify', 'throttle', 'queue'
]

// Options that do nothing unless another one is on.
const NEEDS = {
  cacheTTL: ['cache'],
  cacheSize: ['cache'],
  cacheTransport: ['cache'],
  cacheGetKey: ['cache', 'coalesce'],
  coalesceTTL: ['coalesce'],
  coalesceSize: ['coalesce'],
  coalesceResetOn: ['coalesce'],
  halfOpenThresholdPercentage: ['halfOpenCalls']
}

const EVENTS = [
  'fire', 'success', 'failure', 'timeout', 'reject', 'semaphoreLocked', 'semaphore-locked', 'fallback', 'open', 'close',
  'halfOpen', 'cacheHit', 'cacheMiss', 'coalesceCacheHit', 'coalesceCacheMiss', 'healthCheckFailed',
  'health-check-failed', 'stall', 'shutdown', 'wouldOpen', 'retry'
]

const STATUS_EVENTS = ['snapshot']

// What an EventEmitter emits by itself.
const EMITTER_EVENTS = ['newListener', 'removeListener']

// What opossum 10 has not, and we have.
const OURS_ALONE = {
  options: [
    'metricsOnly', 'preset', 'timeoutClock', 'stallThreshold', 'stackTraces', 'halfOpenCalls', 'halfOpenThresholdPercentage',
    'rateOf', 'window', 'resetWindowOnClose', 'consecutiveFailures', 'retry', 'halfOpenTimeout', 'rampUp', 'probe', 'random',
    'slowCallDuration', 'slowCallThresholdPercentage', 'shouldTrip', 'classify', 'throttle', 'queue', 'labels'
  ],
  events: ['stall', 'wouldOpen', 'retry', 'semaphore-locked', 'health-check-failed']
}

module.exports = { EMITTER_EVENTS, EVENTS, NEEDS, NUMBERS, OPTIONS, OURS_ALONE, STATUS_EVENTS, SWITCHES }
