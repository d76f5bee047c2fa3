'use strict'

// When a breaker opens, what an open one does, and opening and closing by hand.

const { obey, down, NEVER_MS } = require('./actions')

module.exports = {
  'an error rate exactly at the threshold does not open, one above it does': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { errorThresholdPercentage: 50, resetTimeout: NEVER_MS })
    await watch('success', () => circuit.fire('fine'))
    await watch('failure', () => circuit.fire(down()))
    checkpoint('at the threshold')
    await watch('failure too many', () => circuit.fire(down()))
  },

  'a threshold that is no half': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { errorThresholdPercentage: 12.5, resetTimeout: NEVER_MS })
    for (let index = 0; index < 7; index++) await watch('success', () => circuit.fire('fine'))
    await watch('failure', () => circuit.fire(down()))
    checkpoint('at the threshold')
    await watch('failure too many', () => circuit.fire(down()))
  },

  'a threshold of 0 opens at the first failure': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { errorThresholdPercentage: 0, resetTimeout: NEVER_MS })
    for (let index = 0; index < 5; index++) await watch('success', () => circuit.fire('fine'))
    await watch('failure', () => circuit.fire(down()))
  },

  'a threshold of 100 never opens': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { errorThresholdPercentage: 100 })
    for (let index = 0; index < 5; index++) await watch('failure', () => circuit.fire(down()))
  },

  'the first failure opens by default': async ({ breaker, watch }) => {
    const circuit = breaker(obey)
    await watch('failure', () => circuit.fire(down()))
  },

  'a success never opens, whatever the rate': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { volumeThreshold: 3 })
    await watch('failure', () => circuit.fire(down()))
    await watch('failure', () => circuit.fire(down()))
    await watch('success', () => circuit.fire('fine'))
  },

  'below the volume threshold nothing opens, at it the breaker does': async ({ breaker, watch, checkpoint, note }) => {
    const circuit = breaker(obey, { volumeThreshold: 3, resetTimeout: NEVER_MS })
    note('volume threshold', circuit.volumeThreshold)
    await watch('first failure', () => circuit.fire(down()))
    await watch('second failure', () => circuit.fire(down()))
    checkpoint('below the volume')
    await watch('third failure', () => circuit.fire(down()))
  },

  'calls in flight count to the rate and to the volume': async ({ breaker, watch, defer, checkpoint }) => {
    const circuit = breaker(obey, { volumeThreshold: 3, resetTimeout: NEVER_MS })
    const works = [defer(), defer()]
    const calls = works.map((work, index) => watch(`call ${index}`, () => circuit.fire(work.promise)))
    await watch('failure', () => circuit.fire(down()))
    checkpoint('one failure of three fires')
    works[1].reject(down())
    await calls[1]
    checkpoint('two failures of three fires')
    works[0].resolve('fine')
    await calls[0]
  },

  'an open breaker rejects without calling the action, and counts it as a fire': async scenario => {
    const { breaker, watch, note, checkpoint } = scenario
    let runs = 0
    const circuit = breaker(order => {
      runs++
      return obey(order)
    }, { resetTimeout: NEVER_MS })
    await watch('failure', () => circuit.fire(down()))
    for (let index = 0; index < 3; index++) await watch('refused', () => circuit.fire('ignored', index))
    note('the action has run', runs)
    checkpoint('after three refusals')
  },

  'a reject is emitted before fire has returned': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.open()
    const call = watch('refused', () => circuit.fire('ignored'))
    note('fire has returned')
    await call
  },

  'open and close by hand, each twice in a row': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.open()
    circuit.open()
    checkpoint('opened')
    await watch('refused', () => circuit.fire('ignored'))
    circuit.close()
    circuit.close()
    checkpoint('closed')
    await watch('admitted', () => circuit.fire('fine'))
  },

  'closing a closed breaker says nothing': async ({ breaker, checkpoint }) => {
    const circuit = breaker(obey)
    circuit.close()
    checkpoint('closed')
  },

  'open and close return nothing': async ({ breaker, note }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    note('open, close', circuit.open(), circuit.close())
  },

  'a call in flight succeeds after the opening: counted, still open': async ({ breaker, watch, defer, checkpoint }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    const work = defer()
    const call = watch('call', () => circuit.fire(work.promise))
    circuit.open()
    checkpoint('opened over a call')
    work.resolve('late')
    await call
  },

  'a call in flight fails after the opening: counted, and opened once': async ({ breaker, watch, defer }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    const work = defer()
    const call = watch('call', () => circuit.fire(work.promise))
    circuit.open()
    work.reject(down())
    await call
  },

  'a call in flight times out after the opening: counted, and opened once': async ({ breaker, watch, defer }) => {
    const circuit = breaker(obey, { timeout: 40, resetTimeout: NEVER_MS })
    const work = defer()
    const call = watch('call', () => circuit.fire(work.promise))
    circuit.open()
    await call
    work.resolve('too late')
  },

  'closing by hand does not forget the counts': async ({ breaker, watch, checkpoint }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    await watch('failure', () => circuit.fire(down()))
    circuit.close()
    checkpoint('closed by hand')
    await watch('success', () => circuit.fire('fine'))
    await watch('failure', () => circuit.fire(down()))
  },

  'rejects dilute the rate': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { resetTimeout: NEVER_MS })
    circuit.open()
    for (let index = 0; index < 3; index++) await watch('refused', () => circuit.fire('ignored'))
    circuit.close()
    for (let index = 0; index < 4; index++) await watch('failure', () => circuit.fire(down()))
  }
}
