'use strict'

// Classes that extend the breaker, and methods that a program has replaced.

const { obey, down, NEVER_MS } = require('./actions')

module.exports = {
  'a subclass is a breaker': async ({ CircuitBreaker, adopt, watch, note }) => {
    class Named extends CircuitBreaker {
      constructor (service, options) {
        super(obey, { ...options, name: service, group: 'services' })
        this.service = service
      }
    }
    const circuit = adopt(new Named('payments', { resetTimeout: NEVER_MS }))
    note('instanceof', circuit instanceof Named, circuit instanceof CircuitBreaker, circuit.constructor === Named)
    note('fields', circuit.service, circuit.name, circuit.group)
    await watch('success', () => circuit.fire('fine'))
    await watch('failure', () => circuit.fire(down()))
    await watch('opening failure', () => circuit.fire(down()))
  },

  'a subclass may override fire': async ({ CircuitBreaker, adopt, watch, note }) => {
    class Logging extends CircuitBreaker {
      async fire (...args) {
        note('fire is called', ...args)
        return `logged ${await super.fire(...args)}`
      }
    }
    const circuit = adopt(new Logging(obey))
    await watch('call', () => circuit.fire('fine', 2))
  },

  'a subclass may override call, and fire goes through it': async ({ CircuitBreaker, adopt, watch, note }) => {
    class Logging extends CircuitBreaker {
      call (context, ...args) {
        note('call is called', context === this.action, ...args)
        return super.call(context, ...args, 'added')
      }
    }
    const circuit = adopt(new Logging((...args) => args))
    await watch('fire', () => circuit.fire('first'))
    await watch('call', () => circuit.call({}, 'first'))
  },

  'a subclass may override emit, and sees every event': async ({ CircuitBreaker, adopt, watch, halfOpened, note }) => {
    class Logging extends CircuitBreaker {
      emit (event, ...args) {
        note('emit is called', event, args.length)
        return super.emit(event, ...args)
      }
    }
    const circuit = adopt(new Logging(obey, { resetTimeout: 250 }))
    circuit.fallback(() => 'instead')
    await watch('success', () => circuit.fire('fine'))
    await watch('failure', () => circuit.fire(down()))
    await watch('opening failure', () => circuit.fire(down()))
    await watch('refused', () => circuit.fire('ignored'))
    await halfOpened(circuit)
    await watch('probe', () => circuit.fire('fine'))
  },

  'emit may be replaced on one breaker': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey)
    const { emit } = circuit
    circuit.emit = function (event, ...args) {
      note('emit is called', event)
      return emit.call(this, event, ...args)
    }
    await watch('success', () => circuit.fire('fine'))
  },

  'a subclass may override open and close, and the machine goes through them': async scenario => {
    const { CircuitBreaker, adopt, watch, halfOpened, note } = scenario
    class Logging extends CircuitBreaker {
      open () {
        note('open is called')
        super.open()
      }

      close () {
        note('close is called')
        super.close()
      }
    }
    const circuit = adopt(new Logging(obey, { resetTimeout: 40 }))
    await watch('failure', () => circuit.fire(down()))
    await halfOpened(circuit)
    await watch('probe', () => circuit.fire('fine'))
  },

  'a subclass may override a getter': async ({ CircuitBreaker, adopt, note }) => {
    class Renamed extends CircuitBreaker {
      get name () {
        return `service ${super.name}`
      }
    }
    const circuit = adopt(new Renamed(obey, { name: 'payments' }))
    note('names', circuit.name, circuit.group, circuit.toJSON().state.name)
  },

  'a breaker of a subclass as fallback': async ({ CircuitBreaker, adopt, breaker, watch }) => {
    class Spare extends CircuitBreaker {}
    const spare = adopt(new Spare((...args) => args))
    const circuit = breaker(obey)
    circuit.fallback(spare)
    await watch('call', () => circuit.fire(down(), 2))
  },

  'statics are inherited': async ({ CircuitBreaker, note }) => {
    class Extended extends CircuitBreaker {}
    const status = Extended.newStatus({ rollingCountBuckets: 3 })
    note('statics', Extended.isOurError(new Error('other')), status.window.length)
  },

  'fire may be taken from the breaker when bound': async ({ breaker, watch }) => {
    const circuit = breaker(obey)
    const fire = circuit.fire.bind(circuit)
    await watch('call', () => fire('fine'))
  },

  'a replaced action is the one fired': async ({ breaker, watch }) => {
    const circuit = breaker(obey)
    circuit.action = order => `replaced ${order}`
    await watch('call', () => circuit.fire('order'))
  },

  'the breaker may carry a program\'s own fields': async ({ breaker, note }) => {
    const circuit = breaker(obey)
    circuit.service = 'payments'
    note('field', circuit.service, Object.keys(circuit).includes('service'))
  },

  'the public fields of a breaker': async ({ breaker, note }) => {
    const keys = Object.keys(breaker(obey))
    note('fields', ['options', 'semaphore', 'action'].map(key => keys.includes(key)))
  },

  'the methods of the semaphore': async ({ breaker, note }) => {
    note('semaphore', Object.keys(breaker(obey).semaphore).sort())
  }
}
