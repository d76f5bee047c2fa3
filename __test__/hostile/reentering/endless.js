'use strict'

// A process in which programs have no end of their own: what ends them is the stack, a limit
// of the host's, or the library.

const vm = require('node:vm')
const CircuitBreaker = require('../../..')
const { survivesTermination } = require('../../support/needs')
const { outcome, runInside, sleep, surfaced, turn } = require('../support/inside')
const { install } = require('./clocks')

const ill = () => { throw new Error('ill') }

// Each gives the promises that have to settle, and the breakers that have to be whole.
const PROGRAMS = {
  'an action that fires its own breaker' () {
    const breaker = new CircuitBreaker(() => breaker.fire(), { timeout: 300, capacity: MANY })
    return [[breaker.fire()], [breaker]]
  },
  'an action that fires its own breaker, and then something else' () {
    const breaker = new CircuitBreaker(async () => [await breaker.fire(), 1], { timeout: 300, capacity: MANY })
    return [[breaker.fire()], [breaker]]
  },
  'an action that fires its own breaker, without a timeout' () {
    const breaker = new CircuitBreaker(() => breaker.fire(), { timeout: false, capacity: MANY })
    return [[breaker.fire()], [breaker]]
  },
  'an action that fires another, which fires the first' () {
    const a = new CircuitBreaker(() => b.fire(), { timeout: 300, capacity: MANY })
    const b = new CircuitBreaker(() => a.fire(), { timeout: 300, capacity: MANY })
    return [[a.fire(), b.fire()], [a, b]]
  },
  'an action that makes breakers of itself' () {
    const action = () => new CircuitBreaker(action, { timeout: 300 }).fire()
    return [[action()], []]
  },
  'breakers that are fallbacks of each other' () {
    const [a, b] = [ill, ill].map(action => new CircuitBreaker(action, { timeout: 300, capacity: MANY }))
    a.fallback(b)
    b.fallback(a)
    return [[a.fire(), b.fire(), a.fire()], [a, b]]
  },
  'breakers that are fallbacks of each other, and never open' () {
    const options = { timeout: 300, capacity: MANY, errorThresholdPercentage: 100 }
    const [a, b] = [ill, ill].map(action => new CircuitBreaker(async () => action(), options))
    a.fallback(b)
    b.fallback(a)
    return [[a.fire(), b.fire()], [a, b]]
  },
  'open breakers that are fallbacks of each other' () {
    const [a, b] = [ill, ill].map(action => new CircuitBreaker(action, { timeout: 300, capacity: MANY }))
    a.fallback(b)
    b.fallback(a)
    a.open()
    b.open()
    return [[a.fire(), b.fire(), a.fire()], [a, b]]
  },
  'a breaker that is its own fallback' () {
    const breaker = new CircuitBreaker(ill, { timeout: 300, capacity: MANY })
    breaker.fallback(breaker)
    return [[breaker.fire()], [breaker]]
  },
  'a listener to fire that fires' () {
    const breaker = new CircuitBreaker(async () => 'well', { timeout: 300, capacity: MANY })
    breaker.on('fire', () => { breaker.fire().catch(() => {}) })
    return [[breaker.fire()], [breaker]]
  },
  'a listener to reject that fires' () {
    const breaker = new CircuitBreaker(async () => 'well', { timeout: 300, capacity: MANY })
    breaker.open()
    breaker.on('reject', () => { breaker.fire().catch(() => {}) })
    return [[breaker.fire()], [breaker]]
  },
  'a then that fires' () {
    const breaker = new CircuitBreaker(() => ({ then (resolve) { resolve(breaker.fire()) } }), { timeout: 100, capacity: FEW })
    return [[breaker.fire()], [breaker]]
  },
  'a circuit that opens whenever it is half open' () {
    const breaker = new CircuitBreaker(async () => 'well', { timeout: 300, resetTimeout: 0, capacity: MANY })
    breaker.on('halfOpen', () => breaker.open())
    breaker.open()
    return [[breaker.fire()], [breaker]]
  },
  'a circuit that opens whenever it closes' () {
    const breaker = new CircuitBreaker(async () => 'well', { timeout: 300, resetTimeout: 0, capacity: MANY })
    let times = 0
    breaker.on('close', () => breaker.open())
    breaker.on('open', () => { if (times++ < 10_000) breaker.close() })
    return [[breaker.fire()], [breaker]]
  },
  'a stack that is nearly full' () {
    const breaker = new CircuitBreaker(async () => 'well', { timeout: 300, capacity: MANY })
    const promises = []
    // At every depth near the end one call, so that each of its steps is the last one once.
    const descend = () => {
      try {
        descend()
      } catch {
        // Here the stack has room for little more.
      }
      if (promises.length < 2_000) promises.push(breaker.fire())
    }
    try {
      descend()
    } catch {}
    return [promises, [breaker]]
  },
  'calls that are terminated' () {
    const breaker = new CircuitBreaker(async () => 'well', { timeout: 300, capacity: MANY })
    const context = vm.createContext({ breaker })
    for (let time = 0; time < TIMES; time++) {
      try {
        vm.runInContext('for (;;) breaker.fire(1)', context, { timeout: 5 })
      } catch {}
    }
    return [[breaker.fire()], [breaker]]
  },
  'calls that are terminated, and more' () {
    const breaker = new CircuitBreaker(async () => 'well', { timeout: 300, capacity: MANY })
    // A promise that is rejected unhandled costs Node since 22 the termination, and the script never ends.
    breaker.fallback(() => 'instead')
    const context = vm.createContext({ breaker })
    for (let time = 0; time < TIMES; time++) {
      try {
        vm.runInContext('for (;;) breaker.fire(1), breaker.open(), breaker.fire(1), breaker.close(), breaker.stats', context, { timeout: 5 })
      } catch {}
    }
    return [[breaker.fire()], [breaker]]
  }
}

// So often is a call terminated at some place or other.
const TIMES = 10
// More than a stack holds.
const MANY = 10_000_000
// Less than that.
const FEW = 100

const cannotBeTold = { toString () { throw cannotBeTold } }
const THROWN = { 'an error': new Error('thrown'), 'what cannot be told': cannotBeTold, nothing: undefined }
// What takes seconds is run by the clock of the host, and by one that is fake.
const LONG = ['breakers that are fallbacks of each other, and never open']
const LONG_BY = ['real', 'that of sinon']
const THROWING = ['marked as that of node:test', 'that of sinon']
const FUNCTIONS = ['Date.now', 'setTimeout', 'clearTimeout']

const cases = {}
for (const clock of process.argv.slice(3)) {
  for (const [name, program] of Object.entries(PROGRAMS)) {
    const isLong = LONG.includes(name)
    if (!isLong || LONG_BY.includes(clock)) cases[`${name}, by a clock: ${clock}`] = () => run(program, clock)
    if (isLong || !THROWING.includes(clock)) continue
    for (const [what, thrown] of Object.entries(THROWN)) {
      for (const thrower of FUNCTIONS) {
        cases[`${name}, by a clock: ${clock}, whose ${thrower} throws ${what}`] = () => run(program, clock, thrower, thrown)
      }
    }
  }
}

runInside(cases)

async function run (program, name, thrower, thrown) {
  surfaced.clear()
  let armed = true
  const clock = install(name, called => { if (armed && called === thrower) throw thrown })
  try {
    return await judged(program, clock, () => { armed = false })
  } finally {
    clock.uninstall()
  }
}

function isWhole ({ semaphore }) {
  try {
    return semaphore.count >= 0
  } catch ({ code }) {
    if (code === 'EINTR') return false
    throw new Error(code)
  }
}

async function judged (program, clock, disarm) {
  let promises, breakers
  try {
    [promises, breakers] = program()
  } catch (error) {
    // Whoever made the breaker heard of it.
    return []
  }
  // What has stopped it is known there.
  if (!survivesTermination) breakers = breakers.filter(isWhole)
  let settled = 0
  const count = () => { settled++ }
  const all = Promise.all(promises.map(promise => promise.then(count, count)))
  const within = ms => Promise.race([all.then(() => true), clock.pass(ms).then(turn)])
  await within(30)
  disarm()
  for (const breaker of breakers) breaker.fire().catch(() => {})
  if (!await within(400)) await outcome(all)
  const pending = promises.length - settled
  const problems = pending > 0 ? [`${pending} of ${promises.length} promises are pending`] : []

  // What nobody holds ends by its deadline.
  const taken = ({ semaphore: { count } }) => (count <= FEW ? FEW : MANY) - count
  for (let steps = 0; steps < 60 && breakers.some(taken); steps++) {
    await clock.pass(10)
    // The host's own clock says when to look for calls that were lost.
    await sleep(1)
  }
  for (const breaker of breakers) if (taken(breaker)) problems.push(`${taken(breaker)} places are not free`)
  return problems
}
