'use strict'

// Used in two ways. Required, it gives the outcomes of calls while something throws.
// Run, it is a process of its own, in which what is named by the first argument throws: an event's
// listener, or the error filter. Sends what became of the call, of its permit and of the
// error thrown; with a second argument, nobody catches that.

const { setTimeout: sleep } = require('node:timers/promises')
const CircuitBreaker = require('../..')

const [, , thrower, uncaught] = process.argv
const thrown = []

const ACTIONS = {
  well: async () => 'well',
  ill: async () => { throw new Error('ill') },
  hang: () => new Promise(() => {})
}

const OPTIONS = { capacity: 2, resetTimeout: 60_000 }
if (thrower === 'timeout') OPTIONS.timeout = 30
if (thrower === 'halfOpen' || thrower === 'close') OPTIONS.resetTimeout = 20

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

const OUTCOMES = {
  fire: 'well',
  success: 'well',
  'success, when filtered': 'rejected: ill',
  failure: 'rejected: ill',
  timeout: 'rejected: ETIMEDOUT',
  errorFilter: 'rejected: ill',
  open: 'rejected: ill',
  fallback: 'instead',
  reject: 'rejected: EOPENBREAKER',
  semaphoreLocked: 'rejected: ESEMLOCKED',
  halfOpen: 'well',
  close: 'well'
}

module.exports = { OUTCOMES }

async function main () {
  if (!uncaught) process.on('uncaughtException', error => thrown.push(error.message))
  const breaker = new CircuitBreaker(kind => ACTIONS[kind](), OPTIONS)
  breaker.on(thrower, throwIt)
  const outcome = await told(SCENARIOS[thrower](breaker))
  // What is thrown surfaces in a tick of its own.
  await sleep(5)
  process.send({ outcome, free: breaker.semaphore.count, thrown })
}

if (require.main === module) main()
