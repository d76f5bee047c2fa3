'use strict'

// Listeners and fallbacks that set off what they hear of: the call is answered, the loop
// turns, and nothing goes on without an end within one turn.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const { child } = require('../support/child')

const SETUP = `
  const { setImmediate: turn, setTimeout: sleep } = require('node:timers/promises')
  const CircuitBreaker = require(path)
  const error = new Error('ill')
  const ignore = () => {}
  const answers = []
  let looked = 0
  process.on('unhandledRejection', ignore)
  // The end of the stack is an end, of listeners that set off each other.
  process.on('uncaughtException', error => { if (!(error instanceof RangeError)) console.error(error) })
  const fewTurns = async () => { for (let turns = 0; turns < 5; turns++) await turn() }
`

// What is done to a circuit by whoever hears of its doings, and to which the same answer
// could be given for ever.
const SETTINGS_OFF = {
  'halfOpen: opens': "breaker.on('halfOpen', () => breaker.open())",
  'halfOpen: opens, having looked': "breaker.on('halfOpen', () => { if (breaker.halfOpen || breaker.opened) breaker.open() })",
  'halfOpen: opens, and looks': "breaker.on('halfOpen', () => { breaker.open(); looked += breaker.opened + breaker.halfOpen })",
  'halfOpen: opens twice': "breaker.on('halfOpen', () => { breaker.open(); breaker.open() })",
  'halfOpen: opens and fires': "breaker.on('halfOpen', () => { breaker.open(); fire() })",
  'halfOpen: fires and opens': "breaker.on('halfOpen', () => { fire(); breaker.open() })",
  'halfOpen: closes': "breaker.on('halfOpen', () => breaker.close())",
  'halfOpen: closes and opens': "breaker.on('halfOpen', () => { breaker.close(); breaker.open() })",
  'open: closes': "breaker.on('open', () => breaker.close())",
  'open: opens': "breaker.on('open', () => breaker.open())",
  'open: closes; close: opens': "breaker.on('open', () => breaker.close()); breaker.on('close', () => breaker.open())",
  'open: closes and opens': "breaker.on('open', () => { breaker.close(); breaker.open() })",
  'close: opens': "breaker.on('close', () => breaker.open())",
  'close: opens; halfOpen: closes': "breaker.on('close', () => breaker.open()); breaker.on('halfOpen', () => breaker.close())",
  'open: reads, fires': "breaker.on('open', () => { looked += breaker.halfOpen; fire() })",
  'reject: opens': "breaker.on('reject', () => breaker.open())",
  'failure: opens': "breaker.on('failure', () => breaker.open())",
  'failure: closes': "breaker.on('failure', () => breaker.close())",
  'failure: fires': "breaker.on('failure', () => fire())",
  'reject: fires': "breaker.on('reject', () => fire())",
  'fire: opens': "breaker.on('fire', () => breaker.open())",
  'a fallback that opens': "breaker.fallback(() => { breaker.open(); return 'instead' })",
  'a fallback that opens and fires': 'breaker.fallback(() => { breaker.open(); fire(); throw error })',
  'an error filter that opens': 'breaker.options.errorFilter = () => { breaker.open() }',
  'an action that opens': 'breaker.action = () => { breaker.open(); throw error }',
  'snapshot: rotates': "breaker.status.on('snapshot', () => breaker.status.rotateBucket())",
  'snapshot: opens and closes': "breaker.status.on('snapshot', () => { breaker.open(); breaker.close() })",
  'snapshot: listens anew': `
    const hear = () => {
      breaker.status.removeAllListeners('snapshot')
      breaker.status.on('snapshot', hear)
    }
    breaker.status.on('snapshot', hear)`,
  'snapshot: fires': "breaker.status.on('snapshot', () => fire())"
}

const STORM = `
  const [a, b] = [0, 1].map(() => new CircuitBreaker(async () => 'well', { resetTimeout: 0 }))
  let events = 0
  const setsOff = (one, other) => one.on('open', () => {
    events++
    other.close()
    other.open()
    one.close()
    one.open()
  })
  setsOff(a, b)
  setsOff(b, a)
`

test('however deep listeners set each other off, a thousand events are told in one piece', async () => {
  const { stdout, stderr, ...end } = await child(`async ({ require, path }) => {
    ${SETUP}
    ${STORM}
    a.open()
    const atOnce = events
    await turn()
    await turn()
    // The resets that are due by then have been told of as well, in pieces of a thousand.
    console.log(atOnce > 100, atOnce <= 1000, events > atOnce, events < 10_000)
    process.exit()
  }`)
  assert.deepEqual({ stdout, said: said(stderr), ...end }, { stdout: 'true true true true\n', said: '', code: 0, signal: null })
})

// V8 leaves half set what it stops in, at the end of the stack or by the timeout of `node:vm`: such an
// immediate keeps its process for ever, and those after it may never come.
test('what is told later is not asked of the timers of Node', async () => {
  const { stdout, stderr, ...end } = await child(`async ({ require, path }) => {
    const timers = require('node:timers')
    const { setImmediate } = timers
    let asked = 0
    timers.setImmediate = (...args) => {
      asked++
      return setImmediate(...args)
    }
    ${SETUP}
    ${STORM}
    a.open()
    const [atOnce, askedAtOnce] = [events, asked]
    await fewTurns()
    console.log(askedAtOnce, events > atOnce)
    process.exit()
  }`)
  assert.deepEqual({ stdout, said: said(stderr), ...end }, { stdout: '0 true\n', said: '', code: 0, signal: null })
})

test('where a microtask sets off the next, the loop turns between two pieces, too', async () => {
  const { stdout, stderr, ...end } = await child(`async ({ require, path }) => {
    ${SETUP}
    const make = () => new CircuitBreaker(async () => 'well', { resetTimeout: 60_000 })
    const [first, ...others] = Array.from({ length: 1_100 }, make)
    let bursts = 0
    const flip = breaker => breaker.opened ? breaker.close() : breaker.open()
    const goOn = () => { if (bursts++ < 50) queueMicrotask(() => flip(first)) }
    for (const event of ['open', 'close']) {
      first.on(event, () => others.forEach(flip))
      others.at(-1).on(event, goOn)
    }
    let turns = 0
    flip(first)
    while (bursts < 50) {
      await turn()
      turns++
    }
    console.log(turns > 40)
  }`)
  assert.deepEqual({ stdout, said: said(stderr), ...end }, { stdout: 'true\n', said: '', code: 0, signal: null })
})

test('the rest of a storm comes to its end before the process does, and keeps nothing', async () => {
  const { stdout, stderr, ...end } = await child(`async ({ require, path }) => {
    ${SETUP}
    ${STORM.replace('resetTimeout: 0', 'resetTimeout: 60_000').replace('events++', 'if (++events > 5000) return')}
    a.open()
    console.log(events > 5000)
    process.on('exit', () => console.log(events > 5000))
  }`)
  assert.deepEqual({ stdout, said: said(stderr), ...end }, { stdout: 'false\ntrue\n', said: '', code: 0, signal: null })
})

test('while listeners set each other off without an end, calls of others time out, and are answered', async () => {
  const { stdout, stderr, ...end } = await child(`async ({ require, path }) => {
    ${SETUP}
    ${STORM}
    const other = new CircuitBreaker(async ms => ms && sleep(ms), { timeout: 200 })
    a.open()
    const outcomes = await Promise.allSettled([other.fire(60_000), other.fire(50), other.fire(0)])
    console.log(...outcomes.map(({ reason, status }) => reason?.code ?? status), events > 5000)
    process.exit()
  }`)
  assert.deepEqual({ stdout, said: said(stderr), ...end }, { stdout: 'ETIMEDOUT fulfilled fulfilled true\n', said: '', code: 0, signal: null })
})

for (const resetTimeout of [0, 1]) {
  describe(`with a reset timeout of ${resetTimeout}, whatever it sets off, a call is answered and the loop turns`, { concurrency: 2 }, () => {
    for (const [name, prepare] of Object.entries(SETTINGS_OFF)) {
      test(name, async () => {
        const { stdout, stderr, ...end } = await child(`async ({ require, path }) => {
          ${SETUP}
          const breaker = new CircuitBreaker(async () => { throw error }, { resetTimeout: ${resetTimeout}, rollingCountTimeout: 10, timeout: 1000 })
          // What a listener fires is one more to be answered, but these come to an end.
          let left = 1000
          const fire = () => { if (left-- > 0) answers.push(breaker.fire().then(ignore, ignore)) }
          ${prepare}
          fire()
          await fewTurns()
          breaker.open()
          fire()
          await fewTurns()
          breaker.close()
          fire()
          await sleep(30)
          await fewTurns()
          left = 0
          // To those that wait for each other as well.
          let answered = 0
          while (answered < answers.length) await answers[answered++]
          const { closed, open, halfOpen } = breaker.toJSON().state
          console.log('answered', answered >= 3, closed + open + halfOpen)
          process.exit()
        }`)
        assert.deepEqual({ stdout, said: said(stderr), ...end }, { stdout: 'answered true 1\n', said: '', code: 0, signal: null })
      })
    }
  })
}

describe('a fallback that fires its own breaker, which refuses, has an end', { concurrency: 2 }, () => {
  // At the end of the stack, where there is no other.
  const FALLBACKS = {
    'the open breaker itself': 'refusing.open(); refusing.fallback(refusing)',
    'a function that fires the open one': 'refusing.open(); refusing.fallback(() => refusing.fire())',
    'one without room': 'refusing = make({ capacity: 0 }); refusing.fallback(refusing)',
    'two open ones, in a cycle': `
      const other = make({})
      for (const one of [refusing, other]) one.open()
      refusing.fallback(other)
      other.fallback(refusing)`,
    'by a listener to reject': "refusing.open(); refusing.on('reject', () => { refusing.fire().catch(ignore) })",
    'by a listener to semaphoreLocked': `
      refusing = make({ capacity: 0 })
      refusing.on('semaphoreLocked', () => { refusing.fire().catch(ignore) })`
  }
  for (const [name, prepare] of Object.entries(FALLBACKS)) {
    test(name, async () => {
      const { stdout, stderr, ...end } = await child(`async ({ require, path }) => {
        ${SETUP}
        const make = options => new CircuitBreaker(async () => 'well', { resetTimeout: 3_600_000, timeout: 1000, errorThresholdPercentage: 100, ...options })
        let refusing = make({})
        ${prepare}
        for (let calls = 0; calls < 3; calls++) {
          let promise
          try { promise = refusing.fire() } catch { promise = Promise.reject(error) }
          console.log(await promise.then(ignore, () => 'rejected'))
        }
        const { capacity } = refusing.options
        console.log(capacity - refusing.semaphore.count)
        process.exit()
      }`)
      const stdoutOf = 'rejected\nrejected\nrejected\n0\n'
      assert.deepEqual({ stdout, said: said(stderr), ...end }, { stdout: stdoutOf, said: '', code: 0, signal: null })
    })
  }
})

// At the end of the stack Node says that it cannot tell of a rejection.
function said (stderr) {
  return stderr.replaceAll(/^Exception in PromiseRejectCallback:\n(.*\n)*?RangeError: .*\n\n/gm, '')
}
