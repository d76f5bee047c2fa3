'use strict'

// Disabling, shutting down, warming up and health checks.

const { EventEmitter } = require('events')
const { obey, down, NEVER_MS } = require('./actions')

module.exports = {
  'a disabled breaker lets every call pass and counts only fires': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { capacity: 0 })
    circuit.fallback(() => 'instead')
    circuit.disable()
    checkpoint('disabled')
    await watch('success', () => circuit.fire('fine'))
    await watch('failure', () => circuit.fire(down()))
  },

  'a disabled breaker gives the action\'s own promise back': async ({ breaker, watch, note }) => {
    const work = Promise.resolve('fine')
    const circuit = breaker(() => work, { enabled: false })
    note('the very promise', circuit.fire() === work)
    await watch('call', () => circuit.fire())
  },

  'a disabled breaker lets the action throw': async ({ breaker, watch }) => {
    const circuit = breaker(() => { throw down() }, { enabled: false })
    await watch('call', () => circuit.fire())
  },

  'a disabled breaker has no timeout': async ({ breaker, watch, defer, sleep }) => {
    const work = defer()
    const circuit = breaker(obey, { enabled: false, timeout: 20 })
    const call = watch('call', () => circuit.fire(work.promise))
    await sleep(60)
    work.resolve('slow')
    await call
  },

  'enabled: false begins disabled, enable ends it': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { enabled: false })
    checkpoint('disabled from the start')
    await watch('unguarded', () => circuit.fire(down()))
    circuit.enable()
    checkpoint('enabled')
    await watch('guarded', () => circuit.fire(down()))
  },

  'an open breaker stays open through disable and enable': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.open()
    circuit.disable()
    await watch('passes', () => circuit.fire('fine'))
    checkpoint('open and disabled')
    circuit.enable()
    await watch('refused', () => circuit.fire('ignored'))
  },

  'a disabled breaker half-opens all the same': async ({ breaker, watch, halfOpened }) => {
    const circuit = breaker(obey, { resetTimeout: 40 })
    circuit.open()
    circuit.disable()
    await halfOpened(circuit)
    await watch('passes', () => circuit.fire('fine'))
    circuit.enable()
    await watch('probe', () => circuit.fire('fine'))
  },

  'a call in flight when the breaker is disabled still counts': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    const call = watch('call', () => circuit.fire(work.promise))
    circuit.disable()
    work.reject(down())
    await call
  },

  'enable and disable twice in a row': async ({ breaker, note, checkpoint }) => {
    const circuit = breaker(obey)
    note('return', circuit.disable(), circuit.disable())
    checkpoint('disabled')
    note('return', circuit.enable(), circuit.enable())
  },

  'a breaker that is shut down refuses with ESHUTDOWN and says nothing': async scenario => {
    const { breaker, watch, note, checkpoint } = scenario
    const circuit = breaker(obey)
    await watch('success', () => circuit.fire('fine'))
    circuit.fallback(() => 'instead')
    note('shutdown returns', circuit.shutdown())
    checkpoint('shut down')
    await watch('refused', () => circuit.fire('ignored'))
    note('listeners left', circuit.eventNames())
  },

  'state as a shutdown listener sees it': async ({ breaker, checkpoint }) => {
    const circuit = breaker(obey)
    circuit.on('shutdown', () => checkpoint('at shutdown'))
    circuit.shutdown()
  },

  'a call in flight at shutdown succeeds, uncounted': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey)
    const call = watch('call', () => circuit.fire(work.promise))
    circuit.shutdown()
    work.resolve('late')
    await call
  },

  'a call in flight at shutdown fails, uncounted': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey)
    const call = watch('call', () => circuit.fire(work.promise))
    circuit.shutdown()
    work.reject(down())
    await call
  },

  'a call in flight at shutdown falls back, uncounted': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey)
    circuit.fallback(() => 'instead')
    const call = watch('call', () => circuit.fire(work.promise))
    circuit.shutdown()
    work.reject(down())
    await call
  },

  'a call in flight at shutdown times out, uncounted': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey, { timeout: 40 })
    const call = watch('call', () => circuit.fire(work.promise))
    circuit.shutdown()
    await call
    work.resolve('too late')
  },

  'an open breaker that is shut down never half-opens': async ({ breaker, sleep, checkpoint }) => {
    const circuit = breaker(obey, { resetTimeout: 30 })
    circuit.open()
    circuit.shutdown()
    checkpoint('shut down')
    await sleep(90)
  },

  'shutting down twice': async ({ breaker, watch }) => {
    const circuit = breaker(obey)
    circuit.shutdown()
    circuit.shutdown()
    await watch('refused', () => circuit.fire('ignored'))
  },

  'warming up, failures do not open': async ({ breaker, watch, until, checkpoint }) => {
    // Buckets that rotate by hand only: the end of the warm-up is the end of the window.
    const rotateBucketController = new EventEmitter()
    const circuit = breaker(obey, {
      allowWarmUp: true, rollingCountTimeout: 250, rotateBucketController, resetTimeout: NEVER_MS
    })
    checkpoint('warming up')
    await watch('failure', () => circuit.fire(down()))
    await watch('failure', () => circuit.fire(down()))
    checkpoint('still closed')
    await until(() => !circuit.warmUp)
    await watch('opening failure', () => circuit.fire(down()))
  },

  'warming up, a breaker opens by hand': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { allowWarmUp: true, resetTimeout: NEVER_MS })
    circuit.open()
    checkpoint('opened by hand')
    await watch('refused', () => circuit.fire('ignored'))
  },

  'a failing health check opens': async ({ breaker, watch, note, settle }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.healthCheck(async function () {
      note('this is the breaker', this === circuit)
      throw down()
    }, NEVER_MS)
    note('healthCheck has returned')
    await settle()
    await watch('refused', () => circuit.fire('ignored'))
  },

  'a passing health check changes nothing': async ({ breaker, watch, settle }) => {
    const circuit = breaker(obey)
    circuit.healthCheck(async () => 'well', NEVER_MS)
    await settle()
    await watch('admitted', () => circuit.fire('fine'))
  },

  'a health check is repeated': async ({ breaker, until }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    let checks = 0
    circuit.healthCheck(async () => { if (++checks === 3) throw down() }, 30)
    await until(() => circuit.opened)
  },

  'a health check must be a function': async ({ breaker, refusal }) => {
    const circuit = breaker(obey)
    refusal('a word', () => circuit.healthCheck('well'))
    refusal('nothing', () => circuit.healthCheck())
  }
}
