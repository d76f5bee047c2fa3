'use strict'

// What a caller gets instead.

const { obey, down, NEVER_MS } = require('./actions')

module.exports = {
  'a fallback is given the arguments and the error': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey)
    circuit.fallback((...args) => note('fallback', ...args))
    await watch('call', () => circuit.fire(down(), 1, 'two'))
  },

  'a fallback of a call without arguments is given the error alone': async ({ breaker, watch, note }) => {
    const circuit = breaker(() => Promise.reject(down()))
    circuit.fallback((...args) => note('fallback', ...args))
    await watch('call', () => circuit.fire())
  },

  'a fallback value resolves the call': async ({ breaker, watch }) => {
    const circuit = breaker(obey)
    circuit.fallback(() => ({ cached: true }))
    await watch('call', () => circuit.fire(down()))
  },

  'falsy fallback values resolve the call': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { errorThresholdPercentage: 100 })
    for (const value of [undefined, null, 0, '', false]) {
      circuit.fallback(() => value)
      await watch(`call for ${value}`, () => circuit.fire(down()))
    }
  },

  'a fallback may answer later': async ({ breaker, watch, defer, settle, note }) => {
    const answer = defer()
    const circuit = breaker(obey)
    circuit.fallback(() => answer.promise)
    const call = watch('call', () => circuit.fire(down()))
    await settle()
    note('the fallback answers')
    answer.resolve('instead')
    await call
  },

  'a throwing fallback rejects with its own error and emits no fallback': async ({ breaker, watch }) => {
    const circuit = breaker(obey)
    circuit.fallback(() => { throw new TypeError('no fallback either') })
    await watch('call', () => circuit.fire(down()))
    await watch('refused', () => circuit.fire('ignored'))
  },

  'a rejecting fallback rejects with its own error': async ({ breaker, watch }) => {
    const circuit = breaker(obey)
    circuit.fallback(async () => { throw new TypeError('no fallback either') })
    await watch('call', () => circuit.fire(down()))
    await watch('refused', () => circuit.fire('ignored'))
  },

  'a fallback may throw the error on': async ({ breaker, watch }) => {
    const circuit = breaker(obey)
    circuit.fallback((order, error) => { throw error })
    await watch('call', () => circuit.fire(down()))
  },

  'this is the fallback itself': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey)
    function fallback () {
      note('this is the fallback', this === fallback)
      return 'instead'
    }
    circuit.fallback(fallback)
    await watch('call', () => circuit.call({ context: true }, down()))
  },

  'fallback gives the breaker back, and the last one set is used': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey)
    const returned = circuit.fallback(() => 'first').fallback(() => 'second')
    note('returned the breaker', returned === circuit)
    await watch('call', () => circuit.fire(down()))
  },

  'a fallback on a refusal runs before fire has returned': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.fallback((order, error) => `${order}: ${error.code}`)
    circuit.open()
    const call = watch('refused', () => circuit.fire('order'))
    note('fire has returned')
    await call
  },

  'a success needs no fallback': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey)
    circuit.fallback(() => note('fallback was asked'))
    await watch('call', () => circuit.fire('fine'))
  },

  'another breaker as fallback is fired with the arguments and the error': async ({ breaker, watch }) => {
    const spare = breaker((...args) => args)
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.fallback(spare)
    await watch('call', () => circuit.fire(down(), 2))
    await watch('refused', () => circuit.fire('order', 2))
  },

  'another breaker as fallback fails with its own error': async ({ breaker, watch }) => {
    const spare = breaker(() => Promise.reject(new Error('spare down')), { resetTimeout: NEVER_MS })
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.fallback(spare)
    await watch('call', () => circuit.fire(down()))
    await watch('both refuse', () => circuit.fire('order'))
  },

  'a chain of three breakers': async ({ breaker, watch }) => {
    const last = breaker(() => 'last resort')
    const middle = breaker(() => { throw new Error('middle down') }, { resetTimeout: NEVER_MS })
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.fallback(middle.fallback(last))
    await watch('call', () => circuit.fire(down()))
    await watch('two refuse', () => circuit.fire('order'))
  },

  'the fallback event is given the result and the very error': async ({ breaker, watch, note }) => {
    const error = down()
    const circuit = breaker(obey)
    circuit.fallback(() => 'instead')
    circuit.on('fallback', (...args) => note('fallback', args.length, args[0], args[1] === error))
    await watch('call', () => circuit.fire(error))
  }
}
