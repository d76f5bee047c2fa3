'use strict'

// What listeners see, and what they may do to the breaker that called them.

const { obey, down, NEVER_MS } = require('./actions')

module.exports = {
  'a failure listener may write on the error before the caller sees it': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey)
    circuit.on('failure', error => {
      error.message = `payments: ${error.message}`
      error.code = 'E_PAYMENTS'
      error.service = 'payments'
    })
    const error = down()
    await watch('call', () => circuit.fire(error))
    note('on the very error', error.service)
  },

  'a reject listener may write on the error before the caller sees it': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.on('reject', error => { error.message = 'payments are closed' })
    circuit.open()
    await watch('refused', () => circuit.fire('ignored'))
  },

  'a timeout listener may write on the error before the caller sees it': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey, { timeout: 30 })
    circuit.on('timeout', error => { error.message = 'payments are slow' })
    await watch('call', () => circuit.fire(work.promise))
    work.resolve('too late')
  },

  'every listener and the caller are given one and the same error': async ({ breaker, watch, defer, note }) => {
    const work = defer()
    const errors = new Set()
    const circuit = breaker(obey, { timeout: 30 })
    for (const event of ['timeout', 'failure']) circuit.on(event, error => errors.add(error))
    circuit.on('fallback', (result, error) => errors.add(error))
    circuit.fallback((order, error) => { throw error })
    await watch('call', () => circuit.fire(work.promise).catch(error => {
      errors.add(error)
      throw error
    }))
    note('errors', errors.size)
    work.resolve('too late')
  },

  'consecutive failures are counted in a listener that calls open': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { errorThresholdPercentage: 100, resetTimeout: NEVER_MS })
    let failures = 0
    circuit.on('success', () => { failures = 0 })
    circuit.on('failure', () => { if (++failures === 3) circuit.open() })
    for (const order of [down(), down(), 'fine', down(), down()]) await watch('call', () => circuit.fire(order))
    checkpoint('two in a row')
    await watch('third in a row', () => circuit.fire(down()))
    await watch('refused', () => circuit.fire('ignored'))
  },

  'a failure listener that opens, where the rate would open too': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.on('failure', () => circuit.open())
    await watch('call', () => circuit.fire(down()))
  },

  'a failure listener may take the failure back before the rate is looked at': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { errorThresholdPercentage: 50, rollingCountTimeout: NEVER_MS })
    circuit.on('failure', () => { circuit.status.window[0].failures-- })
    await watch('first', () => circuit.fire(down()))
    await watch('second', () => circuit.fire(down()))
  },

  'a fire listener that opens has the call refused': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.once('fire', () => circuit.open())
    await watch('refused', () => circuit.fire('ignored'))
  },

  'a fire listener that disables lets the call pass': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.open()
    circuit.once('fire', () => circuit.disable())
    await watch('call', () => circuit.fire('fine'))
  },

  'a fire listener may change the arguments': async ({ breaker, watch }) => {
    const circuit = breaker((...args) => args)
    circuit.on('fire', args => args.push('added'))
    await watch('call', () => circuit.fire('first'))
  },

  'a fire listener may fire again': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey)
    let inner
    circuit.once('fire', () => { inner = watch('inner', () => circuit.fire('inner')) })
    const outer = watch('outer', () => circuit.fire(work.promise))
    await inner
    work.resolve('outer')
    await outer
  },

  'a success listener that opens does not take the success away': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.once('success', () => circuit.open())
    await watch('call', () => circuit.fire('fine'))
    await watch('refused', () => circuit.fire('ignored'))
  },

  'an open listener that closes again': async ({ breaker, watch, sleep }) => {
    const circuit = breaker(obey, { resetTimeout: 30 })
    circuit.once('open', () => circuit.close())
    await watch('failure', () => circuit.fire(down()))
    await sleep(90)
    await watch('success', () => circuit.fire('fine'))
  },

  'a close listener that opens again': async ({ breaker, watch, halfOpened }) => {
    const circuit = breaker(obey, { resetTimeout: 30 })
    circuit.open()
    await halfOpened(circuit)
    circuit.options.resetTimeout = NEVER_MS
    circuit.once('close', () => circuit.open())
    await watch('probe', () => circuit.fire('fine'))
  },

  'a halfOpen listener that opens again, until it does not': async ({ breaker, watch, until }) => {
    const circuit = breaker(obey, { resetTimeout: 30 })
    let times = 0
    circuit.on('halfOpen', () => { if (++times < 3) circuit.open() })
    circuit.open()
    await until(() => times === 3)
    await watch('probe', () => circuit.fire('fine'))
  },

  'a reject listener may close, for the next call': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.open()
    circuit.once('reject', () => circuit.close())
    await watch('refused', () => circuit.fire('ignored'))
    await watch('admitted', () => circuit.fire('fine'))
  },

  'a failure listener may fire again': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey, { errorThresholdPercentage: 100 })
    let retry
    circuit.once('failure', () => { retry = watch('retry', () => circuit.fire(work.promise)) })
    await watch('call', () => circuit.fire(down()))
    work.resolve('fine')
    await retry
  },

  'state as listeners see it': async ({ breaker, watch, halfOpened, note }) => {
    const circuit = breaker(obey, { resetTimeout: 200 })
    for (const event of ['fire', 'success', 'failure', 'reject', 'open', 'close', 'halfOpen']) {
      circuit.on(event, () => note(`state at ${event}`, flags(circuit)))
    }
    await everyTransition(circuit, { watch, halfOpened })
  },

  'counts as listeners see them': async ({ breaker, watch, halfOpened, note }) => {
    const circuit = breaker(obey, { resetTimeout: 200 })
    for (const event of ['fire', 'success', 'failure', 'reject', 'open', 'close', 'halfOpen', 'fallback']) {
      circuit.on(event, () => note(`counts at ${event}`, counts(circuit)))
    }
    circuit.fallback(() => 'instead')
    await everyTransition(circuit, { watch, halfOpened })
  },

  'counts and state at a timeout': async ({ breaker, watch, defer, note }) => {
    const work = defer()
    const circuit = breaker(obey, { timeout: 30, resetTimeout: NEVER_MS })
    for (const event of ['timeout', 'failure', 'open']) {
      circuit.on(event, () => note(`at ${event}`, counts(circuit), flags(circuit)))
    }
    await watch('call', () => circuit.fire(work.promise))
    work.resolve('too late')
  },

  'once, off and prepended listeners': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey)
    const removed = () => note('removed listener was called')
    circuit.on('success', removed)
    circuit.on('success', () => note('second'))
    circuit.prependListener('success', () => note('first'))
    circuit.once('success', () => note('once'))
    circuit.off('success', removed)
    await watch('first call', () => circuit.fire(1))
    await watch('second call', () => circuit.fire(2))
  },

  'the names of the events that are counted are listed': async ({ CircuitBreaker, note }) => {
    const circuit = new CircuitBreaker(obey)
    note('events', circuit.eventNames().sort())
    circuit.on('halfOpen', () => {})
    note('with a listener', circuit.eventNames().sort())
    circuit.shutdown()
    note('after shutdown', circuit.eventNames())
  },

  'a listener for an event of the program\'s own': async ({ breaker, note }) => {
    const circuit = breaker(obey)
    circuit.on('custom', (...args) => note('custom', ...args))
    note('emit returns', circuit.emit('custom', 1, 2), circuit.emit('unheard'))
  },

  'listeners are called with the breaker as this': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey)
    for (const event of ['fire', 'failure', 'open']) {
      circuit.on(event, function () { note(`this at ${event}`, this === circuit) })
    }
    await watch('call', () => circuit.fire(down()))
  }
}

/** Closed, open, half-open, open again, half-open again and closed. */
async function everyTransition (circuit, { watch, halfOpened }) {
  await watch('success', () => circuit.fire('fine'))
  await watch('failure', () => circuit.fire(down()))
  await watch('opening failure', () => circuit.fire(down()))
  await watch('refused', () => circuit.fire('ignored'))
  await halfOpened(circuit)
  await watch('failing probe', () => circuit.fire(down()))
  await halfOpened(circuit)
  await watch('probe', () => circuit.fire('fine'))
}

function flags ({ closed, opened, halfOpen, pendingClose }) {
  return { closed, opened, halfOpen, pendingClose }
}

function counts ({ stats: { fires, successes, failures, timeouts, rejects, fallbacks } }) {
  return { fires, successes, failures, timeouts, rejects, fallbacks }
}
