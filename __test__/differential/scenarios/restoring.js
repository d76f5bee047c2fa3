'use strict'

// What toJSON gives, and breakers that begin from it.

const { describeStats } = require('../record')
const { obey, down, NEVER_MS } = require('./actions')

const options = { resetTimeout: NEVER_MS }

/** What a program would have read back from where it stored the breaker. */
function stored (circuit) {
  return JSON.parse(JSON.stringify(circuit))
}

async function restore ({ breaker, checkpoint }, original) {
  const restored = breaker(obey, { ...options, ...stored(original) })
  checkpoint('restored')
  return restored
}

module.exports = {
  'toJSON gives the state and the stats': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, options)
    await watch('call', () => circuit.fire(down()))
    const { state, status, ...rest } = circuit.toJSON()
    note('keys', Object.keys(state).sort(), Object.keys(status).sort(), rest)
    note('status', describeStats(status))
  },

  'an opened breaker says when': async ({ breaker, note }) => {
    const circuit = breaker(obey, options)
    circuit.open()
    const { lastTimerAt } = stored(circuit).state
    note('recently', Math.abs(Date.now() - lastTimerAt) < 5000)
  },

  'a closed breaker is restored with its counts': async scenario => {
    const { breaker, watch } = scenario
    const original = breaker(obey, { ...options, name: 'payments' })
    await watch('success', () => original.fire('fine'))
    await watch('failure', () => original.fire(down()))
    const restored = await restore(scenario, original)
    await watch('opening failure', () => restored.fire(down()))
  },

  'an open breaker is restored': async scenario => {
    const { breaker, watch } = scenario
    const original = breaker(obey, options)
    await watch('failure', () => original.fire(down()))
    const restored = await restore(scenario, original)
    await watch('refused', () => restored.fire('ignored'))
    restored.close()
    await watch('admitted', () => restored.fire('fine'))
  },

  'a half-open breaker is restored': async scenario => {
    const { breaker, watch, halfOpened } = scenario
    const original = breaker(obey, { resetTimeout: 40 })
    original.open()
    await halfOpened(original)
    const restored = await restore(scenario, original)
    await watch('probe', () => restored.fire('fine'))
  },

  'a restored half-open breaker opens again by a failing probe': async ({ breaker, watch, defer }) => {
    const restored = breaker(obey, { ...options, state: { closed: false, halfOpen: true } })
    const work = defer()
    const probe = watch('probe', () => restored.fire(work.promise))
    await watch('second', () => restored.fire('ignored'))
    work.reject(down())
    await probe
  },

  'a breaker that was shut down is restored so': async scenario => {
    const { breaker, watch } = scenario
    const original = breaker(obey, options)
    original.shutdown()
    const restored = await restore(scenario, original)
    await watch('refused', () => restored.fire('ignored'))
  },

  'a disabled breaker is restored': async scenario => {
    const { breaker, watch } = scenario
    const original = breaker(obey, options)
    original.disable()
    const restored = await restore(scenario, original)
    await watch('unguarded', () => restored.fire(down()))
    restored.enable()
    await watch('guarded', () => restored.fire('fine'))
  },

  'a breaker that warms up is restored': async scenario => {
    const { breaker, watch } = scenario
    const original = breaker(obey, { ...options, allowWarmUp: true })
    const restored = await restore(scenario, original)
    await watch('failure', () => restored.fire(down()))
  },

  'an open state without its time waits the whole reset time': async ({ breaker, watch, halfOpened, checkpoint }) => {
    const restored = breaker(obey, { resetTimeout: 250, state: { closed: false } })
    checkpoint('restored')
    await halfOpened(restored)
    await watch('probe', () => restored.fire('fine'))
  },

  'an open state that is older than the reset time begins half open': async ({ breaker, watch, checkpoint }) => {
    const restored = breaker(obey, { ...options, state: { closed: false, lastTimerAt: 0 } })
    checkpoint('restored')
    await watch('probe', () => restored.fire('fine'))
  },

  'an empty state is closed and enabled': async ({ breaker, checkpoint }) => {
    breaker(obey, { ...options, state: {} })
    checkpoint('restored')
  },

  'a state outdoes enabled: false': async ({ breaker, checkpoint }) => {
    breaker(obey, { ...options, enabled: false, state: { closed: true } })
    breaker(obey, { ...options, state: { enabled: false } })
    checkpoint('restored')
  },

  'stats alone are restored from a plain object': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { ...options, status: { fires: 100, successes: 60, failures: 40 } })
    checkpoint('primed')
    await watch('failure', () => circuit.fire(down()))
  },

  'restored stats open at the next failure where the rate is above the threshold': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { ...options, status: { fires: 100, failures: 90, rejects: 5, fallbacks: 7 } })
    await watch('success', () => circuit.fire('fine'))
    await watch('opening failure', () => circuit.fire(down()))
  },

  'restored stats count to the volume threshold': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { ...options, volumeThreshold: 10, status: { fires: 9, failures: 9 } })
    await watch('opening failure', () => circuit.fire(down()))
  }
}
