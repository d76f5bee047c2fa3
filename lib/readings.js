'use strict'

// What all breakers and loops of the process have come to, as metrics by the names of
// `docs/server.md`: read from the native half when somebody asks, with nothing on the way of a call.
// Used by `prometheus` and `opentelemetry`.

const { counters, kinds } = require('./native/abi')
const { Readings: Native } = require('./native/load')
const { labels: { BOUNDS, OUTCOMES, REASONS, RESULTS, STATES }, metrics } = require('./native/metrics')

// Where the numbers of a series stand, one kind after the other.
const TRIPS = counters.length
const BY_BOUND = TRIPS + REASONS.length
const SECONDS = BY_BOUND + BOUNDS.length + 1
const BY_STATE = SECONDS + 1
const IN_FLIGHT = BY_STATE + STATES.length
const QUEUED = IN_FLIGHT + 1
const CAPACITY = QUEUED + 1
const LENGTH = CAPACITY + 1

/**
 * A value of a metric. `part` is what its name has at the end, in histograms.
 *
 * @typedef {{ part?: string, labels: Record<string, string | number>, value: number }} Sample
 */

/** Reads all metrics: each as a function that lists its samples as they were at that moment. */
class Readings {
  // It remembers breakers that have left.
  #native = new Native()

  /** @returns {Record<keyof typeof metrics, () => Sample[]>} */
  read () {
    const read = this.#native.read()
    const rows = read.labels.map(labelsOf)
    const { numbers } = read
    const each = list => rows.flatMap((labels, row) => list(labels, row * LENGTH))
    const one = place => () => rows.map((labels, row) => ({ labels, value: numbers[row * LENGTH + place] }))
    // A value for each word of a label, from places of their own.
    const by = (label, words, places) => () => each((labels, at) =>
      words.map((word, index) => ({ labels: { ...labels, [label]: word }, value: numbers[at + places(index)] })))
    const counted = (label, words, names) => by(label, words, index => kinds[names[index]])
    const ofLoops = place => () => read.threads.map((thread, index) =>
      ({ labels: { thread: thread === 0 ? 'main' : `worker-${thread}` }, value: read.loops[3 * index + place] }))
    const alone = value => () => [{ labels: {}, value }]
    return {
      CALLS: counted('outcome', OUTCOMES, ['successes', 'failures', 'rejects']),
      FIRES: one(kinds.fires),
      TIMEOUTS: one(kinds.timeouts),
      CAPACITY_REJECTIONS: one(kinds.semaphoreRejections),
      FALLBACKS: one(kinds.fallbacks),
      CACHE_REQUESTS: counted('result', RESULTS, ['cacheHits', 'cacheMisses']),
      COALESCE_REQUESTS: counted('result', RESULTS, ['coalesceCacheHits', 'coalesceCacheMisses']),
      TRIPS: by('reason', REASONS, index => TRIPS + index),
      STATE: by('state', STATES, index => BY_STATE + index),
      CALLS_IN_FLIGHT: one(IN_FLIGHT),
      CALLS_QUEUED: one(QUEUED),
      CAPACITY: one(CAPACITY),
      CALL_DURATION: () => each((labels, at) => histogram(labels, numbers, at)),
      BREAKERS: alone(read.breakers),
      BREAKERS_IN_OTHER: alone(read.inOther),
      LOOP_LAG: ofLoops(0),
      LOOP_STALLS: ofLoops(1),
      LOOP_STALLED: ofLoops(2)
    }
  }
}

module.exports = { Readings, metrics }

/** @returns {Record<string, string>} */
function labelsOf (list) {
  /** @type {Record<string, string>} */
  const labels = {}
  for (let place = 0; place < list.length; place += 2) labels[list[place]] = list[place + 1]
  return labels
}

function histogram (labels, numbers, at) {
  let below = 0
  const buckets = [...BOUNDS, '+Inf'].map((le, index) => {
    below += numbers[at + BY_BOUND + index]
    return { part: '_bucket', labels: { ...labels, le }, value: below }
  })
  return [...buckets, { part: '_sum', labels, value: numbers[at + SECONDS] }, { part: '_count', labels, value: below }]
}
