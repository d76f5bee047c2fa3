'use strict'

// The rolling window and the statistics over it.

const { EventEmitter } = require('events')
const { describeStats } = require('../record')
const { obey, down, NEVER_MS } = require('./actions')

module.exports = {
  'an unused breaker has counted nothing': async ({ breaker, note }) => {
    const circuit = breaker(obey)
    note('keys', Object.keys(circuit.stats).sort())
    note('percentiles', Object.keys(circuit.stats.percentiles))
    note('stats', circuit.stats)
  },

  'breaker.stats are those of breaker.status': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey)
    await watch('call', () => circuit.fire('fine'))
    note('status', describeStats(circuit.status.stats))
    const { stats } = circuit
    note('a new object each time', stats !== circuit.stats)
  },

  'stats that were read do not change': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey)
    const before = circuit.stats
    await watch('call', () => circuit.fire('fine'))
    note('before', before)
  },

  'without percentiles every measure is -1': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { rollingPercentilesEnabled: false })
    await watch('success', () => circuit.fire('fine'))
    await watch('failure', () => circuit.fire(down()))
    const { latencyMean, latencyTimes, percentiles } = circuit.stats
    note('measures', latencyMean, latencyTimes, percentiles)
    note('status', circuit.status.rollingPercentilesEnabled, circuit.options.rollingPercentilesEnabled)
  },

  'latencies are in milliseconds': async ({ breaker, watch, defer, sleep, note }) => {
    const work = defer()
    const circuit = breaker(obey)
    const call = watch('call', () => circuit.fire(work.promise))
    await sleep(60)
    work.resolve('slow')
    await call
    const { latencyMean, latencyTimes, percentiles } = circuit.stats
    const plausible = latency => latency >= 55 && latency < NEVER_MS
    const measures = [latencyMean, ...latencyTimes, ...Object.values(percentiles)]
    note('plausible', measures.map(plausible))
  },

  'the window has as many buckets as asked for': async ({ breaker, note }) => {
    for (const rollingCountBuckets of [undefined, 1, 6]) {
      note('buckets', breaker(obey, { rollingCountBuckets }).status.window.length)
    }
  },

  'a fresh bucket': async ({ breaker, note }) => {
    note('bucket', breaker(obey).status.window[9])
  },

  'the newest bucket comes first, and the oldest is dropped': async ({ breaker, watch, note }) => {
    const { circuit, rotate } = rotatable(breaker, { rollingCountBuckets: 3 })
    for (const calls of [1, 2, 3]) {
      for (let index = 0; index < calls; index++) await watch('call', () => circuit.fire('fine'))
      note('fires', firesOf(circuit), circuit.stats.fires)
      rotate()
      note('fires after rotating', firesOf(circuit), circuit.stats.fires)
    }
  },

  'rotating buckets keep what was in them': async ({ breaker, watch, note }) => {
    const { circuit, rotate } = rotatable(breaker)
    await watch('call', () => circuit.fire('fine'))
    const [newest] = circuit.status.window
    rotate()
    note('moved on', circuit.status.window[1] === newest, newest.successes)
    const { window } = circuit.status
    note('the window is a copy', window !== circuit.status.window)
  },

  'the rate is that of the window, not of the newest bucket': async ({ breaker, watch, checkpoint }) => {
    const { circuit, rotate } = rotatable(breaker, { rollingCountBuckets: 3, resetTimeout: NEVER_MS })
    for (let index = 0; index < 2; index++) await watch('success', () => circuit.fire('fine'))
    rotate()
    await watch('failure', () => circuit.fire(down()))
    rotate()
    checkpoint('a third has failed')
    rotate()
    await watch('failure without successes in the window', () => circuit.fire(down()))
  },

  'one controller rotates the buckets of many breakers': async ({ breaker, watch, note }) => {
    const { circuit, rotate, rotateBucketController } = rotatable(breaker)
    const other = breaker(obey, { rotateBucketController })
    await watch('call', () => circuit.fire('fine'))
    await watch('other call', () => other.fire('fine'))
    rotate()
    note('fires', firesOf(circuit), firesOf(other))
  },

  'a controller is let go by shutdown': async ({ CircuitBreaker, note }) => {
    const rotateBucketController = new EventEmitter()
    const circuit = new CircuitBreaker(obey, { rotateBucketController })
    const listeners = () => rotateBucketController.listenerCount('rotate')
    note('listeners', listeners())
    circuit.shutdown()
    note('listeners after shutdown', listeners())
  },

  'a disabled breaker does not listen to its controller': async ({ breaker, watch, note }) => {
    const { circuit, rotate } = rotatable(breaker)
    circuit.disable()
    await watch('call', () => circuit.fire('fine'))
    rotate()
    note('fires while disabled', firesOf(circuit))
    circuit.enable()
    rotate()
    note('fires when enabled', firesOf(circuit))
  },

  'status.window[0].fires-- takes a fire off the rate': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { rollingCountTimeout: NEVER_MS, resetTimeout: NEVER_MS })
    await watch('success', () => circuit.fire('fine'))
    await watch('success', () => circuit.fire('fine'))
    circuit.status.window[0].fires--
    checkpoint('one fire taken off')
    await watch('failure', () => circuit.fire(down()))
    await watch('failure', () => circuit.fire(down()))
  },

  'a reject listener that takes its fire off': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { rollingCountTimeout: NEVER_MS, resetTimeout: NEVER_MS })
    circuit.on('reject', () => circuit.status.window[0].fires--)
    await watch('failure', () => circuit.fire(down()))
    for (let index = 0; index < 3; index++) await watch('refused', () => circuit.fire('ignored'))
    checkpoint('three refusals, not counted as fires')
    circuit.close()
    await watch('success', () => circuit.fire('fine'))
    await watch('failure', () => circuit.fire(down()))
  },

  'successes that are counted by hand are no fires': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { rollingCountTimeout: NEVER_MS, resetTimeout: NEVER_MS })
    for (let index = 0; index < 3; index++) circuit.status.increment('successes', 1)
    circuit.status.window[1].successes = 3
    await watch('success', () => circuit.fire('fine'))
    await watch('failure', () => circuit.fire(down()))
    checkpoint('one in two')
    await watch('opening failure', () => circuit.fire(down()))
  },

  'counts that are set by hand stay, and count on': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { rollingCountTimeout: NEVER_MS, resetTimeout: NEVER_MS })
    Object.assign(circuit.status.window[0], { fires: 10, successes: 8, failures: 2 })
    Object.assign(circuit.status.window[3], { fires: 5, successes: 5 })
    checkpoint('set by hand')
    await watch('failure', () => circuit.fire(down()))
    for (const bucket of circuit.status.window) bucket.failures = bucket.fires
    await watch('opening failure', () => circuit.fire(down()))
  },

  'a bucket says that the breaker opened in it': async ({ breaker, note }) => {
    const circuit = breaker(obey, { rollingCountTimeout: NEVER_MS, resetTimeout: NEVER_MS })
    const marks = () => circuit.status.window.map(bucket => bucket.isCircuitBreakerOpen)
    note('unused', marks())
    circuit.open()
    note('opened', marks())
    circuit.close()
    note('closed', marks())
  },

  'counts leave the window after its time': async ({ breaker, watch, until, checkpoint }) => {
    const circuit = breaker(obey, { rollingCountTimeout: 300, rollingCountBuckets: 2, resetTimeout: NEVER_MS })
    for (let index = 0; index < 3; index++) await watch('success', () => circuit.fire('fine'))
    await watch('failure', () => circuit.fire(down()))
    await until(() => circuit.stats.fires === 0)
    checkpoint('the window is empty')
    await watch('opening failure', () => circuit.fire(down()))
  },

  'a snapshot is emitted every bucket': async ({ breaker, defer, note }) => {
    const { status } = breaker(obey, { rollingCountTimeout: 100, rollingCountBuckets: 2 })
    const seen = defer()
    const snapshots = []
    status.on('snapshot', stats => {
      if (snapshots.push(stats) === 2) seen.resolve()
    })
    await seen.promise
    note('snapshot', describeStats(snapshots[0]))
    note('another', snapshots[0] !== snapshots[1])
    status.removeAllListeners('snapshot')
  },

  'no snapshots where they are switched off': async ({ breaker, sleep, note }) => {
    const { status } = breaker(obey, { rollingCountTimeout: 60, rollingCountBuckets: 2, enableSnapshots: false })
    status.on('snapshot', () => note('a snapshot'))
    await sleep(150)
  },

  'no snapshots after shutdown': async ({ breaker, sleep, note }) => {
    const circuit = breaker(obey, { rollingCountTimeout: 60, rollingCountBuckets: 2 })
    const { status } = circuit
    status.on('snapshot', () => note('a snapshot'))
    circuit.shutdown()
    note('listeners left', status.eventNames())
    status.on('snapshot', () => note('a snapshot after all'))
    await sleep(150)
  },

  'a primed status is the breaker\'s own': async ({ CircuitBreaker, breaker, watch, note, checkpoint }) => {
    const status = CircuitBreaker.newStatus({ rollingCountBuckets: 4, stats: { fires: 10, successes: 9, failures: 1 } })
    const circuit = breaker(obey, { status })
    note('the very status', circuit.status === status, status.window.length)
    checkpoint('primed')
    await watch('failure', () => circuit.fire(down()))
  },

  'a status of another breaker goes on counting': async ({ breaker, watch }) => {
    const first = breaker(obey)
    await watch('success', () => first.fire('fine'))
    const second = breaker(obey, { status: first.status })
    await watch('failure', () => second.fire(down()))
  }
}

/** A breaker whose buckets rotate when the scenario says so, not by the clock. */
function rotatable (breaker, options) {
  const rotateBucketController = new EventEmitter()
  const circuit = breaker(obey, { rotateBucketController, ...options })
  return { circuit, rotateBucketController, rotate: () => rotateBucketController.emit('rotate') }
}

function firesOf (circuit) {
  return circuit.status.window.map(bucket => bucket.fires)
}
