'use strict'

// From open through half-open back to closed, or back to open.

const { obey, down, NEVER_MS } = require('./actions')

const RESET_MS = 40
/** Where something is looked at before the reset time is over. */
const LONG_RESET_MS = 250

/** A breaker that has opened by a failure and has waited its reset time. */
async function probing ({ breaker, watch, halfOpened }, options = {}) {
  const circuit = breaker(obey, { resetTimeout: RESET_MS, ...options })
  await watch('failure', () => circuit.fire(down()))
  await halfOpened(circuit)
  return circuit
}

module.exports = {
  'after the reset time one success closes, and close comes before success': async scenario => {
    const { watch, checkpoint } = scenario
    const circuit = await probing(scenario)
    checkpoint('half open')
    await watch('probe', () => circuit.fire('fine'))
    checkpoint('after the probe')
    await watch('next', () => circuit.fire('fine'))
  },

  'nothing is admitted before the reset time': async ({ breaker, watch, halfOpened, checkpoint }) => {
    const circuit = breaker(obey, { resetTimeout: LONG_RESET_MS })
    circuit.open()
    await watch('refused', () => circuit.fire('ignored'))
    checkpoint('waiting')
    await halfOpened(circuit)
  },

  'a failing probe opens again, and half-opens again': async scenario => {
    const { watch, halfOpened, checkpoint } = scenario
    const circuit = await probing(scenario)
    circuit.options.resetTimeout = LONG_RESET_MS
    await watch('failing probe', () => circuit.fire(down()))
    checkpoint('open again')
    await halfOpened(circuit)
    await watch('good probe', () => circuit.fire('fine'))
  },

  'a throwing probe opens again': async ({ breaker, watch, halfOpened }) => {
    const circuit = breaker(() => { throw down() }, { resetTimeout: RESET_MS })
    await watch('failure', () => circuit.fire())
    await halfOpened(circuit)
    circuit.options.resetTimeout = NEVER_MS
    await watch('throwing probe', () => circuit.fire())
  },

  'a probe that times out opens again': async scenario => {
    const { watch, defer, settle } = scenario
    const circuit = await probing(scenario, { timeout: 40 })
    circuit.options.resetTimeout = NEVER_MS
    const work = defer()
    await watch('slow probe', () => circuit.fire(work.promise))
    work.resolve('too late')
    await settle()
  },

  'a probe opens again whatever the volume and the error rate': async ({ breaker, watch, halfOpened }) => {
    const circuit = breaker(obey, {
      resetTimeout: RESET_MS, volumeThreshold: 10, errorThresholdPercentage: 100
    })
    circuit.open()
    await halfOpened(circuit)
    circuit.options.resetTimeout = NEVER_MS
    await watch('failing probe', () => circuit.fire(down()))
  },

  'a second call while the probe is out is rejected': async scenario => {
    const { watch, defer, checkpoint } = scenario
    const circuit = await probing(scenario)
    const work = defer()
    const probe = watch('probe', () => circuit.fire(work.promise))
    checkpoint('probe out')
    await watch('second', () => circuit.fire('ignored'))
    await watch('third', () => circuit.fire('ignored'))
    work.resolve('fine')
    await probe
  },

  'a second call while the probe is out falls back': async scenario => {
    const { watch, defer } = scenario
    const circuit = await probing(scenario)
    circuit.fallback(order => `instead of ${order}`)
    const work = defer()
    const probe = watch('probe', () => circuit.fire(work.promise))
    await watch('second', () => circuit.fire('second'))
    work.resolve('fine')
    await probe
  },

  'a probe fired inside the halfOpen listener closes': async ({ breaker, watch, defer }) => {
    const circuit = breaker(obey, { resetTimeout: RESET_MS })
    const probed = defer()
    circuit.on('halfOpen', () => probed.resolve(watch('probe', () => circuit.fire('fine'))))
    await watch('failure', () => circuit.fire(down()))
    await probed.promise
    await watch('next', () => circuit.fire('fine'))
  },

  'probes fired inside the halfOpen listener until one succeeds': async ({ breaker, watch, defer }) => {
    const circuit = breaker(obey, { resetTimeout: RESET_MS })
    const orders = [down(), down(), 'fine']
    const closed = defer()
    circuit.on('close', () => closed.resolve())
    circuit.on('halfOpen', () => watch('probe', () => circuit.fire(orders.shift())))
    await watch('failure', () => circuit.fire(down()))
    await closed.promise
  },

  'a half-open breaker waits for its probe as long as it takes': async scenario => {
    const { sleep, checkpoint } = scenario
    await probing(scenario)
    await sleep(3 * RESET_MS)
    checkpoint('still half open')
  },

  'a probe that finds no place of the capacity': async ({ breaker, watch, halfOpened, checkpoint }) => {
    const circuit = breaker(obey, { resetTimeout: RESET_MS, capacity: 1 })
    circuit.open()
    await circuit.semaphore.take()
    await halfOpened(circuit)
    circuit.options.resetTimeout = NEVER_MS
    await watch('locked probe', () => circuit.fire('ignored'))
    checkpoint('after the locked probe')
    circuit.semaphore.release()
    await watch('probe', () => circuit.fire('fine'))
  },

  'a probe that hangs where there is no timeout': async scenario => {
    const { watch, defer, sleep } = scenario
    const circuit = await probing(scenario, { timeout: false })
    const work = defer()
    const probe = watch('hung probe', () => circuit.fire(work.promise))
    await sleep(3 * RESET_MS)
    await watch('second', () => circuit.fire('fine'))
    await watch('third', () => circuit.fire('fine'))
    work.resolve('fine')
    await probe
  },

  'a probe with a timeout is the only one until that is over': async scenario => {
    const { watch, defer, sleep, checkpoint } = scenario
    const circuit = await probing(scenario, { timeout: LONG_RESET_MS })
    const work = defer()
    const probe = watch('slow probe', () => circuit.fire(work.promise))
    await sleep(2 * RESET_MS)
    checkpoint('probe out')
    await watch('second', () => circuit.fire('ignored'))
    work.resolve('fine')
    await probe
  },

  'a failing probe falls back': async scenario => {
    const { watch } = scenario
    const circuit = await probing(scenario)
    circuit.options.resetTimeout = NEVER_MS
    circuit.fallback(() => 'instead')
    await watch('failing probe', () => circuit.fire(down()))
  },

  'closing a half-open breaker by hand': async scenario => {
    const { watch, checkpoint } = scenario
    const circuit = await probing(scenario)
    circuit.close()
    checkpoint('closed by hand')
    await watch('success', () => circuit.fire('fine'))
  },

  'closing by hand while the probe is out; its success closes nothing twice': async scenario => {
    const { watch, defer } = scenario
    const circuit = await probing(scenario)
    const work = defer()
    const probe = watch('probe', () => circuit.fire(work.promise))
    circuit.close()
    await watch('next', () => circuit.fire('fine'))
    work.resolve('fine')
    await probe
  },

  'opening a half-open breaker by hand makes it wait again': async scenario => {
    const { watch, halfOpened, checkpoint } = scenario
    const circuit = await probing(scenario)
    circuit.options.resetTimeout = LONG_RESET_MS
    circuit.open()
    checkpoint('opened by hand')
    await watch('refused', () => circuit.fire('ignored'))
    await halfOpened(circuit)
    await watch('probe', () => circuit.fire('fine'))
  },

  'closing by hand calls the reset off': async ({ breaker, watch, sleep }) => {
    const circuit = breaker(obey, { resetTimeout: RESET_MS })
    circuit.open()
    circuit.close()
    await sleep(3 * RESET_MS)
    await watch('success', () => circuit.fire('fine'))
  },

  'a breaker opened twice by hand half-opens once': async ({ breaker, halfOpened, sleep }) => {
    const circuit = breaker(obey, { resetTimeout: RESET_MS })
    circuit.open()
    circuit.open()
    await halfOpened(circuit)
    await sleep(2 * RESET_MS)
  },

  'the count of a probe adds to the counts before': async scenario => {
    const { watch } = scenario
    const circuit = await probing(scenario)
    circuit.options.resetTimeout = NEVER_MS
    await watch('probe', () => circuit.fire('fine'))
    await watch('failure too many', () => circuit.fire(down()))
  }
}
