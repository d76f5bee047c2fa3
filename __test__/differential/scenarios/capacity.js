'use strict'

// How many calls may be in flight, and the semaphore as a program can use it.

const { obey, down, NEVER_MS } = require('./actions')

module.exports = {
  'a call beyond the capacity is locked out and counts as a failure': async scenario => {
    const { breaker, watch, defer, note, checkpoint } = scenario
    const work = defer()
    const circuit = breaker(obey, { capacity: 1, errorThresholdPercentage: 60 })
    const first = watch('first', () => circuit.fire(work.promise))
    const second = watch('second', () => circuit.fire('ignored', 2))
    note('fire has returned')
    await second
    checkpoint('one in flight, one locked out')
    work.resolve('fine')
    await first
    await watch('third', () => circuit.fire('fine'))
  },

  'a locked semaphore can open the breaker': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey, { capacity: 1, errorThresholdPercentage: 40, resetTimeout: NEVER_MS })
    const first = watch('first', () => circuit.fire(work.promise))
    await watch('second', () => circuit.fire('ignored'))
    work.resolve('fine')
    await first
  },

  'a locked call falls back': async ({ breaker, watch, defer }) => {
    const work = defer()
    const circuit = breaker(obey, { capacity: 1 })
    circuit.fallback((order, error) => `instead of ${order}: ${error.code}`)
    const first = watch('first', () => circuit.fire(work.promise))
    await watch('second', () => circuit.fire('second'))
    work.resolve('fine')
    await first
  },

  'a capacity of 0 admits nothing': async ({ breaker, watch }) => {
    const circuit = breaker(obey, { capacity: 0, resetTimeout: NEVER_MS })
    await watch('call', () => circuit.fire('ignored'))
  },

  'every way of settling gives the permit back': async ({ breaker, watch, defer, note }) => {
    const work = defer()
    const throwing = () => { throw down() }
    const act = order => order === 'throw' ? throwing() : obey(order)
    const circuit = breaker(act, { capacity: 1, timeout: 30, errorThresholdPercentage: 100 })
    const orders = { success: 'fine', throw: 'throw', rejection: down(), timeout: work.promise }
    for (const [way, order] of Object.entries(orders)) {
      await watch(way, () => circuit.fire(order))
      note(`permits after ${way}`, circuit.semaphore.count)
    }
    work.resolve('too late')
  },

  'a refusal by an open breaker takes no permit': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { capacity: 1, resetTimeout: NEVER_MS })
    circuit.open()
    const call = watch('refused', () => circuit.fire('ignored'))
    note('permits', circuit.semaphore.count)
    await call
  },

  'permits as failure listeners see them': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { capacity: 2, errorThresholdPercentage: 100 })
    circuit.on('fire', () => note('permits at fire', circuit.semaphore.count))
    circuit.on('failure', () => note('permits at failure', circuit.semaphore.count))
    await watch('failure', () => circuit.fire(down()))
  },

  'permits as a success listener sees them': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { capacity: 2 })
    circuit.on('success', () => note('permits at success', circuit.semaphore.count))
    await watch('success', () => circuit.fire('fine'))
  },

  'the capacity is unlimited by default': async ({ breaker, watch, defer, note }) => {
    const work = defer()
    const circuit = breaker(obey)
    note('capacity', circuit.options.capacity, circuit.semaphore.count)
    const call = watch('call', () => circuit.fire(work.promise))
    note('permits in flight', circuit.semaphore.count)
    work.resolve('fine')
    await call
  },

  'permits taken by test and given back by hand': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { capacity: 2, errorThresholdPercentage: 100 })
    const { semaphore } = circuit
    note('first', semaphore.test(), semaphore.count)
    note('second', semaphore.test(), semaphore.count)
    note('third', semaphore.test(), semaphore.count)
    await watch('locked', () => circuit.fire('ignored'))
    semaphore.release()
    await watch('admitted', () => circuit.fire('fine'))
    semaphore.release()
    note('all back', semaphore.count)
  },

  'permits taken by take, given back by what it resolves with': async ({ breaker, watch, note }) => {
    const circuit = breaker(obey, { capacity: 1, errorThresholdPercentage: 100 })
    const { semaphore } = circuit
    const release = await semaphore.take()
    note('taken', release, semaphore.count)
    await watch('locked', () => circuit.fire('ignored'))
    release()
    note('given back', semaphore.count)
    await watch('admitted', () => circuit.fire('fine'))
  },

  'take waits for a permit that a call gives back': async ({ breaker, watch, defer, settle, note }) => {
    const work = defer()
    const circuit = breaker(obey, { capacity: 1 })
    const { semaphore } = circuit
    const call = watch('call', () => circuit.fire(work.promise))
    const taken = semaphore.take()
    await settle()
    note('waiting', semaphore.count)
    work.resolve('fine')
    await call
    await watch('take', () => taken)
    note('handed over', semaphore.count)
    semaphore.release()
  },

  'takers are served in their order': async ({ breaker, watch, settle, note }) => {
    const { semaphore } = breaker(obey, { capacity: 1 })
    semaphore.test()
    const waiting = [watch('first', () => semaphore.take()), watch('second', () => semaphore.take())]
    for (const taker of waiting) {
      await settle()
      note('release')
      semaphore.release()
      await taker
    }
    note('permits', semaphore.count)
    semaphore.release()
  },

  'take gives up after its timeout': async ({ breaker, watch, note }) => {
    const { semaphore } = breaker(obey, { capacity: 1 })
    semaphore.test()
    await watch('take', () => semaphore.take(30))
    semaphore.release()
    note('permits', semaphore.count)
  },

  'a release too many adds a permit': async ({ breaker, note }) => {
    const { semaphore } = breaker(obey, { capacity: 1 })
    semaphore.release()
    note('permits', semaphore.count)
    note('first and second', semaphore.test(), semaphore.test())
    semaphore.release()
    semaphore.release()
  }
}
