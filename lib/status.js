'use strict'

// The rolling window as opossum shows it. What is counted lies in the native half of a
// breaker; here it takes the shape of objects. Used by the class, and by users who
// prime a breaker with the stats of an earlier one.

const { EventEmitter } = require('./builtins')
const { TELL } = require('./drain-events')
const { emit, throwAsync } = require('./emit')
const { INSPECT, ratesOf, shownAs } = require('./inspect')
const { BINS, codes: { IS_SHUTDOWN, IS_SWITCHED_ON, SNAPSHOT }, counters: COUNTS, places } = require('./native/abi')
const { counts, midpoints, quantiles, stat, state, statsBetween } = require('./native/crossings')
const { create } = require('./native/instances')
const { windowNumbers } = require('./native-options')
const { rounded } = require('./learned')
const { isOn } = require('./switches')

const {
  BUCKET_CIRCUIT, STATS_CAPACITY_LIMIT, STATS_HAS_LEARNED, STATS_HISTOGRAM, STATS_LEARNED_TIMEOUT, STATS_MEAN, STATS_QUANTILES, STATS_QUEUED,
  STATS_STATE, STATS_USUAL_LATENCY
} = places

const HANDLE = Symbol('handle')
const LATENCIES = Symbol('latencies')
const OWNER = Symbol('owner')
const SERIAL = Symbol('serial')
const VIEWS = Symbol('views')

class Status extends EventEmitter {
  /**
   * A window of its own; `breaker`, inside this package, to show that one's.
   *
   * @param {any} [options]
   * @param {any} [breaker]
   * @param {import('../src/node/binding').Handle} [handle]
   */
  constructor (options = {}, breaker, handle) {
    super()
    this.rollingPercentilesEnabled = isOn('rollingPercentilesEnabled', options.rollingPercentilesEnabled)
    this.enableSnapshots = isOn('enableSnapshots', options.enableSnapshots)
    this.rotateBucketController = options.rotateBucketController
    this[HANDLE] = handle ?? create(this, windowNumbers(options))
    // The events of the window come through the breaker.
    this[OWNER] = breaker
    this[VIEWS] = new Map()
    this.rotateBucket = rotation(this[HANDLE], this.rotateBucketController)
    this.startListeneningForRotateEvent()
    // A breaker's options may have both; its status goes first.
    if (options.stats && !options.status) prime(this, options.stats)
  }

  /** What happened in the window, counted together. */
  get stats () {
    return readTogether(this).stats
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
    unlisten(this.rotateBucketController, this.rotateBucket)
  }

  // opossum's spelling.
  startListeneningForRotateEvent () {
    listen(this.rotateBucketController, this.rotateBucket)
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

  // Only a window without a breaker hears for itself.
  [TELL] (next) {
    if (next === SNAPSHOT) tellSnapshot(this)
  }
}

Object.defineProperty(Status.prototype, INSPECT, {
  configurable: true,
  value: shownAs(status => ({ buckets: status.window.length, ...ratesOf(status.stats) })),
  writable: true
})

// What a breaker does with a status. Functions, for what is a user's has the methods of
// opossum's alone.

/**
 * Makes it the status of a breaker with that native half, which takes over the window as it
 * stands. False if it is another breaker's already; that one keeps it.
 *
 * @param {Status} status
 * @param {any} breaker
 * @param {import('../src/node/binding').Handle} handle
 */
function handOver (status, breaker, handle) {
  handle.copyWindow(status[HANDLE])
  if (status[OWNER]) return false
  status[OWNER] = breaker
  status[HANDLE] = handle
  status[VIEWS] = new Map()
  status.removeRotateBucketControllerListener()
  status.rotateBucket = rotation(handle, status.rotateBucketController)
  status.startListeneningForRotateEvent()
  if (status.listenerCount('snapshot') > 0) listenForSnapshots(status, 'snapshot')
  return true
}

/**
 * Has the window of a breaker follow other options: whom it hears, and what it tells. Nothing has
 * changed if that throws, which the controller may, or when it is undone; else it is to be
 * finished.
 *
 * @param {import('./inner').Inner} inner
 */
function followOptions (inner, options) {
  const { rotateBucketController: controller } = options
  if (inner.status === undefined) {
    if (!controller) return NOTHING
    const made = new Status({ ...options, stats: undefined }, inner.breaker, inner.handle)
    inner.status = made
    return {
      finish () {},
      undo () {
        inner.status = undefined
        made.removeRotateBucketControllerListener()
      }
    }
  }
  const { status } = inner
  const { rotateBucket, rotateBucketController: before } = status
  const changes = controller !== before
  const next = changes ? rotation(inner.handle, controller) : rotateBucket
  if (changes && isListening(inner)) listen(controller, next)
  return {
    finish () {
      status.rollingPercentilesEnabled = isOn('rollingPercentilesEnabled', options.rollingPercentilesEnabled)
      status.enableSnapshots = isOn('enableSnapshots', options.enableSnapshots)
      status[HANDLE].setSnapshots(status.enableSnapshots && status.listenerCount('snapshot') > 0)
      if (!changes) return
      status.rotateBucketController = controller
      status.rotateBucket = next
      try {
        unlisten(before, rotateBucket)
      } catch (error) {
        throwAsync(error)
      }
    },
    undo () {
      if (changes) unlisten(controller, next)
    }
  }
}

/**
 * Another thread has turned a breaker off or on: its window hears the controller, or does not, as
 * if JavaScript had done it.
 *
 * @param {import('./inner').Inner} inner
 */
function followSwitch (inner) {
  const { status } = inner
  if (status === undefined) return
  if (isListening(inner)) status.startListeneningForRotateEvent()
  else status.removeRotateBucketControllerListener()
}

// Those that are disabled, each by itself, hear nobody.
function isListening ({ id }) {
  return (state(id) & (IS_SHUTDOWN | IS_SWITCHED_ON)) === IS_SWITCHED_ON
}

const NOTHING = { finish () {}, undo () {} }

/** Makes the newest bucket that of earlier stats. */
function prime (status, stats) {
  Object.assign(status.window[0], pick(stats, [...COUNTS, 'latencyTimes']))
}

/**
 * A bucket is complete: tells those who listen, until nobody does.
 *
 * @param {Status} status
 */
function tellSnapshot (status) {
  if (status.listenerCount('snapshot') > 0) {
    emit(status, 'snapshot', status.stats)
  } else {
    status[HANDLE].setSnapshots(false)
  }
}

/**
 * The stats of a window, where the circuit of its breaker stood at that moment, in bits, and what of that which the
 * breaker has learned another is to go on from.
 */
function readTogether ({ [HANDLE]: handle }) {
  const read = handle.readStats()
  const stats = counts()
  stats.percentiles = quantiles(STATS_QUANTILES)
  defineLatencies(stats, statsBetween(STATS_HISTOGRAM, read))
  stats.latencyMean = stat(STATS_MEAN)
  const queued = stat(STATS_QUEUED)
  if (queued >= 0) stats.queued = queued
  return { bits: stat(STATS_STATE), learned: readLearned(stats), stats }
}

// Those who learn nothing have the stats of opossum's.
function readLearned (stats) {
  const timeout = stat(STATS_LEARNED_TIMEOUT)
  const limit = stat(STATS_CAPACITY_LIMIT)
  if (timeout < 0 && limit < 0) return undefined
  const learned = {}
  if (timeout >= 0) {
    stats.learnedTimeout = rounded(timeout)
    if (stat(STATS_HAS_LEARNED) === 1) learned.learnedTimeout = stats.learnedTimeout
  }
  if (limit >= 0) {
    stats.capacityLimit = limit
    const usual = stat(STATS_USUAL_LATENCY)
    if (usual > 0) Object.assign(learned, { capacityLimit: limit, usualLatency: usual })
  }
  return learned
}

module.exports = { Status, followOptions, followSwitch, handOver, prime, readTogether, tellSnapshot }

/** @param {Status} status */
function listenForSnapshots (status, name) {
  if (name === 'snapshot' && status.enableSnapshots) status[HANDLE].setSnapshots(true)
}

/**
 * The emitter must not keep the window alive.
 *
 * @param {import('../src/node/binding').Handle} handle
 */
function rotation (handle, controller) {
  const window = new WeakRef(handle)
  return function rotateBucket () {
    const alive = window.deref()
    if (alive) alive.rotate()
    else unlisten(controller, rotateBucket)
  }
}

function listen (controller, rotateBucket) {
  if (!controller || controller.listeners('rotate').includes(rotateBucket)) return
  // It is there to be shared, by any number of breakers.
  moveLimit(controller, 1)
  controller.on('rotate', rotateBucket)
}

function unlisten (controller, rotateBucket) {
  if (!controller?.listeners('rotate').includes(rotateBucket)) return
  controller.removeListener('rotate', rotateBucket)
  moveLimit(controller, -1)
}

// How many listeners an emitter may have before Node warns of a leak: the breakers are not to
// be among those whom its owner counts. Below 1 there is no limit; other emitters have none.
function moveLimit (controller, by) {
  const limit = controller.getMaxListeners?.()
  if (limit > 0) controller.setMaxListeners(Math.max(1, limit + by))
}

function pick (object, names) {
  return Object.fromEntries(names.filter(name => object[name]).map(name => [name, object[name]]))
}

function latencyList (values) {
  return Array.from(values, value => Number(value) || 0)
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

/**
 * A histogram, as the native side leaves it, as a list.
 *
 * @param {number[]} histogram
 */
function writtenOut ([least, greatest, ...bins]) {
  const list = []
  for (const number of bins) {
    const bin = number % BINS
    const latency = Math.min(Math.max(midpoints()[bin], least), greatest)
    for (let left = (number - bin) / BINS; left > 0; left--) list.push(latency)
  }
  return list
}

/**
 * A bucket with the properties of opossum's, each of which reads and writes the window.
 *
 * @param {import('../src/node/binding').Handle} handle
 */
function viewOf (handle, serial, known) {
  const exists = handle.readBucket(serial)
  const marked = exists && stat(BUCKET_CIRCUIT) >= 0
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

/** @type {PropertyDescriptorMap} */
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
    return this[HANDLE].readBucket(this[SERIAL]) && stat(BUCKET_CIRCUIT) === 1
  }
}
