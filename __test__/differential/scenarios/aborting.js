'use strict'

// The abort controller: whose it is, when it is spent, and when there is a new one.

const { obey, down, NEVER_MS } = require('./actions')

const TIMEOUT_MS = 40

module.exports = {
  'the signal is there for the action to read': async ({ breaker, watch, note }) => {
    const abortController = new AbortController()
    const circuit = breaker(() => circuit.getSignal() === abortController.signal, { abortController })
    await watch('call', () => circuit.fire())
    note('the option is the very controller', circuit.options.abortController === abortController)
  },

  'the action is told by its signal, and its late rejection changes nothing': async ({ breaker, watch, note }) => {
    const circuit = breaker(signal => new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => {
        note('aborted', circuit.opened, signal.reason.name)
        reject(down())
      })
    }), { abortController: new AbortController(), timeout: TIMEOUT_MS, resetTimeout: NEVER_MS })
    await watch('call', () => circuit.fire(circuit.getSignal()))
  },

  'every call holds one signal': async ({ breaker, watch, defer, note }) => {
    const work = defer()
    const circuit = breaker(obey, {
      abortController: new AbortController(), timeout: TIMEOUT_MS, errorThresholdPercentage: 100
    })
    const signals = [circuit.getSignal()]
    await watch('timed out', () => circuit.fire(work.promise))
    signals.push(circuit.getSignal())
    await watch('call after it', () => circuit.fire('fine'))
    note('signals', signals[0] === signals[1], signals[1].aborted)
    work.resolve('too late')
  },

  'two breakers may share a controller': async ({ breaker, watch, defer, note, settle }) => {
    const work = defer()
    const abortController = new AbortController()
    const hasty = breaker(obey, { abortController, timeout: TIMEOUT_MS, resetTimeout: NEVER_MS })
    const patient = breaker(obey, { abortController, timeout: NEVER_MS })
    await watch('timed out', () => hasty.fire(work.promise))
    await settle()
    note('both are told', hasty.getSignal().aborted, patient.getSignal().aborted)
    await watch('the other one goes on', () => patient.fire('fine'))
    work.resolve('too late')
  },

  'a controller that is spent beforehand stops no call': async ({ breaker, watch, note }) => {
    const abortController = new AbortController()
    abortController.abort()
    const circuit = breaker(obey, { abortController, autoRenewAbortController: true })
    await watch('call', () => circuit.fire('fine'))
    note('the very controller', circuit.getAbortController() === abortController, circuit.getSignal().aborted)
  },

  'failures, refusals and filtered errors abort nothing': async ({ breaker, watch, note, settle }) => {
    const circuit = breaker(obey, { abortController: new AbortController(), resetTimeout: NEVER_MS })
    await watch('failure', () => circuit.fire(down()))
    await watch('refused', () => circuit.fire('ignored'))
    circuit.close()
    circuit.options.errorFilter = () => true
    await watch('filtered', () => circuit.fire(down()))
    await settle()
    note('aborted', circuit.getSignal().aborted)
  },

  'a filtered timeout aborts all the same': async ({ breaker, watch, defer, note, settle }) => {
    const work = defer()
    const circuit = breaker(obey, { abortController: new AbortController(), timeout: TIMEOUT_MS, errorFilter: () => true })
    await watch('call', () => circuit.fire(work.promise))
    await settle()
    note('aborted', circuit.getSignal().aborted)
    work.resolve('too late')
  },

  'a fallback runs before the signal is given': async ({ breaker, watch, defer, note, settle }) => {
    const work = defer()
    const circuit = breaker(obey, { abortController: new AbortController(), timeout: TIMEOUT_MS, resetTimeout: NEVER_MS })
    circuit.fallback(() => note('aborted at the fallback', circuit.getSignal().aborted))
    await watch('call', () => circuit.fire(work.promise))
    await settle()
    note('aborted afterwards', circuit.getSignal().aborted)
    work.resolve('too late')
  },

  'one is made where it is to be renewed': async ({ breaker, note }) => {
    for (const abortController of [undefined, null, false]) {
      const circuit = breaker(obey, { autoRenewAbortController: true, abortController })
      note('signal', circuit.getSignal() instanceof AbortSignal, circuit.getAbortController() instanceof AbortController)
    }
  },

  'a given one is renewed when half open, the options show the new one': async ({ breaker, watch, defer, halfOpened, note }) => {
    const work = defer()
    const abortController = new AbortController()
    const circuit = breaker(obey, { abortController, autoRenewAbortController: true, timeout: TIMEOUT_MS, resetTimeout: 60 })
    const renewed = () => [circuit.getAbortController() !== abortController, circuit.options.abortController.signal.aborted]
    circuit.on('halfOpen', () => note('at halfOpen', renewed()))
    circuit.on('close', () => note('at close', renewed()))
    await watch('call', () => circuit.fire(work.promise))
    await halfOpened(circuit)
    const second = circuit.getAbortController()
    await watch('probe', () => circuit.fire('fine'))
    note('kept at close', circuit.getAbortController() === second)
    work.resolve('too late')
  },

  'it is renewed when closed by hand': async ({ breaker, watch, defer, note, settle }) => {
    const work = defer()
    const circuit = breaker(obey, { autoRenewAbortController: true, timeout: TIMEOUT_MS, resetTimeout: NEVER_MS })
    const first = circuit.getSignal()
    circuit.on('close', () => note('at close', circuit.getSignal() !== first))
    await watch('call', () => circuit.fire(work.promise))
    await settle()
    note('spent', first.aborted)
    circuit.close()
    note('renewed', circuit.getSignal() !== first, circuit.getSignal().aborted)
    work.resolve('too late')
  },

  'one that its user has aborted is renewed as well': async ({ breaker, note }) => {
    const circuit = breaker(obey, { autoRenewAbortController: true, resetTimeout: NEVER_MS })
    const first = circuit.getAbortController()
    first.abort()
    note('not yet', circuit.getAbortController() === first)
    circuit.open()
    note('nor by opening', circuit.getAbortController() === first)
    circuit.close()
    note('by closing', circuit.getAbortController() !== first)
  },

  'one that is not spent stays': async ({ breaker, halfOpened, note }) => {
    const circuit = breaker(obey, { autoRenewAbortController: true, resetTimeout: 40 })
    const first = circuit.getAbortController()
    circuit.open()
    await halfOpened(circuit)
    circuit.close()
    note('the very controller', circuit.getAbortController() === first)
  },

  'closing a closed circuit renews nothing': async ({ breaker, note }) => {
    const circuit = breaker(obey, { autoRenewAbortController: true })
    const first = circuit.getAbortController()
    first.abort()
    circuit.close()
    note('the very controller', circuit.getAbortController() === first)
  },

  'without renewal a spent one stays spent': async ({ breaker, watch, defer, halfOpened, note }) => {
    const work = defer()
    const circuit = breaker(obey, { abortController: new AbortController(), timeout: TIMEOUT_MS, resetTimeout: 60 })
    const first = circuit.getSignal()
    await watch('call', () => circuit.fire(work.promise))
    await halfOpened(circuit)
    await watch('probe', () => circuit.fire('fine'))
    note('spent', circuit.getSignal() === first, first.aborted)
    work.resolve('too late')
  },

  'it may be replaced, and renewal switched on, among the live options': async ({ breaker, watch, defer, note, settle }) => {
    const work = defer()
    const circuit = breaker(obey, { timeout: TIMEOUT_MS, resetTimeout: NEVER_MS })
    note('none', circuit.getSignal())
    const abortController = circuit.options.abortController = new AbortController()
    circuit.options.autoRenewAbortController = true
    note('the new one', circuit.getSignal() === abortController.signal)
    await watch('call', () => circuit.fire(work.promise))
    await settle()
    note('aborted', abortController.signal.aborted)
    circuit.close()
    note('renewed', circuit.getAbortController() !== abortController)
    work.resolve('too late')
  },

  'a controller of the program\'s own making': async ({ breaker, watch, defer, note, settle }) => {
    const work = defer()
    const abortController = { abort () { note('abort', this === abortController) } }
    const circuit = breaker(obey, { abortController, timeout: TIMEOUT_MS, resetTimeout: NEVER_MS })
    note('signal', circuit.getSignal())
    await watch('call', () => circuit.fire(work.promise))
    await settle()
    work.resolve('too late')
  },

  'what is restored as half open for its age has a fresh controller': async ({ breaker, note }) => {
    const abortController = new AbortController()
    abortController.abort()
    const circuit = breaker(obey, {
      abortController, autoRenewAbortController: true, state: { closed: false, lastTimerAt: 0 }
    })
    note('renewed', circuit.getAbortController() !== abortController)
  },

  'a breaker that is shut down keeps its controller': async ({ breaker, note }) => {
    const abortController = new AbortController()
    const circuit = breaker(obey, { abortController })
    circuit.shutdown()
    note('the very controller', circuit.getAbortController() === abortController, circuit.getSignal().aborted)
  }
}
