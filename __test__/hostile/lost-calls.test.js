'use strict'

// Calls whose way is cut short wherever they are: by the end of the stack, or by V8, which
// ends a script that takes too long. No permit goes with them, and no process stays
// for them; while an action that only takes its time keeps its permit.

const assert = require('node:assert/strict')
const { before, describe, test } = require('node:test')

const { child } = require('../support/child')
const { survivesTermination } = require('../support/needs')
const { compiled } = require('./support/compiled')

const CAPACITY = 1_000_000
const TIMEOUTS = [300, false]

// Is to be fired by way of `guarded`, so that a call made later does not do it again.
const RECURSIONS = {
  'an action that fires its own breaker': 'breaker.action = guarded(() => breaker.fire())',
  'an action that fires it by `call`': 'breaker.action = guarded(() => breaker.call(null, 1, 2, 3))',
  'an asynchronous action that fires it': 'breaker.action = guarded(async () => breaker.fire())',
  'two breakers that fire each other': `
    const other = new CircuitBreaker(() => breaker.fire(), options)
    breaker.action = guarded(() => other.fire())`,
  'an action of a breaker that caches': `
    breaker.options.cache = breaker.options.coalesce = false
    let key = 0
    const caching = new CircuitBreaker(() => caching.fire(++key), { ...options, coalesce: true })
    breaker.action = guarded(() => caching.fire(++key))`,
  'a listener to fire that fires': "breaker.on('fire', guarded(() => breaker.fire().catch(ignore)))",
  'a listener to failure that fires': `
    breaker.action = guarded(raise)
    breaker.on('failure', guarded(() => breaker.fire().catch(ignore)))`,
  'an error filter that fires': `
    breaker.action = guarded(raise)
    breaker.options.errorFilter = guarded(() => { breaker.fire().catch(ignore) })`,
  'a fallback that fires': `
    breaker.action = guarded(raise)
    breaker.fallback(guarded(() => breaker.fire()))`,
  'fallback breakers in a cycle': `
    const other = new CircuitBreaker(raise, options).fallback(breaker)
    breaker.action = guarded(raise)
    breaker.fallback(other)`,
  'a thenable that fires': `
    breaker.action = guarded(() => ({ get then () { breaker.fire().catch(ignore); return done => done() } }))`
}

describe('recursion without an end leaves no permit taken, and the process ends by itself', { concurrency: 2 }, () => {
  for (const timeout of TIMEOUTS) {
    for (const [name, prepare] of Object.entries(RECURSIONS)) {
      test(`${name}, timeout: ${timeout}`, async () => {
        const { told, ...end } = await played(`
          ${prepare}
          breaker.fire().then(note('resolved'), note('rejected'))
        `, { timeout })
        assert.deepEqual(end, WELL)
        assert.deepEqual({ ...told, notes: told.notes.length }, { free: CAPACITY, later: 'well', notes: 1 })
      })
    }
  }
})

describe('a call made where the stack ends is settled, and leaves no permit taken', { concurrency: 2 }, () => {
  const ACTIONS = {
    'that succeeds': "async () => 'well'",
    'that returns nothing': '() => {}',
    'that gives a thenable': "() => ({ then: done => done('well') })",
    'that throws': 'raise',
    'that hangs': 'timeout ? () => new Promise(ignore) : async () => {}'
  }
  const WITH = {
    nothing: '',
    listeners: "for (const name of ['fire', 'success', 'failure', 'timeout', 'fallback']) breaker.on(name, () => {})",
    'a fallback': "breaker.fallback(() => 'instead')"
  }
  for (const timeout of TIMEOUTS) {
    for (const [what, action] of Object.entries(ACTIONS)) {
      for (const [others, prepare] of Object.entries(WITH)) {
        test(`an action ${what}, with ${others}, timeout: ${timeout}`, async () => {
          const { told, ...end } = await played(`
            const timeout = ${timeout}
            const promises = []
            breaker.action = guarded(${action})
            ${prepare}
            // From each of the last frames of the stack. How much is left in them depends on how
            // much is on it before.
            const dive = () => {
              try { dive() } catch {}
              if (promises.length === enough) return
              try { promises.push(breaker.fire(1, 2)) } catch {}
            }
            const from = (...padding) => dive()
            let enough
            for (let padding = 0; padding < 40; padding++) {
              enough = promises.length + 300
              from(...new Array(padding))
            }
            let pending = promises.length
            const end = () => { pending-- }
            for (const promise of promises) promise.then(end, end)
            atEnd(() => note('pending')(pending, promises.length))
          `, { timeout })
          assert.deepEqual(end, WELL)
          assert.deepEqual(told, { free: CAPACITY, later: 'well', notes: [['pending', 0, 12_000]] })
        })
      }
    }
  }
})

describe('a promise for whose executor the stack has no room takes no permit with it', { concurrency: 2 }, () => {
  // What begins the promises, of which one is rejected instead of calling its executor, as at the end of the stack.
  const BEGINNINGS = {
    'a call with a deadline': ['breaker.action = guarded(() => new Plain(ignore)); calls = [breaker.fire()]', {}],
    'a call that waits for a place': [
      'breaker.action = guarded(() => sleep(20)); calls = [breaker.fire(), breaker.fire()]',
      { capacity: 1, queue: { size: 5, timeout: 100 } }
    ],
    'a call that is tried again': [
      'let times = 0; breaker.action = guarded(async () => { if (times++ === 0) raise() }); calls = [breaker.fire()]',
      { retry: { attempts: 2, delay: { initial: 1, max: 1 } } }
    ]
  }
  for (const [what, [begin, options]] of Object.entries(BEGINNINGS)) {
    test(what, async () => {
      const { told, ...end } = await played(`
        process.on('uncaughtException', ({ message }) => note('uncaught')(message))
        const Plain = Promise
        let left = Infinity
        globalThis.Promise = new Proxy(Plain, {
          construct: (target, args) => left-- === 0
            ? Plain.reject(new RangeError('no room'))
            : Reflect.construct(target, args)
        })
        for (let nth = 0; nth < 5; nth++) {
          let calls
          left = nth
          try { ${begin} } catch (error) { note('threw')() }
          for (const call of calls) await call.catch(ignore)
        }
        left = Infinity
      `, { capacity: 5, timeout: 100, ...options })
      assert.deepEqual(end, WELL)
      assert.deepEqual(told, { free: options.capacity ?? 5, later: 'well', notes: [] })
    })
  }
})

describe('a call that V8 terminates leaves no permit taken, and the process ends by itself', { concurrency: 2 }, () => {
  for (const timeout of TIMEOUTS) {
    test(`somewhere, thirty times, timeout: ${timeout}`, async () => {
      const { told, ...end } = await played(`
        const context = vm.createContext({ breaker })
        for (let times = 0; times < 30; times++) {
          try {
            vm.runInContext('for (;;) breaker.fire(1)', context, { timeout: 10 })
          } catch (error) {
            note(error.code)()
          }
          await turn()
        }
      `, { timeout })
      assert.deepEqual(end, WELL)
      const notes = new Array(30).fill([TERMINATED])
      const stopped = { free: 'EINTR', later: 'EINTR', notes }
      const expected = !survivesTermination && told.later === 'EINTR' ? stopped : { free: CAPACITY, later: 'well', notes }
      assert.deepEqual(told, expected)
    })
  }

  test('whatever it stopped, nothing of that is uncaught, and calls are answered', async () => {
    const { stdout, ...end } = await child(async ({ require, path }) => {
      const { setImmediate: turn, setTimeout: sleep } = require('node:timers/promises')
      const vm = require('node:vm')
      const CircuitBreaker = require(path)
      process.on('unhandledRejection', () => {})
      const uncaught = []
      process.on('uncaughtException', ({ message }) => uncaught.push(message))
      const breaker = new CircuitBreaker(async () => 'well', { timeout: 300, rollingPercentilesEnabled: false })
      const other = new CircuitBreaker(() => new Promise(() => {}), { timeout: 300 })
      const timedOut = other.fire().catch(({ code }) => code)
      const context = vm.createContext({ breaker })
      for (let times = 0; times < 40; times++) {
        try { vm.runInContext('for (;;) breaker.fire(1)', context, { timeout: 5 }) } catch {}
        await turn()
      }
      const later = await breaker.fire().catch(({ code }) => code)
      console.log(JSON.stringify({ later, timedOut: await Promise.race([timedOut, sleep(5_000)]), uncaught }))
    })
    assert.deepEqual(end, { code: 0, signal: null, stderr: '' })
    const { later, timedOut, uncaught } = JSON.parse(stdout)
    assert.deepEqual(uncaught, [])
    assert.ok(later === 'well' || (!survivesTermination && later === 'EINTR'), later)
    assert.ok(timedOut === 'ETIMEDOUT' || !survivesTermination, timedOut)
  })

  const PLACES = {
    'in its action': 'breaker.action = guarded(spin)',
    'in the first part of an asynchronous action': 'breaker.action = guarded(async () => spin())',
    'in a getter of what its action gives': 'breaker.action = guarded(() => ({ get then () { spin() } }))',
    'in its error filter': 'breaker.action = guarded(raise); breaker.options.errorFilter = guarded(spin)',
    'in its fallback': 'breaker.action = guarded(raise); breaker.fallback(guarded(spin))',
    "in the fallback's result": 'breaker.action = guarded(raise); breaker.fallback(guarded(() => ({ get then () { spin() } })))',
    'in an action that another one calls': `
      const other = new CircuitBreaker(spin, options)
      breaker.action = guarded(() => other.fire())`
  }
  for (const name of ['fire', 'failure', 'fallback', 'open']) {
    PLACES[`in a listener to ${name}`] = `
      if (${name === 'open'}) breaker.options.errorThresholdPercentage = 0
      breaker.action = guarded(raise)
      breaker.fallback(guarded(() => 'instead'))
      breaker.on('${name}', guarded(spin))`
  }
  for (const timeout of TIMEOUTS) {
    for (const [place, prepare] of Object.entries(PLACES)) {
      test(`${place}, timeout: ${timeout}`, async () => {
        // As many as there are places, and more: later ones have to be admitted.
        const { told, ...end } = await played(`
          ${prepare}
          for (let times = 0; times < 8; times++) {
            note(terminated(() => breaker.fire(1)))()
            breaker.close()
            const givenBack = () => breaker.semaphore.count === options.capacity
            for (let turns = 0; turns < (${timeout} ? 1e6 : 50) && !givenBack(); turns++) await turn()
          }
          breaker.options.errorThresholdPercentage = 100
          breaker.close()
        `, { capacity: 5, timeout: timeout && 100, resetTimeout: 3_600_000 })
        assert.deepEqual(end, WELL)
        assert.deepEqual(told, { free: 5, later: 'well', notes: new Array(8).fill([TERMINATED]) })
      })
    }

    test(`a probe is followed by another one, timeout: ${timeout}`, async () => {
      const { told, ...end } = await played(`
        breaker.action = guarded(spin)
        for (let times = 0; times < 3; times++) {
          breaker.open()
          while (!breaker.halfOpen) await sleep(5)
          note(terminated(() => breaker.fire(1)))()
        }
        breaker.action = async () => 'well'
        const giveUpAt = Date.now() + 10_000
        let outcome
        while (outcome !== 'well' && Date.now() < giveUpAt) {
          outcome = await breaker.fire().catch(({ code }) => code)
          await sleep(5)
        }
        note(outcome)(breaker.closed)
      `, { capacity: 5, timeout: timeout && 100, resetTimeout: 20 })
      assert.deepEqual(end, WELL)
      const notes = [[TERMINATED], [TERMINATED], [TERMINATED], ['well', true]]
      assert.deepEqual(told, { free: 5, later: 'well', notes })
    })
  }
})

describe('an action that blocks for longer than its timeout is answered', { concurrency: 2 }, () => {
  const BLOCKS = {
    'by spinning': 'const end = Date.now() + 150; while (Date.now() < end);',
    'by Atomics.wait': 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150)',
    'by a process that it waits for': "require('node:child_process').execFileSync(process.execPath, ['-e', 'setTimeout(() => {}, 150)'])"
  }
  for (const [how, block] of Object.entries(BLOCKS)) {
    for (const timeout of [50, false]) {
      test(`${how}, timeout: ${timeout}`, async () => {
        const { told, ...end } = await played(`
          breaker.action = guarded(() => { ${block}; return 'blocked' })
          note(await breaker.fire().catch(({ code }) => code))(breaker.semaphore.count)
          const many = [1, 2, 3].map(() => breaker.fire().catch(({ code }) => code))
          for (const outcome of await Promise.all(many)) note(outcome)(breaker.semaphore.count)
        `, { timeout, capacity: 5 })
        assert.deepEqual(end, WELL)
        assertAnswered(told, 4, timeout, 'blocked')
      })
    }
  }
})

// As by deasync.
describe('an action that turns the loop itself keeps its permit until it returns', { concurrency: 2, skip: process.platform !== 'linux' }, () => {
  let addon
  before(() => {
    addon = compiled('nested-loop.c', 'node')
  })

  const ENDS = {
    'which is well': "return 'turned'",
    'which throws': "throw new Error('turned')"
  }
  for (const timeout of [50, 5_000, false]) {
    for (const [which, end] of Object.entries(ENDS)) {
      test(`${which}, timeout: ${timeout}`, async () => {
        const { told, ...ended } = await played(`
          const nested = require(${JSON.stringify(addon)})
          breaker.action = guarded(depth => {
            // Others come and go meanwhile.
            const other = new CircuitBreaker(async () => 'well', options)
            const until = Date.now() + 150
            for (let turns = 0; turns < 100 || Date.now() < until; turns++) {
              if (turns % 10 === 0) other.fire()
              nested()
              process._tickCallback()
            }
            // Of the places of those who have not returned, only a timeout gives one back.
            const { count } = breaker.semaphore
            note('taken')(5 - count === depth || (${timeout} === 50 && 5 - count < depth))
            if (depth < 2) fire(depth + 1)
            ${end}
          })
          const fire = async depth => note(await breaker.fire(depth).catch(({ code, message }) => code ?? message))()
          await fire(1)
        `, { timeout, capacity: 5 })
        assert.deepEqual(ended, WELL)
        const [first, second, ...answers] = told.notes
        assert.deepEqual([first, second], [['taken', true], ['taken', true]])
        assertAnswered({ ...told, notes: answers }, 2, timeout === 50, 'turned')
      })
    }
  }
})

const TERMINATED = 'ERR_SCRIPT_EXECUTION_TIMEOUT'
const WELL = { code: 0, signal: null }

function assertAnswered ({ notes, ...told }, calls, timeout, value) {
  assert.deepEqual(told, { free: 5, later: 'well' })
  assert.equal(notes.length, calls)
  for (const [outcome] of notes) assert.ok(outcome === value || (timeout && outcome === 'ETIMEDOUT'), outcome)
}

/**
 * Plays a program in a process of its own, which has to come to its end by itself: when it does,
 * `told` are its notes, how many places of its breaker are free then, and what a call
 * made after that gives.
 */
async function played (program, options) {
  const { stdout, ...end } = await child(`async ({ require, path }) => {
    const { setImmediate: turn, setTimeout: sleep } = require('node:timers/promises')
    const vm = require('node:vm')
    const CircuitBreaker = require(path)

    const options = {
      capacity: ${CAPACITY}, errorThresholdPercentage: 100, rollingPercentilesEnabled: false,
      ...${JSON.stringify(options)}
    }
    const breaker = new CircuitBreaker(async () => 'well', options)
    const notes = []
    const note = what => (...others) => { notes.push([what, ...others]) }
    const ignore = () => {}
    const raise = () => { throw new Error('ill') }
    // On a slow machine a call may be stopped before it comes to spin. What is left of it happens where
    // nobody would stop that.
    let isTimed = false
    const spin = () => { while (isTimed); }

    // Does what is to be done only until the program has come to its end.
    let over = false
    const guarded = act => function (...args) {
      return over ? 'well' : act.apply(this, args)
    }
    const terminated = act => {
      isTimed = true
      try {
        vm.runInContext('act()', vm.createContext({ act }), { timeout: 20 })
      } catch (error) {
        return error.code
      } finally {
        isTimed = false
      }
      return 'came back'
    }
    let last = ignore
    const atEnd = act => { last = act }

    // What is not caught there is of no interest here: the program is not what is judged.
    process.on('unhandledRejection', ignore)
    process.on('uncaughtException', ignore)
    process.once('beforeExit', async () => {
      over = true
      last()
      // A permit that nobody is left to settle is found in a few turns.
      for (let turns = 0; turns < 20; turns++) await turn()
      const code = ({ code, message }) => code ?? message
      let free
      try { free = breaker.semaphore.count } catch (error) { free = code(error) }
      const later = await breaker.fire().catch(code)
      console.log(JSON.stringify({ free, later, notes }))
    })
    try {
      ${program}
    } catch (error) {
      note('threw')(error.stack)
    }
  }`)
  // At the end of the stack Node itself says there that it cannot tell of a rejection.
  const { stderr, ...how } = end
  return { ...how, told: stdout ? JSON.parse(stdout) : stderr }
}

for (const [what, command, answer] of [
  ['a place that is given back', 'release', 'begun'],
  ['a circuit that is opened', 'open', 'EOPENBREAKER']
]) {
  test(`calls that wait are told of ${what}, however near the end of the stack`, async () => {
    const { stdout, code, stderr } = await child(waiting, { env: { ANSWER: answer, COMMAND: command } })
    assert.deepEqual([stdout, code], ['{"pending":0,"places":0,"some":true}\n', 0], stderr)
  })
}

function waiting ({ require, path }) {
  const CircuitBreaker = require(path)
  const command = process.env.COMMAND === 'open' ? breaker => breaker.open() : breaker => breaker.semaphore.release()
  // It surfaces, and is no matter here.
  process.on('uncaughtException', () => {})
  const made = Array.from({ length: 150 }, () => {
    const breaker = new CircuitBreaker(() => 'begun', { capacity: 1, queue: { size: 3, timeout: false } })
    breaker.semaphore.test()
    const answers = []
    for (let call = 0; call < 3; call++) breaker.fire().then(value => answers.push(value), error => answers.push(error.code ?? error.name))
    return { breaker, answers }
  })
  let frames = 0
  try {
    dive()
  } catch {}
  // Everything that is looked for is found a few turns later.
  setTimeout(() => {
    const told = made.filter(({ isTold }) => isTold)
    const pending = told.filter(({ answers }) => answers.length < 3).length
    const isOpen = process.env.ANSWER === 'EOPENBREAKER'
    const places = told.filter(({ breaker }) => breaker.semaphore.count !== (isOpen ? 0 : 1)).length
    const some = told.some(({ answers }) => answers.every(answer => answer === process.env.ANSWER))
    console.log(JSON.stringify({ pending, places, some }))
  }, 500)

  // Tries it with one breaker after the other, with ever more of the stack left.
  function dive () {
    try {
      dive()
    } catch (error) {
      const next = frames++ % 6 === 0 ? made[Math.floor(frames / 6)] : undefined
      if (next !== undefined) {
        try {
          command(next.breaker)
          next.isTold = true
        } catch {}
      }
      throw error
    }
  }
}
