'use strict'

// Options: their defaults, their live object, names, and what the class itself offers.

const { generalName } = require('../record')
const { obey, down, NEVER_MS } = require('./actions')

module.exports = {
  'the defaults show on breaker.options': async ({ breaker, note }) => {
    note('options', breaker(obey).options)
  },

  'given options show next to the defaults, unknown ones too': async ({ breaker, note }) => {
    note('options', breaker(obey, { timeout: 20, capacity: 3, name: 'payments', unknown: 'kept' }).options)
  },

  'null takes the default, false and 0 stay': async ({ breaker, note }) => {
    note('null', breaker(obey, { timeout: null, resetTimeout: null, errorThresholdPercentage: null }).options)
    note('no', breaker(obey, { timeout: false, resetTimeout: 0, errorThresholdPercentage: 0 }).options)
  },

  'breaker.options is the given object': async ({ breaker, note }) => {
    const options = { timeout: 20 }
    note('the very object', breaker(obey, options).options === options)
  },

  'a changed timeout takes effect on the next call': async ({ breaker, watch, defer, sleep }) => {
    const works = [defer(), defer()]
    const circuit = breaker(obey, { timeout: NEVER_MS, errorThresholdPercentage: 100 })
    const before = watch('before the change', () => circuit.fire(works[0].promise))
    circuit.options.timeout = 30
    await watch('after the change', () => circuit.fire(works[1].promise))
    await sleep(30)
    works[0].resolve('slow')
    await before
    works[1].resolve('too late')
  },

  'a timeout may be switched off and on': async ({ breaker, watch, defer, sleep }) => {
    const works = [defer(), defer()]
    const circuit = breaker(obey, { timeout: 30, errorThresholdPercentage: 100 })
    circuit.options.timeout = false
    const unlimited = watch('unlimited', () => circuit.fire(works[0].promise))
    await sleep(90)
    works[0].resolve('slow')
    await unlimited
    circuit.options.timeout = 30
    await watch('limited', () => circuit.fire(works[1].promise))
    works[1].resolve('too late')
  },

  'a changed error threshold takes effect on the next failure': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { errorThresholdPercentage: 100, resetTimeout: NEVER_MS })
    await watch('failure', () => circuit.fire(down()))
    checkpoint('below the threshold')
    circuit.options.errorThresholdPercentage = 99
    checkpoint('before the next failure')
    await watch('opening failure', () => circuit.fire(down()))
  },

  'a changed error filter takes effect on the next failure': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { errorThresholdPercentage: 100 })
    await watch('counted', () => circuit.fire(down()))
    circuit.options.errorFilter = () => true
    await watch('filtered', () => circuit.fire(down()))
    circuit.options.errorFilter = () => false
    await watch('counted again', () => circuit.fire(down()))
  },

  'a changed reset timeout takes effect on the next opening': async ({ breaker, watch, halfOpened }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.options.resetTimeout = 40
    await watch('failure', () => circuit.fire(down()))
    await halfOpened(circuit)
  },

  'options that are changed for a call in flight': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    const call = watch('call', () => circuit.fire(work.promise))
    circuit.options.errorThresholdPercentage = 100
    work.reject(down())
    await call
  },

  'an action may change the timeout of the next call': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(order => {
      circuit.options.timeout = 30
      return order
    }, { timeout: NEVER_MS })
    await watch('first', () => circuit.fire('fine'))
    await watch('second', () => circuit.fire(work.promise))
    work.resolve('too late')
  },

  'the name is the given one, the action\'s, or made up': async ({ breaker, note }) => {
    const names = [
      breaker(obey, { name: 'payments', group: 'money' }),
      breaker(obey, { name: 'payments' }),
      breaker(obey, { group: 'money' }),
      breaker(obey),
      breaker((() => () => {})())
    ].map(({ name, group }) => [name, group].map(generalName))
    note('names and groups', ...names)
  },

  'the made-up names of two breakers differ': async ({ breaker, note }) => {
    const names = new Set([1, 2].map(() => breaker((() => () => {})()).name))
    note('names', names.size)
  },

  'breaker.action is the function': async ({ breaker, note }) => {
    note('the very function', breaker(obey).action === obey)
  },

  'an action must be given': async ({ CircuitBreaker, refusal }) => {
    refusal('none', () => new CircuitBreaker())
    refusal('null with options', () => new CircuitBreaker(null, { timeout: 20 }))
  },

  'an abort controller must be able to abort': async ({ CircuitBreaker, refusal }) => {
    refusal('no abort', () => new CircuitBreaker(obey, { abortController: {} }))
  },

  'isOurError tells the breaker\'s errors from the action\'s': async ({ CircuitBreaker, breaker, note }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    const error = order => circuit.fire(order).catch(error => error)
    const ours = async order => CircuitBreaker.isOurError(await error(order))
    note('the action\'s', await ours(down()))
    note('the breaker\'s', await ours('refused'))
    note('of none', CircuitBreaker.isOurError(new Error('other')), CircuitBreaker.isOurError({}))
  },

  'methods and getters are where a mock looks for them': async ({ CircuitBreaker, note }) => {
    const kind = ({ get, value }) => get ? 'getter' : typeof value
    const kinds = names => names.map(name => {
      const descriptor = Object.getOwnPropertyDescriptor(CircuitBreaker.prototype, name)
      return `${name}: ${descriptor ? kind(descriptor) : 'missing'}`
    })
    note('methods', kinds(['fire', 'call', 'fallback', 'open', 'close', 'enable', 'disable', 'shutdown',
      'healthCheck', 'clearCache', 'toJSON', 'getSignal', 'getAbortController']))
    note('getters', kinds(['name', 'group', 'pendingClose', 'closed', 'opened', 'halfOpen', 'isShutdown',
      'status', 'stats', 'enabled', 'warmUp', 'volumeThreshold']))
    note('statics', typeof CircuitBreaker.isOurError, typeof CircuitBreaker.newStatus)
    note('class', CircuitBreaker.name)
  },

  'a breaker is an event emitter': async ({ breaker, note }) => {
    note('instanceof', breaker(obey) instanceof require('events'))
  }
}
