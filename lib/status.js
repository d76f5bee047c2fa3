'use strict'

// The rolling window as opossum shows it. What is counted lies in the native half of a
// breaker; here it takes the shape of objects. Used by the class, and by users who
// prime a breaker with the stats of an earlier one.

const { EventEmitter } = require('./builtins')
const { ANNOUNCE } = require('./announce')
const { codes: { NONE, SNAPSHOT }, create, middles, poll, stat, statsBetween } = require('./binding')
const { COUNTS } = require('./counts')
const { emit } = require('./emit')
const { windowOptions } = require('./options')

// Behind the counts: the mean latency, then its quantiles, and then the histogram; in a
// bucket, whether the circuit opened or closed.
const MEAN = COUNTS.length
const HISTOGRAM = MEAN + 10

const HANDLE = Symbol('handle')
const LATENCIES = Symbol('latencies')
const OWNER = Symbol('owner')
const SERIAL = Symbol('serial')
const VIEWS = Symbol('views')

class Status extends EventEmitter {
  /** A window of its own; `breaker`, inside this package, to show that one's. */
  constructor (options = {}, breaker, handle) {
    super()
    this.rollingPercentilesEnabled = options.rollingPercentilesEnabled !== false
    this.enableSnapshots = options.enableSnapshots !== false
    this.rotateBucketController = options.rotateBucketController
    this[HANDLE] = handle ?? create(this, NO_LIMITS, windowOptions(options), NO_CALLS)
    // The events of the window come through the breaker.
    this[OWNER] = breaker
    this[VIEWS] = new Map()
    this.rotateBucket = rotation(this[HANDLE], this.rotateBucketController)
    this.startListeneningForRotateEvent()
    // A breaker's options may have both; its status goes first.
    if (options.stats && !options.status) this.prime(options.stats)
  }

  /**
   * Makes this the status of a breaker with that native half, which takes over the
   * window as it stands. False if it is another breaker's already; that one keeps it.
   */
  handOver (breaker, handle) {
    handle.copyWindow(this[HANDLE])
    if (this[OWNER]) return false
    this[OWNER] = breaker
    this[HANDLE] = handle
    this[VIEWS] = new Map()
    this.removeRotateBucketControllerListener()
    this.rotateBucket = rotation(handle, this.rotateBucketController)
    this.startListeneningForRotateEvent()
    if (this.listenerCount('snapshot') > 0) listenForSnapshots(this, 'snapshot')
    return true
  }

  /** What happened in the window, counted together. */
  get stats () {
    const read = this[HANDLE].readStats()
    const stats = counts()
    stats.percentiles = {
      0: stat(MEAN + 1),
      1: stat(MEAN + 9),
      0.25: stat(MEAN + 2),
      0.5: stat(MEAN + 3),
      0.75: stat(MEAN + 4),
      0.9: stat(MEAN + 5),
      0.95: stat(MEAN + 6),
      0.99: stat(MEAN + 7),
      0.995: stat(MEAN + 8)
    }
    defineLatencies(stats, statsBetween(HISTOGRAM, read))
    stats.latencyMean = stat(MEAN)
    return stats
  }

  /** The buckets, newest first. Writing to one corrects what was counted. */
  get window () {
    const [oldest, newest] = this[HANDLE].windowRange()
    const views = new Map()
    for (let serial = newest; serial >= oldest; serial--) {
      views.set(serial, viewOf(this[HANDLE], serial, this[VIEWS].get(serial)))
    }
    this[VIEWS] = views
    return [...views.values()]
  }

  /** Makes the newest bucket that of earlier stats. */
  prime (stats) {
    Object.assign(this.window[0], pick(stats, [...COUNTS, 'latencyTimes']))
  }

  /** Counts one by hand, with its latency where it has one. */
  increment (property, latency) {
    const timed = property === 'successes' || property === 'failures' || property === 'timeouts'
    const kind = COUNTS.indexOf(property)
    this[HANDLE].record(kind < 0 ? undefined : kind, timed ? [latency || 0] : [])
  }

  /** Notes that the circuit opened. */
  open () {
    this[HANDLE].markCircuit(true)
  }

  /** Notes that it closed. */
  close () {
    this[HANDLE].markCircuit(false)
  }

  /** Ends what the window does by itself. */
  shutdown () {
    this.removeAllListeners()
    this[HANDLE].setSnapshots(false)
    this.removeRotateBucketControllerListener()
  }

  removeRotateBucketControllerListener () {
    this.rotateBucketController?.removeListener('rotate', this.rotateBucket)
  }

  // opossum's spelling.
  startListeneningForRotateEvent () {
    const controller = this.rotateBucketController
    if (controller && !controller.listeners('rotate').includes(this.rotateBucket)) {
      controller.on('rotate', this.rotateBucket)
    }
  }

  on (name, listener) {
    listenForSnapshots(this, name)
    return super.on(name, listener)
  }

  addListener (name, listener) {
    return this.on(name, listener)
  }

  prependListener (name, listener) {
    listenForSnapshots(this, name)
    return super.prependListener(name, listener)
  }

  /** A bucket is complete: tells those who listen, until nobody does. */
  snapshot () {
    if (this.listenerCount('snapshot') > 0) {
      emit(this, 'snapshot', this.stats)
    } else {
      this[HANDLE].setSnapshots(false)
    }
  }

  // Only a window without a breaker hears for itself.
  [ANNOUNCE] () {
    for (let news = poll(this[HANDLE].id); news !== NONE; news = poll(this[HANDLE].id)) {
      if (news === SNAPSHOT) this.snapshot()
    }
  }
}

// A window without a breaker is that of a breaker without calls.
const NO_LIMITS = {
  timeout: 0,
  resetTimeout: 0,
  errorThresholdPercentage: 0,
  consecutiveFailures: Infinity
}

const NO_CALLS = {
  volumeThreshold: 0,
  capacity: 0,
  warmUp: 0,
  enabled: true,
  byWallClock: false,
  stallThreshold: 50
}

module.exports = Status

function listenForSnapshots (status, name) {
  if (name === 'snapshot' && status.enableSnapshots) status[HANDLE].setSnapshots(true)
}

// The emitter must not keep the window alive.
function rotation (handle, controller) {
  const window = new WeakRef(handle)
  return function rotateBucket () {
    const alive = window.deref()
    if (alive) alive.rotate()
    else controller?.removeListener('rotate', rotateBucket)
  }
}

function pick (object, names) {
  return Object.fromEntries(names.filter(name => object[name]).map(name => [name, object[name]]))
}

function latencyList (values) {
  return Array.from(values, value => Number(value) || 0)
}

function counts () {
  return {
    failures: stat(0),
    fallbacks: stat(1),
    successes: stat(2),
    rejects: stat(3),
    fires: stat(4),
    timeouts: stat(5),
    cacheHits: stat(6),
    cacheMisses: stat(7),
    coalesceCacheHits: stat(8),
    coalesceCacheMisses: stat(9),
    semaphoreRejections: stat(10),
    percentiles: {}
  }
}

// A list of latencies that may be a million long is written down when it is asked for. All
// stats share two functions for that: objects with functions of their own have no shape in
// common, and V8 makes dictionaries of them. What the list is written from goes with the stats
// for nobody to see, and under a symbol, for whoever asks may hold a Proxy.
function defineLatencies (stats, histogram) {
  Object.defineProperty(stats, LATENCIES, HIDDEN)
  stats[LATENCIES] = { histogram, list: undefined }
  Object.defineProperty(stats, 'latencyTimes', WRITTEN_OUT)
}

const HIDDEN = { configurable: true, enumerable: false, value: undefined, writable: true }

const WRITTEN_OUT = {
  configurable: true,
  enumerable: true,
  get () {
    const latencies = this[LATENCIES]
    return (latencies.list ??= writtenOut(latencies.histogram))
  },
  set (value) {
    this[LATENCIES].list = value
  }
}

// A histogram, as the native side leaves it, as a list.
function writtenOut ([least, greatest, ...cells]) {
  const list = []
  for (const number of cells) {
    const cell = number % middles().length
    const latency = Math.min(Math.max(middles()[cell], least), greatest)
    for (let left = (number - cell) / middles().length; left > 0; left--) list.push(latency)
  }
  return list
}

// A bucket with the properties of opossum's, each of which reads and writes the window.
function viewOf (handle, serial, known) {
  const exists = handle.readBucket(serial)
  const marked = exists && stat(MEAN) >= 0
  const view = known ?? Object.defineProperties({}, {
    ...FIELDS,
    [HANDLE]: { value: handle },
    [SERIAL]: { value: serial }
  })
  if (marked && !('isCircuitBreakerOpen' in view)) {
    Object.defineProperty(view, 'isCircuitBreakerOpen', CIRCUIT_FIELD)
  }
  return view
}

const FIELDS = Object.fromEntries(COUNTS.map((name, kind) => [name, {
  configurable: true,
  enumerable: true,
  get () {
    return this[HANDLE].readBucket(this[SERIAL]) ? stat(kind) : 0
  },
  set (value) {
    this[HANDLE].writeBucket(this[SERIAL], kind, Number(value) || 0)
  }
}]))

FIELDS.percentiles = { configurable: true, enumerable: true, get: () => ({}), set () {} }

FIELDS.latencyTimes = {
  configurable: true,
  enumerable: true,
  get () {
    return writtenOut(statsBetween(0, this[HANDLE].readBucketLatencies(this[SERIAL])))
  },
  set (values) {
    this[HANDLE].setLatencies(this[SERIAL], latencyList(values))
  }
}

const CIRCUIT_FIELD = {
  configurable: true,
  enumerable: true,
  get () {
    return this[HANDLE].readBucket(this[SERIAL]) && stat(MEAN) === 1
  }
}
