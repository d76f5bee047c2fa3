'use strict'

// Calls that take too long.

const { obey, down, NEVER_MS } = require('./actions')

const TIMEOUT_MS = 30

module.exports = {
  'timeout, failure, open and fallback come in this order': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey, { timeout: TIMEOUT_MS, resetTimeout: NEVER_MS })
    circuit.fallback(() => 'instead')
    await watch('call', () => circuit.fire(work.promise, 'second argument'))
    work.resolve('too late')
  },

  'a timeout rejects with ETIMEDOUT': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey, { timeout: TIMEOUT_MS, resetTimeout: NEVER_MS })
    await watch('call', () => circuit.fire(work.promise))
    work.resolve('too late')
  },

  'a success after the timeout changes nothing': async ({ breaker, watch, defer, settle, checkpoint }) => {
    const work = defer()
    const circuit = breaker(obey, { timeout: TIMEOUT_MS, resetTimeout: NEVER_MS })
    await watch('call', () => circuit.fire(work.promise))
    checkpoint('timed out')
    work.resolve('too late')
    await settle()
  },

  'a failure after the timeout changes nothing': async ({ breaker, watch, defer, settle, checkpoint }) => {
    const work = defer()
    const circuit = breaker(obey, { timeout: TIMEOUT_MS, errorThresholdPercentage: 100 })
    await watch('call', () => circuit.fire(work.promise))
    checkpoint('timed out')
    work.reject(down())
    await settle()
  },

  'a call that settles in time is never timed out': async ({ breaker, watch, sleep }) => {
    const circuit = breaker(obey, { timeout: TIMEOUT_MS, errorThresholdPercentage: 100 })
    await watch('success', () => circuit.fire('fine'))
    await watch('failure', () => circuit.fire(down()))
    await sleep(3 * TIMEOUT_MS)
  },

  'without a timeout a call may take its time': async ({ breaker, watch, defer, sleep, note }) => {
    for (const timeout of [false, 0]) {
      const work = defer()
      const circuit = breaker(obey, { timeout })
      note('timeout is', circuit.options.timeout)
      const call = watch('call', () => circuit.fire(work.promise))
      await sleep(60)
      work.resolve('slow')
      await call
    }
  },

  'timeouts count to the rate as failures do': async ({ breaker, watch, defer, checkpoint }) => {
    const work = defer()
    const circuit = breaker(obey, { timeout: TIMEOUT_MS, resetTimeout: NEVER_MS })
    await watch('success', () => circuit.fire('fine'))
    await watch('timeout', () => circuit.fire(work.promise))
    checkpoint('at the threshold')
    await watch('timeout too many', () => circuit.fire(work.promise))
    work.resolve('too late')
  },

  'calls of different age time out each on its own': async ({ breaker, watch, defer, sleep }) => {
    const work = defer()
    const circuit = breaker(obey, { timeout: 100, errorThresholdPercentage: 100 })
    const first = circuit.fire(work.promise, 1)
    await sleep(50)
    const second = circuit.fire(work.promise, 2)
    await Promise.allSettled([first, second])
    await watch('first', () => first)
    await watch('second', () => second)
    work.resolve('too late')
  },

  'a timeout gives the permit back before its event is heard': async ({ breaker, watch, defer, note }) => {
    const work = defer()
    const circuit = breaker(obey, { timeout: TIMEOUT_MS, capacity: 1, errorThresholdPercentage: 100 })
    circuit.on('timeout', () => note('permits at timeout', circuit.semaphore.count))
    await watch('call', () => circuit.fire(work.promise))
    await watch('next', () => circuit.fire('fine'))
    work.resolve('too late')
  },

  'a timeout listener may open by hand': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey, { timeout: TIMEOUT_MS, resetTimeout: NEVER_MS, errorThresholdPercentage: 100 })
    circuit.on('timeout', () => circuit.open())
    await watch('call', () => circuit.fire(work.promise))
    await watch('refused', () => circuit.fire('ignored'))
    work.resolve('too late')
  },

  'a timeout aborts the signal of the abort controller': async ({ breaker, watch, defer, note, settle }) => {
    const work = defer()
    const abortController = new AbortController()
    const circuit = breaker(obey, { timeout: TIMEOUT_MS, abortController, resetTimeout: NEVER_MS })
    const signal = circuit.getSignal()
    const aborted = when => note(`aborted ${when}`, signal.aborted, signal === circuit.getSignal())
    note('the controller is', circuit.getAbortController() === abortController)
    circuit.on('timeout', () => aborted('at timeout'))
    circuit.on('failure', () => aborted('at failure'))
    await watch('call', () => circuit.fire(work.promise))
    await settle()
    aborted('afterwards')
    work.resolve('too late')
  },

  'a spent abort controller is renewed when half open': async ({ breaker, watch, defer, halfOpened, note, settle }) => {
    const work = defer()
    const circuit = breaker(obey, { timeout: TIMEOUT_MS, autoRenewAbortController: true, resetTimeout: 40 })
    const first = circuit.getSignal()
    await watch('call', () => circuit.fire(work.promise))
    await settle()
    note('spent', first.aborted)
    await halfOpened(circuit)
    note('renewed', circuit.getSignal() !== first, circuit.getSignal().aborted)
    work.resolve('too late')
  },

  'without an abort controller there is no signal': async ({ breaker, note }) => {
    const circuit = breaker(obey)
    note('signal, controller', circuit.getSignal(), circuit.getAbortController())
  }
}
