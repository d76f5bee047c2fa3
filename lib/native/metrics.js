'use strict'

// What is told to those who collect metrics, by the names of `docs/server.md`. Written by "npm run generate"
// from `crates/abi`; not to be changed here. Used by what collects them, and by the options.

/** The metrics. */
const metrics = Object.freeze({
  CALLS: { name: 'didelphis_calls_total', kind: 'counter', unit: undefined, label: 'outcome', help: 'Calls that ended, and calls that the circuit refused, by outcome.' },
  FIRES: { name: 'didelphis_fires_total', kind: 'counter', unit: undefined, label: undefined, help: 'Calls made, whatever became of them.' },
  TIMEOUTS: { name: 'didelphis_timeouts_total', kind: 'counter', unit: undefined, label: undefined, help: 'Calls that took longer than the timeout; each is a failure, too.' },
  CAPACITY_REJECTIONS: { name: 'didelphis_capacity_rejections_total', kind: 'counter', unit: undefined, label: undefined, help: 'Calls refused because as many as the capacity allows were under way; each is a failure, too.' },
  FALLBACKS: { name: 'didelphis_fallbacks_total', kind: 'counter', unit: undefined, label: undefined, help: 'Fallbacks run.' },
  CACHE_REQUESTS: { name: 'didelphis_cache_requests_total', kind: 'counter', unit: undefined, label: 'result', help: 'Questions to the cache.' },
  COALESCE_REQUESTS: { name: 'didelphis_coalesce_requests_total', kind: 'counter', unit: undefined, label: 'result', help: 'Calls that joined one that was on its way, and those that found none.' },
  TRIPS: { name: 'didelphis_trips_total', kind: 'counter', unit: undefined, label: 'reason', help: 'How often the circuit opened, by reason.' },
  STATE: { name: 'didelphis_state', kind: 'gauge', unit: undefined, label: 'state', help: 'How many breakers with these labels are in this state: 1 or 0 of one.' },
  CALLS_IN_FLIGHT: { name: 'didelphis_calls_in_flight', kind: 'gauge', unit: undefined, label: undefined, help: 'Calls under way.' },
  CALLS_QUEUED: { name: 'didelphis_calls_queued', kind: 'gauge', unit: undefined, label: undefined, help: 'Calls that wait for a place.' },
  CAPACITY: { name: 'didelphis_capacity', kind: 'gauge', unit: undefined, label: undefined, help: 'How many calls may be under way at once.' },
  CALL_DURATION: { name: 'didelphis_call_duration_seconds', kind: 'histogram', unit: 's', label: undefined, help: 'How long calls took that ended.' },
  BREAKERS: { name: 'didelphis_breakers', kind: 'gauge', unit: undefined, label: undefined, help: 'How many breakers there are.' },
  BREAKERS_IN_OTHER: { name: 'didelphis_breakers_in_other', kind: 'gauge', unit: undefined, label: undefined, help: 'How many breakers have no series of their own, and are added up as the name other.' },
  LOOP_LAG: { name: 'didelphis_loop_lag_seconds', kind: 'gauge', unit: 's', label: 'thread', help: 'For how long the event loop has been busy by now without a look at timers or sockets.' },
  LOOP_STALLS: { name: 'didelphis_loop_stalls_total', kind: 'counter', unit: undefined, label: 'thread', help: 'Stalls of the event loop that are over.' },
  LOOP_STALLED: { name: 'didelphis_loop_stalled_seconds_total', kind: 'counter', unit: 's', label: 'thread', help: 'The length of these stalls, added up.' }
})

/** The values of their labels, upper bounds in seconds, and limits. */
const labels = Object.freeze({
  BOUNDS: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  MOST_CHARACTERS: 200,
  MOST_LABELS: 10,
  MOST_SERIES: 1000,
  OUTCOMES: ['success', 'failure', 'rejected'],
  OWN_LABELS: ['name', 'state', 'outcome', 'result', 'reason', 'thread', 'le', 'quantile'],
  REASONS: ['errorThresholdPercentage', 'slowCallThresholdPercentage', 'consecutiveFailures', 'maxFailures', 'shouldTrip', 'probe', 'open'],
  RESULTS: ['hit', 'miss'],
  STATES: ['closed', 'open', 'halfOpen', 'forcedOpen', 'disabled', 'metricsOnly']
})

module.exports = { labels, metrics }
