'use strict'

// Errors an errorFilter takes out: they reject the caller and count as successes.

const { obey, down, NEVER_MS } = require('./actions')

module.exports = {
  'a filtered error rejects the caller and counts as a success': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { errorFilter: () => true })
    await watch('first', () => circuit.fire(down()))
    await watch('second', () => circuit.fire(down()))
  },

  'the filter is given the error and the arguments, and is called once a failure': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { errorFilter: (...args) => note('filter', ...args) })
    await watch('success', () => circuit.fire('fine', 1))
    await watch('failure', () => circuit.fire(down(), 2, 'three'))
  },

  'any truthy answer filters, any falsy one does not': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { errorFilter: (...args) => args.at(-1), errorThresholdPercentage: 100 })
    for (const answer of [1, 'yes', {}, 0, '', null, undefined]) {
      note('the filter answers', answer)
      await watch('call', () => circuit.fire(down(), answer))
    }
  },

  'a filtered throw rejects the caller before fire has returned': async ({ breaker, watch, note }) => {
    const circuit = breaker(() => { throw down() }, { errorFilter: () => true })
    const call = watch('call', () => circuit.fire())
    note('fire has returned')
    await call
  },

  'only what the filter lets through counts': async ({ breaker, watch, checkpoint }) => {
    const errorFilter = error => error.message === 'not found'
    const circuit = breaker(obey, { errorFilter, resetTimeout: NEVER_MS })
    await watch('filtered', () => circuit.fire(new Error('not found')))
    await watch('failure', () => circuit.fire(down()))
    checkpoint('at the threshold')
    await watch('failure too many', () => circuit.fire(down()))
  },

  'a filtered error closes a half-open breaker': async ({ breaker, watch, halfOpened }) => {
    const circuit = breaker(obey, { errorFilter: () => true, resetTimeout: 40 })
    circuit.open()
    await halfOpened(circuit)
    await watch('probe', () => circuit.fire(down()))
  },

  'a filtered error does not fall back': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { errorFilter: () => true })
    circuit.fallback(() => 'instead')
    await watch('call', () => circuit.fire(down()))
  },

  'a filtered timeout counts as a timeout and as a success': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey, { timeout: 30, errorFilter: error => error.code === 'ETIMEDOUT' })
    await watch('call', () => circuit.fire(work.promise))
    work.resolve('too late')
  },

  'a filtered locked semaphore': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { capacity: 0, errorFilter: error => error.code === 'ESEMLOCKED' })
    await watch('call', () => circuit.fire('ignored'))
  },

  'a refusal is not filtered': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { errorFilter: () => note('filter was asked'), resetTimeout: NEVER_MS })
    circuit.open()
    await watch('refused', () => circuit.fire('ignored'))
  }
}
