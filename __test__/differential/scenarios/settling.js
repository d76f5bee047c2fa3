'use strict'

// How a call settles, what its action is given and in which order it is seen.

const { AsyncLocalStorage } = require('async_hooks')
const { obey, down } = require('./actions')

module.exports = {
  'a plain value resolves the call, after fire has returned': async ({ breaker, watch, note }) => {
    const circuit = breaker(() => 'value')
    const call = watch('call', () => circuit.fire())
    note('fire has returned')
    await call
  },

  'falsy values resolve the call': async ({ breaker, watch }) => {
    const circuit = breaker(order => order)
    for (const value of [0, '', false]) await watch(`call for ${typeof value}`, () => circuit.fire(value))
  },

  'a promise resolves the call': async ({ breaker, watch, defer, checkpoint }) => {
    const work = defer()
    const circuit = breaker(() => work.promise)
    const call = watch('call', () => circuit.fire())
    checkpoint('in flight')
    work.resolve({ answer: 42 })
    await call
  },

  'a thenable resolves the call': async ({ breaker, watch }) => {
    const circuit = breaker(() => ({ then: (...handlers) => Promise.resolve('value').then(...handlers) }))
    await watch('call', () => circuit.fire())
  },

  'a thenable rejects the call': async ({ breaker, watch }) => {
    const circuit = breaker(() => ({ then: (...handlers) => Promise.reject(down()).then(...handlers) }))
    await watch('call', () => circuit.fire())
  },

  'a throwing action rejects the call, and fails before fire has returned': async ({ breaker, watch, note }) => {
    const circuit = breaker(() => { throw down() })
    const call = watch('call', () => circuit.fire('argument'))
    note('fire has returned')
    await call
  },

  'a rejection rejects the call, after fire has returned': async ({ breaker, watch, note }) => {
    const circuit = breaker(() => Promise.reject(down()))
    const call = watch('call', () => circuit.fire('argument'))
    note('fire has returned')
    await call
  },

  'an error keeps its class, name, code and fields': async ({ breaker, watch, note }) => {
    class HttpError extends TypeError {
      name = 'HttpError'
      code = 'E_HTTP'
      status = 503
    }
    const original = new HttpError('unavailable')
    const circuit = breaker(obey)
    await watch('call', () => circuit.fire(original).catch(error => {
      note('the very error', error === original)
      throw error
    }))
  },

  'what is no error rejects as it is': async ({ breaker, watch }) => {
    const circuit = breaker(reason => Promise.reject(reason), { errorThresholdPercentage: 100 })
    for (const reason of ['text', 0, false, null, { status: 404 }]) {
      await watch(`call for ${JSON.stringify(reason)}`, () => circuit.fire(reason))
    }
  },

  'a rejection with undefined': async ({ breaker, watch }) => {
    const circuit = breaker(() => Promise.reject()) // eslint-disable-line prefer-promise-reject-errors
    await watch('call', () => circuit.fire())
  },

  'a thrown undefined': async ({ breaker, watch }) => {
    const circuit = breaker(() => { throw undefined }) // eslint-disable-line no-throw-literal
    await watch('call', () => circuit.fire())
  },

  'arguments reach the action as they are': async ({ breaker, watch }) => {
    const circuit = breaker((...args) => args)
    await watch('none', () => circuit.fire())
    await watch('several', () => circuit.fire(1, 'two', [3], { four: 4 }, undefined, null))
  },

  'this is the action itself in fire, the context in call': async ({ breaker, watch, note }) => {
    const context = { name: 'context' }
    const seen = []
    const circuit = breaker(function act (...args) {
      seen.push(this)
      return args
    })
    await watch('fire', () => circuit.fire(1, 2))
    await watch('call', () => circuit.call(context, 1, 2))
    await watch('call without context', () => circuit.call())
    note('this is', seen[0] === circuit.action, seen[1] === context, seen[2])
  },

  'an action that is a plain value answers with it': async ({ breaker, watch, note }) => {
    const circuit = breaker('answer')
    note('the action is', circuit.action)
    await watch('call', () => circuit.fire('ignored'))
  },

  'an action may fire its own breaker': async ({ breaker, watch }) => {
    const circuit = breaker(async depth => depth > 0 ? `in ${await circuit.fire(depth - 1)}` : 'core')
    await watch('call', () => circuit.fire(3))
  },

  'a failure deep inside fails every call around it': async ({ breaker, watch }) => {
    const circuit = breaker(depth => depth > 0 ? circuit.fire(depth - 1) : Promise.reject(down()))
    await watch('call', () => circuit.fire(2))
  },

  'many calls settle in another order than they began': async ({ breaker, watch, defer, settle, checkpoint }) => {
    const circuit = breaker(obey, { errorThresholdPercentage: 60 })
    const works = Array.from({ length: 12 }, defer)
    const calls = works.map((work, index) => watch(`call ${index}`, () => circuit.fire(work.promise)))
    checkpoint('all in flight')
    for (const index of [7, 2, 11, 0, 5, 9, 1, 10, 3, 8, 6, 4]) {
      if (index % 2) works[index].reject(down())
      else works[index].resolve(index)
      await settle()
    }
    await Promise.all(calls)
  },

  'a hundred calls at once': async ({ breaker, watch, defer, checkpoint }) => {
    const circuit = breaker(obey)
    const gate = defer()
    const calls = Array.from({ length: 100 }, (_, index) => circuit.fire(gate.promise.then(() => index)))
    checkpoint('all in flight')
    gate.resolve()
    await watch('all', () => Promise.all(calls))
  },

  'state has moved by the time the caller goes on': async ({ breaker, checkpoint }) => {
    const circuit = breaker(obey)
    await circuit.fire('fine')
    checkpoint('after a success')
    await circuit.fire(down()).catch(() => {})
    checkpoint('after a failure')
    await circuit.fire(down()).catch(() => {})
    checkpoint('after the opening')
  },

  'the async context of the caller reaches action, listeners and fallback': async ({ breaker, watch, note }) => {
    const context = new AsyncLocalStorage()
    const see = where => () => note(where, context.getStore())
    const circuit = breaker(order => {
      see('action')()
      return order
    }, { timeout: 30 })
    for (const event of ['fire', 'success', 'failure', 'timeout']) circuit.on(event, see(event))
    circuit.fallback(see('fallback'))
    await context.run('first caller', () => watch('success', () => circuit.fire('fine')))
    await context.run('second caller', () => watch('timeout', () => circuit.fire(new Promise(() => {}))))
  }
}
