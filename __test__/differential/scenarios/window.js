'use strict'

// The window in the hands of its user: rotated by an emitter, primed, written to, and
// heard by snapshots.

const { EventEmitter } = require('events')
const { describeStats } = require('../record')
const { obey, down, NEVER_MS } = require('./actions')

const COUNTS = [
  'failures', 'fallbacks', 'successes', 'rejects', 'fires', 'timeouts', 'cacheHits', 'cacheMisses',
  'coalesceCacheHits', 'coalesceCacheMisses', 'semaphoreRejections'
]
const each = Object.fromEntries(COUNTS.map((name, index) => [name, index + 1]))

function countsOf (stats) {
  return Object.fromEntries(COUNTS.map(name => [name, stats[name]]))
}

module.exports = {
  'a status may be primed with every count': async ({ CircuitBreaker, breaker, note }) => {
    const circuit = breaker(obey, { status: CircuitBreaker.newStatus({ stats: each }) })
    note('stats', countsOf(circuit.stats))
    note('newest bucket', countsOf(circuit.status.window[0]), circuit.status.window[1].fires)
  },

  'plain stats may bring every count': async ({ breaker, note }) => {
    note('stats', countsOf(breaker(obey, { status: each }).stats))
  },

  'stats among the options are those to begin with': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { stats: { fires: 10, successes: 10 }, resetTimeout: NEVER_MS })
    await watch('failure', () => circuit.fire(down()))
    note('stats', countsOf(circuit.stats))
    note('a status goes first', countsOf(breaker(obey, { stats: { fires: 10 }, status: { rejects: 3 } }).stats))
  },

  'latencies may be primed': async ({ CircuitBreaker, note }) => {
    const status = CircuitBreaker.newStatus({ stats: { latencyTimes: [1, 2, 3, 4] } })
    note('measures', status.stats.latencyTimes, status.stats.latencyMean, status.stats.percentiles)
    status.shutdown()
  },

  'a primed bucket shows all that it was given': async ({ CircuitBreaker, note }) => {
    const status = CircuitBreaker.newStatus({ stats: { fires: 3, latencyMean: 4, custom: 'kept' } })
    note('bucket', status.window[0])
    note('stats', Object.keys(status.stats).sort())
    status.shutdown()
  },

  'the stats of one breaker begin another': async ({ CircuitBreaker, breaker, watch, note, checkpoint }) => {
    const first = breaker(obey, { errorThresholdPercentage: 100 })
    await watch('success', () => first.fire('fine'))
    await watch('failure', () => first.fire(down()))
    const second = breaker(obey, { status: CircuitBreaker.newStatus({ stats: first.stats }) })
    checkpoint('primed')
    note('the window', second.status.window.map(bucket => bucket.fires))
  },

  'a lone status has the buckets it was asked for': async ({ CircuitBreaker, note }) => {
    for (const options of [{}, { rollingCountBuckets: 3 }, { rollingCountBuckets: 0, rollingCountTimeout: 0 }]) {
      const status = CircuitBreaker.newStatus(options)
      note('buckets', status.window.length, status.rollingPercentilesEnabled, status.enableSnapshots)
      status.shutdown()
    }
  },

  'a lone status counts by increment': async ({ CircuitBreaker, note }) => {
    const status = CircuitBreaker.newStatus({})
    for (const name of COUNTS) status.increment(name)
    status.increment('successes', 4)
    status.increment('fires', 4)
    note('stats', countsOf(status.stats), status.stats.latencyTimes)
    status.shutdown()
  },

  'a lone status notes openings': async ({ CircuitBreaker, note }) => {
    const status = CircuitBreaker.newStatus({ rollingCountBuckets: 2 })
    const marks = () => status.window.map(bucket => bucket.isCircuitBreakerOpen)
    note('marks', marks())
    status.open()
    note('open', marks())
    status.rotateBucket()
    note('rotated', marks())
    status.close()
    note('closed', marks())
    status.shutdown()
  },

  'rotateBucket may be called by hand, and alone': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { rollingCountTimeout: NEVER_MS, rollingCountBuckets: 2 })
    await watch('call', () => circuit.fire('fine'))
    const { rotateBucket } = circuit.status
    rotateBucket()
    note('fires', circuit.status.window.map(bucket => bucket.fires))
    rotateBucket()
    note('fires', circuit.status.window.map(bucket => bucket.fires), circuit.stats.fires)
  },

  'a lone status rotates by the clock': async ({ CircuitBreaker, note, until }) => {
    const status = CircuitBreaker.newStatus({ rollingCountTimeout: 100, rollingCountBuckets: 2, stats: { fires: 3 } })
    await until(() => status.stats.fires === 0)
    note('empty', countsOf(status.stats))
    status.shutdown()
  },

  'a lone status takes snapshots': async ({ CircuitBreaker, note, until }) => {
    const status = CircuitBreaker.newStatus({ rollingCountTimeout: NEVER_MS, rollingCountBuckets: NEVER_MS / 20, stats: each })
    let snapshot
    status.once('snapshot', stats => { snapshot = stats })
    await until(() => snapshot)
    note('snapshot', countsOf(snapshot))
    status.shutdown()
  },

  'a given status decides on its own window': async ({ CircuitBreaker, breaker, watch, until, note }) => {
    const status = CircuitBreaker.newStatus({
      rollingCountTimeout: 100, rollingCountBuckets: 2, rollingPercentilesEnabled: false
    })
    const circuit = breaker(obey, { status, rollingCountTimeout: NEVER_MS, rollingCountBuckets: 5 })
    note('buckets', circuit.status.window.length, circuit.stats.latencyMean, circuit.options.rollingPercentilesEnabled)
    await watch('call', () => circuit.fire('fine'))
    await until(() => circuit.stats.fires === 0)
    note('empty', circuit.stats.latencyMean)
  },

  'a given status rotates by its own controller': async ({ CircuitBreaker, breaker, watch, note }) => {
    const [its, breakers] = [new EventEmitter(), new EventEmitter()]
    const status = CircuitBreaker.newStatus({ rotateBucketController: its, rollingCountBuckets: 3 })
    const circuit = breaker(obey, { status, rotateBucketController: breakers })
    const fires = () => circuit.status.window.map(bucket => bucket.fires)
    await watch('call', () => circuit.fire('fine'))
    breakers.emit('rotate')
    note('the breaker\'s is not heard', fires(), breakers.listenerCount('rotate'))
    its.emit('rotate')
    note('its own is', fires(), its.listenerCount('rotate'))
  },

  'a given status is shut down with its breaker': async ({ CircuitBreaker, breaker, note }) => {
    const status = CircuitBreaker.newStatus({ rotateBucketController: new EventEmitter() })
    status.on('snapshot', () => note('a snapshot'))
    breaker(obey, { status }).shutdown()
    note('listeners', status.eventNames(), status.rotateBucketController.listenerCount('rotate'))
  },

  'a controller does not rotate by the clock': async ({ breaker, watch, sleep, note }) => {
    const circuit = breaker(obey, { rotateBucketController: new EventEmitter(), rollingCountTimeout: 40, rollingCountBuckets: 2 })
    await watch('call', () => circuit.fire('fine'))
    await sleep(100)
    note('fires', circuit.status.window.map(bucket => bucket.fires))
  },

  'snapshots come by the clock where a controller rotates': async ({ breaker, defer, note }) => {
    const rotateBucketController = new EventEmitter()
    const { status } = breaker(obey, { rotateBucketController, rollingCountTimeout: 40, rollingCountBuckets: 2 })
    const seen = defer()
    status.once('snapshot', seen.resolve)
    note('snapshot', describeStats(await seen.promise))
  },

  'a controller is listened to once, however often it is enabled': async ({ breaker, watch, note }) => {
    const rotateBucketController = new EventEmitter()
    const circuit = breaker(obey, { rotateBucketController, rollingCountBuckets: 4 })
    const listeners = () => rotateBucketController.listenerCount('rotate')
    circuit.enable()
    circuit.enable()
    note('enabled', listeners())
    circuit.disable()
    circuit.disable()
    note('disabled', listeners())
    circuit.enable()
    note('enabled', listeners())
    await watch('call', () => circuit.fire('fine'))
    rotateBucketController.emit('rotate')
    note('fires', circuit.status.window.map(bucket => bucket.fires))
  },

  'a breaker that begins disabled listens to its controller': async ({ breaker, note }) => {
    const rotateBucketController = new EventEmitter()
    const circuit = breaker(obey, { rotateBucketController, enabled: false })
    note('listeners', rotateBucketController.listenerCount('rotate'))
    circuit.enable()
    note('enabled', rotateBucketController.listenerCount('rotate'))
  },

  'the status says what it lives by': async ({ breaker, note }) => {
    const rotateBucketController = new EventEmitter()
    const { status } = breaker(obey, { rotateBucketController, enableSnapshots: false })
    note('fields', status.rotateBucketController === rotateBucketController, status.enableSnapshots, status.rollingPercentilesEnabled)
    note('rotates', rotateBucketController.listeners('rotate')[0] === status.rotateBucket)
    note('without', breaker(obey).status.rotateBucketController, breaker(obey).options.rotateBucketController)
    const methods = ['increment', 'open', 'close', 'shutdown', 'removeRotateBucketControllerListener',
      'startListeneningForRotateEvent', 'rotateBucket']
    note('methods', methods.map(name => typeof status[name]))
    note('class', status.constructor.name, status instanceof EventEmitter)
  },

  'many breakers on one controller leave it one by one': async ({ breaker, note }) => {
    const rotateBucketController = new EventEmitter()
    const circuits = [1, 2, 3].map(() => breaker(obey, { rotateBucketController }))
    const left = circuits.map(circuit => {
      circuit.shutdown()
      return rotateBucketController.listenerCount('rotate')
    })
    note('left', left)
  },

  'only false switches percentiles and snapshots off': async ({ breaker, note }) => {
    for (const value of [undefined, null, 0, '', false]) {
      const { options, status } = breaker(obey, { rollingPercentilesEnabled: value, enableSnapshots: value })
      note('options', options.rollingPercentilesEnabled, options.enableSnapshots)
      note('status', status.rollingPercentilesEnabled, status.enableSnapshots)
    }
  },

  'percentiles of a single latency, and of a thousand': async ({ CircuitBreaker, note }) => {
    for (const count of [1, 1000]) {
      const status = CircuitBreaker.newStatus({ stats: { latencyTimes: new Array(count).fill(8) } })
      note('measures', status.stats.latencyMean, status.stats.percentiles)
      status.shutdown()
    }
  },

  'a bucket lists its counts': async ({ breaker, note }) => {
    const [bucket] = breaker(obey).status.window
    note('keys', Object.keys(bucket), Object.keys({ ...bucket }), JSON.stringify(bucket))
  },

  'a bucket may be given fields of the program\'s own': async ({ breaker, note }) => {
    const { status } = breaker(obey, { rollingCountTimeout: NEVER_MS })
    status.window[0].region = 'north'
    note('kept', status.window[0].region, status.window[1].region)
    status.rotateBucket()
    note('moved on', status.window[1].region, status.stats.region)
  },

  'a bucket\'s latencies may be replaced': async ({ breaker, note }) => {
    const { status } = breaker(obey, { rollingCountTimeout: NEVER_MS })
    status.window[0].latencyTimes = [4, 4]
    note('measures', status.window[0].latencyTimes, status.stats.latencyMean, status.stats.latencyTimes)
    status.window[0].latencyTimes = []
    note('none', status.stats.latencyMean, status.stats.latencyTimes)
  },

  'a bucket\'s latencies may be added to': async ({ breaker, note }) => {
    const { status } = breaker(obey, { rollingCountTimeout: NEVER_MS })
    status.window[0].latencyTimes.push(4)
    note('measures', status.stats.latencyMean)
  },

  'the window itself may be cut to pieces, for it is a copy': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { rollingCountTimeout: NEVER_MS })
    await watch('call', () => circuit.fire('fine'))
    circuit.status.window.length = 0
    note('fires', circuit.stats.fires, circuit.status.window.length)
  },

  'every kind of call counts where it should': async ({ breaker, watch, defer, note }) => {
    const work = defer()
    const circuit = breaker(obey, {
      cache: true,
      coalesce: true,
      coalesceResetOn: ['error', 'success', 'timeout'],
      cacheGetKey: (order, key) => key,
      capacity: 1,
      timeout: 40,
      errorThresholdPercentage: 100
    })
    circuit.fallback(() => 'instead')
    await watch('success', () => circuit.fire('fine', 1))
    await watch('hit', () => circuit.fire('fine', 1))
    await watch('failure', () => circuit.fire(down(), 2))
    const late = watch('timeout', () => circuit.fire(work.promise, 3))
    const joined = watch('joined', () => circuit.fire('ignored', 3))
    await watch('locked', () => circuit.fire('fine', 4))
    await Promise.all([late, joined])
    circuit.open()
    await watch('refused', () => circuit.fire('fine', 5))
    note('stats', countsOf(circuit.stats), circuit.stats.latencyTimes.length)
    work.resolve('too late')
  },

  'the mark of a restored open circuit': async ({ breaker, note }) => {
    const marks = state => breaker(obey, { state }).status.window[0].isCircuitBreakerOpen
    note('open', marks({ closed: false }))
    note('closed', marks({ closed: true }))
    note('half open', marks({ closed: false, halfOpen: true }))
    note('half open for its age', marks({ closed: false, lastTimerAt: 0 }))
  }
}
