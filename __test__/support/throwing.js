'use strict'

// A process of its own, in which what is named by the first argument throws: an event's
// listener, or the error filter. Sends what became of the call, of its permit and of the
// error thrown; with a second argument, nobody catches that.

const { setTimeout: sleep } = require('node:timers/promises')
const CircuitBreaker = require('../..')

const [, , thrower, uncaught] = process.argv
const thrown = []
if (!uncaught) process.on('uncaughtException', error => thrown.push(error.message))

const ACTIONS = {
  well: async () => 'well',
  ill: async () => { throw new Error('ill') },
  hang: () => new Promise(() => {})
}

const throwIt = () => { throw new Error(`thrown by ${thrower}`) }

const SCENARIOS = {
  fire: breaker => breaker.fire('well'),
  success: breaker => breaker.fire('well'),
  'success, when filtered': breaker => {
    breaker.options.errorFilter = () => true
    breaker.on('success', throwIt)
    return breaker.fire('ill')
  },
  failure: breaker => breaker.fire('ill'),
  timeout: breaker => breaker.fire('hang'),
  errorFilter: breaker => {
    breaker.options.errorFilter = throwIt
    return breaker.fire('ill')
  },
  open: breaker => breaker.fire('ill'),
  fallback: breaker => breaker.fallback(() => 'instead').fire('ill'),
  reject: breaker => {
    breaker.open()
    return breaker.fire('well')
  },
  semaphoreLocked: async breaker => {
    const { semaphore } = breaker
    while (semaphore.test());
    const outcome = await told(breaker.fire('well'))
    semaphore.release()
    semaphore.release()
    return outcome
  },
  halfOpen: async breaker => {
    breaker.open()
    while (!breaker.halfOpen) await sleep(5)
    return breaker.fire('well')
  },
  close: async breaker => {
    breaker.open()
    while (!breaker.halfOpen) await sleep(5)
    return breaker.fire('well')
  }
}

const told = promise => Promise.resolve(promise).catch(error => `rejected: ${error.code ?? error.message}`)

async function main () {
  const breaker = new CircuitBreaker(kind => ACTIONS[kind](), { capacity: 2, timeout: 50, resetTimeout: 30 })
  breaker.on(thrower, throwIt)
  const outcome = await told(SCENARIOS[thrower](breaker))
  // What is thrown surfaces after the call has settled, or before.
  await sleep(5)
  process.send({ outcome, free: breaker.semaphore.count, thrown })
}

main()
