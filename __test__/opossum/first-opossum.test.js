'use strict'

// Programs written for opossum 1 run. What its README shows is run on it and on ours,
// in the order of the README; where the two differ, both behaviours are written down.

const assert = require('node:assert/strict')
const { EventEmitter } = require('node:events')
const fs = require('node:fs')
const { PassThrough } = require('node:stream')
const { after, before, mock, test } = require('node:test')
const { inherits, inspect, promisify } = require('node:util')

const CircuitBreaker = require('../..')
const Opossum = require('opossum')
const First = require('opossum-1')
const { child } = require('../support/child')
const { collected, sleep, turn, until } = require('../support/wait')

const DEPRECATION = 'options.maxFailures is deprecated. Please use options.errorThresholdPercentage'
const STATES = ['opened', 'closed', 'halfOpen', 'pendingClose', 'isShutdown', 'enabled', 'warmUp']
const EVENTS = ['fire', 'reject', 'timeout', 'success', 'failure', 'open', 'close', 'halfOpen', 'fallback', 'semaphore-locked']

const well = async value => value
const fail = async () => { throw new Error('ill') }
const obey = async outcome => {
  if (outcome instanceof Error) throw outcome
  return outcome
}

// What the last part of its README advises to those who have many breakers.
before(() => {
  const warn = mock.method(console, 'warn', () => {})
  for (const { stats } of [First, CircuitBreaker]) stats.setMaxListeners(100)
  warn.mock.restore()
})

// Its breakers have timers, which a shutdown ends only in part; none keeps the process.
const made = []
after(() => made.forEach(breaker => breaker.isShutdown || breaker.shutdown()))

/** Runs a program on opossum 1 and on ours, which must leave the same lines: these. */
function same (what, program, ...expected) {
  test(what, async () => {
    const [theirs, ours] = [await linesOf(First, program), await linesOf(CircuitBreaker, program)]
    assert.deepEqual(ours, theirs)
    assert.deepEqual(ours, expected)
  })
}

async function linesOf (circuitBreaker, program) {
  const lines = []
  const note = (...line) => { lines.push(line.length > 1 ? line : line[0]) }
  const make = Object.assign((...args) => {
    const breaker = circuitBreaker(...args)
    made.push(breaker)
    return breaker
  }, { promisify: circuitBreaker.promisify })
  await program(make, note)
  return lines
}

const outcome = promise => promise.catch(error => `rejected: ${error.code ?? error.message}`)

/** Notes the events that the README lists: with what they carry, but for latencies. */
function watch (breaker, note) {
  for (const name of EVENTS) {
    breaker.on(name, (first, second) => {
      // Why a circuit opened, ours alone says.
      const carried = [first, second].filter(value => value !== undefined && name !== 'open').map(value => {
        return value instanceof Error ? value.code ?? value.message : value
      })
      if (['success', 'failure', 'timeout', 'semaphore-locked'].includes(name)) carried[1] = typeof second
      note(name, ...carried)
    })
  }
  return breaker
}

/** Runs `act` and gives what it printed by `console[method]`. */
function printed (t, method, act) {
  const { mock } = t.mock.method(console, method, () => {})
  act()
  const lines = mock.calls.map(({ arguments: args }) => args.join(' '))
  mock.restore()
  return lines
}

// Quiet: maxFailures makes both print.
function quietly (t) {
  t.mock.method(console, 'error', () => {})
}

// ---- Usage

same('a breaker is made by a call, and fired with arguments', async (circuitBreaker, note) => {
  const options = { timeout: 3000, errorThresholdPercentage: 50, resetTimeout: 30000 }
  const breaker = circuitBreaker((x, y) => new Promise(resolve => resolve(x + y)), options)
  note(await breaker.fire(2, 3))
  note(STATES.filter(state => breaker[state]))
}, 5, ['closed', 'enabled'])

same('the defaults, and the names', async (circuitBreaker, note) => {
  const { options } = circuitBreaker(fail)
  const { capacity, errorThresholdPercentage, resetTimeout, rollingCountBuckets, rollingCountTimeout, timeout } = options
  note({ capacity, errorThresholdPercentage, resetTimeout, rollingCountBuckets, rollingCountTimeout, timeout })
  note(circuitBreaker(fail).name, circuitBreaker(fail, { name: 'mine' }).name)
  note(circuitBreaker(fail, { name: 'mine' }).group, circuitBreaker(fail, { group: 'ours' }).group)
  note(circuitBreaker(fail, null).closed)
}, {
  capacity: Number.MAX_SAFE_INTEGER,
  errorThresholdPercentage: 50,
  resetTimeout: 30000,
  rollingCountBuckets: 10,
  rollingCountTimeout: 10000,
  timeout: 10000
}, ['fail', 'mine'], ['mine', 'ours'], true)

same('the options are copied when it is called, and may be changed for the next breaker', async (circuitBreaker, note) => {
  const options = Object.freeze({ timeout: 500 })
  note(circuitBreaker(well, options).options === options)
  const changing = { timeout: 500 }
  const first = circuitBreaker(() => sleep(30, 'late'), changing)
  changing.timeout = 1
  const second = circuitBreaker(() => sleep(30, 'late'), changing)
  note(await first.fire(), await outcome(second.fire()), Object.keys(changing))
}, false, ['late', 'rejected: ETIMEDOUT', ['timeout']])

test('with new, the options are the object that was given, as in opossum 10', () => {
  const options = {}
  assert.equal(new CircuitBreaker(well, options).options, options)
})

// ---- Fallback

same('it opens, refuses, half-opens, and closes at a success', async (circuitBreaker, note) => {
  // The state may be seen before its event is heard where it follows the clock.
  let heard = 0
  const breaker = watch(circuitBreaker(obey, { resetTimeout: 20 }), note)
  breaker.on('halfOpen', () => heard++)
  note(await outcome(breaker.fire('fine')))
  note(await outcome(breaker.fire(new Error('ill'))))
  note(await outcome(breaker.fire(new Error('ill'))))
  note(await outcome(breaker.fire('refused')))
  await until(() => heard === 1)
  note(STATES.filter(state => breaker[state]))
  await outcome(breaker.fire(new Error('still ill')))
  note(STATES.filter(state => breaker[state]))
  await until(() => heard === 2)
  await breaker.fire('fine')
  note(STATES.filter(state => breaker[state]))
},
...[
  ['fire', ['fine']], ['success', 'fine', 'number'], 'fine',
  // One in two is not more than 50 percent.
  ['fire', [new Error('ill')]], ['failure', 'ill', 'number'], 'rejected: ill',
  ['fire', [new Error('ill')]], ['failure', 'ill', 'number'], 'open', 'rejected: ill',
  ['fire', ['refused']], ['reject', 'EOPENBREAKER'], 'rejected: EOPENBREAKER',
  ['halfOpen', 20], ['halfOpen', 'pendingClose', 'enabled'],
  ['fire', [new Error('still ill')]], ['failure', 'still ill', 'number'], 'open', ['opened', 'enabled'],
  ['halfOpen', 20],
  ['fire', ['fine']], 'close', ['success', 'fine', 'number'], ['closed', 'enabled']
])

test('an early success closes an open circuit of opossum 1, and leaves ours', async () => {
  for (const [make, opened] of [[First, false], [CircuitBreaker, true]]) {
    const breaker = make(act => act(), { resetTimeout: 60_000 })
    made.push(breaker)
    const early = breaker.fire(() => sleep(5, 'fine'))
    breaker.open()
    assert.equal(await early, 'fine')
    assert.equal(breaker.opened, opened)
  }
})

test('what errorFilter lets pass is no failure to either; ours takes it for a success, as opossum 10', async () => {
  for (const [make, successes, came] of [[First, 0, 'instead'], [CircuitBreaker, 1, 'rejected: ill']]) {
    const breaker = make(fail, { errorFilter: () => true, resetTimeout: 5 }).fallback(() => 'instead')
    made.push(breaker)
    assert.equal(await outcome(breaker.fire()), came)
    assert.deepEqual([breaker.stats.failures, breaker.stats.successes], [0, successes])
    breaker.open()
    await until(() => breaker.halfOpen)
    await outcome(breaker.fire())
    assert.deepEqual([breaker.halfOpen, breaker.pendingClose, breaker.closed], [make === First, false, make !== First])
  }
})

const SORRY = 'Sorry, out of service right now'

same('a fallback answers failures, timeouts and refusals', async (circuitBreaker, note) => {
  const breaker = watch(circuitBreaker(act => act(), { timeout: 20, errorThresholdPercentage: 99 }), note)
  breaker.fallback(() => SORRY)
  breaker.removeAllListeners('fire')
  note(await breaker.fire(() => sleep(1000)))
  breaker.open()
  note(await breaker.fire(well))
},
...[
  ['timeout', 'ETIMEDOUT', 'number'], ['failure', 'ETIMEDOUT', 'number'],
  'open', ['fallback', SORRY, 'ETIMEDOUT'], SORRY,
  ['reject', 'EOPENBREAKER'], ['fallback', SORRY, 'EOPENBREAKER'], SORRY
])

same('a fallback gets the arguments and the error, and may be a breaker', async (circuitBreaker, note) => {
  const told = circuitBreaker(async (...args) => args.map(String))
  note(await circuitBreaker(fail).fallback(told).fire('a', 'b'))
  note(await outcome(circuitBreaker(fail).fallback(() => Promise.reject(new Error('no better'))).fire()))
}, ['a', 'b', 'Error: ill'], 'rejected: no better')

// ---- Browser: maxFailures

same('maxFailures opens at that failure in a row', async (circuitBreaker, note) => {
  const { error } = console
  console.error = note
  try {
    const options = { timeout: 500, maxFailures: 3, resetTimeout: 5000, errorThresholdPercentage: 100 }
    const circuit = circuitBreaker(fail, options)
    circuit.fallback(() => 'unavailable right now. Try later.')
    for (let i = 0; i < 4; i++) note(await circuit.fire(), circuit.opened)
    note(circuit.stats.failures, circuit.stats.rejects)
  } finally {
    console.error = error
  }
},
DEPRECATION, ...[false, false, true, true].map(opened => ['unavailable right now. Try later.', opened]), [3, 1])

test('the message is that of opossum 10, and printed when that prints it', t => {
  for (const maxFailures of [undefined, null, false, 0, 3, '3', -1, Infinity]) {
    const lines = Class => printed(t, 'error', () => made.push(new Class(well, { maxFailures })))
    assert.deepEqual(lines(CircuitBreaker), lines(Opossum))
    assert.deepEqual(lines(CircuitBreaker), maxFailures ? [DEPRECATION] : [])
  }
})

// Which of these outcomes open the circuit, by number from one on; 0: none.
async function opensAt (make, options, outcomes) {
  const breaker = make(obey, { errorThresholdPercentage: 100, ...options })
  made.push(breaker)
  for (const [place, ended] of [...outcomes].entries()) {
    await breaker.fire(ended === 'f' ? new Error('ill') : 'fine').catch(() => {})
    if (breaker.opened) return place + 1
  }
  return 0
}

test('maxFailures counts failures in a row; opossum 1 counts those in the window', async t => {
  quietly(t)
  assert.equal(await opensAt(CircuitBreaker, { maxFailures: 3 }, 'ffsffsfff'), 9)
  assert.equal(await opensAt(First, { maxFailures: 3 }, 'ffsffsfff'), 4)
})

test('the volume holds back maxFailures, as in opossum 1', async t => {
  quietly(t)
  for (const make of [CircuitBreaker, First]) {
    assert.equal(await opensAt(make, { maxFailures: 2, volumeThreshold: 4 }, 'sffff'), 4)
  }
})

test('the rate still opens, as in opossum 1', async t => {
  quietly(t)
  for (const make of [CircuitBreaker, First]) {
    assert.equal(await opensAt(make, { maxFailures: 5, errorThresholdPercentage: 50 }, 'sff'), 3)
  }
})

test('maxFailures in digits or halves, below one, and none', async t => {
  quietly(t)
  for (const [maxFailures, expected] of [['2', 2], [1.5, 2], [1, 1], [0, 1], [-1, 1], [Infinity, 0]]) {
    for (const make of [CircuitBreaker, First]) assert.equal(await opensAt(make, { maxFailures }, 'fff'), expected)
  }
  assert.equal(await opensAt(First, { maxFailures: null }, 'fff'), 1, 'null is 0 there')
  for (const maxFailures of [undefined, null, false, 1e10]) {
    assert.equal(await opensAt(CircuitBreaker, { maxFailures }, 'fff'), 0)
  }
})

test('a close begins the row anew', async t => {
  quietly(t)
  const breaker = CircuitBreaker(fail, { maxFailures: 2, errorThresholdPercentage: 100 })
  await outcome(breaker.fire())
  breaker.open()
  breaker.close()
  await outcome(breaker.fire())
  assert.equal(breaker.closed, true)
  await outcome(breaker.fire())
  assert.equal(breaker.opened, true)
})

test('timeouts and refusals for want of a permit are failures of the row', async t => {
  quietly(t)
  const hanging = CircuitBreaker(() => sleep(1000), { maxFailures: 2, timeout: 5, errorThresholdPercentage: 100 })
  for (const opened of [false, true]) {
    assert.equal(await outcome(hanging.fire()), 'rejected: ETIMEDOUT')
    assert.equal(hanging.opened, opened)
  }
  const full = CircuitBreaker(well, { maxFailures: 2, capacity: 0, errorThresholdPercentage: 100 })
  for (const opened of [false, true]) {
    assert.equal(await outcome(full.fire()), 'rejected: ESEMLOCKED')
    assert.equal(full.opened, opened)
  }
})

same('a changed maxFailures holds from the next failure on', async (circuitBreaker, note) => {
  const breaker = circuitBreaker(fail, { errorThresholdPercentage: 100 })
  for (let i = 0; i < 3; i++) await outcome(breaker.fire())
  note(breaker.closed)
  breaker.options.maxFailures = 5
  for (let i = 0; i < 2; i++) {
    await outcome(breaker.fire())
    note(breaker.closed)
  }
}, true, true, false)

test('nonsense put into maxFailures rejects calls after the failure that found it', async () => {
  const breaker = CircuitBreaker(obey, { errorThresholdPercentage: 100 })
  breaker.options.maxFailures = 'many'
  assert.equal(await breaker.fire('fine'), 'fine')
  assert.equal(await outcome(breaker.fire(new Error('ill'))), 'rejected: ill')
  const message = "options.maxFailures must be a number of failures in a row, or false for any; got 'many'"
  for (let i = 0; i < 2; i++) await assert.rejects(breaker.fire('fine'), { name: 'TypeError', message })
  breaker.options.maxFailures = 2
  assert.equal(await outcome(breaker.fire(new Error('ill'))), 'rejected: ill')
  assert.equal(breaker.opened, true)
})

// ---- Events

same('semaphore-locked', async (circuitBreaker, note) => {
  const breaker = circuitBreaker(() => sleep(5, 'first'), { capacity: 1 })
  watch(breaker, note)
  const first = breaker.fire()
  note(await outcome(breaker.fire()))
  note(await first)
},
...[
  ['fire', []], ['fire', []], ['semaphore-locked', 'ESEMLOCKED', 'number'], ['failure', 'ESEMLOCKED', 'number'],
  'rejected: ESEMLOCKED', ['success', 'first', 'number'], 'first'
])

same('health-check-failed, and what a health check is told', async (circuitBreaker, note) => {
  const breaker = circuitBreaker(well)
  breaker.on('health-check-failed', error => note('health-check-failed', error.message))
  breaker.on('open', () => note('open'))
  breaker.healthCheck(async function () {
    note(this === breaker)
    throw new Error('ill')
  }, 60_000)
  await until(() => breaker.opened)
}, true, ['health-check-failed', 'ill'], 'open')

same('a cached result is given again, until the cache is cleared', async (circuitBreaker, note) => {
  const results = ['first', 'second']
  const breaker = circuitBreaker(async () => results.shift(), { cache: true })
  for (const name of ['cacheHit', 'cacheMiss']) breaker.on(name, () => note(name))
  note(await breaker.fire())
  note(await breaker.fire())
  breaker.clearCache()
  note(await breaker.fire())
}, 'cacheMiss', 'first', 'cacheHit', 'first', 'cacheMiss', 'second')

test('semaphoreLocked comes too, with the same, and only it to whoever overrides emit', async () => {
  const heard = []
  const listen = breaker => ['semaphoreLocked', 'semaphore-locked'].forEach(name => {
    breaker.on(name, (...args) => heard.push([name, ...args]))
  })
  const breaker = CircuitBreaker(well, { capacity: 0 })
  listen(breaker)
  const error = await breaker.fire().catch(error => error)
  assert.deepEqual(heard, [['semaphoreLocked', error, 0], ['semaphore-locked', error, 0]])

  const emitted = []
  class Logging extends CircuitBreaker {
    emit (name, ...args) {
      emitted.push(name)
      return super.emit(name, ...args)
    }
  }
  await outcome(new Logging(well, { capacity: 0 }).fire())
  assert.deepEqual(emitted, ['fire', 'semaphoreLocked', 'failure', 'open'])
  assert.ok(!breaker.eventNames().includes('nothing') && !CircuitBreaker(well).eventNames().includes('semaphore-locked'))
})

// ---- Promises and callbacks

same('promisify makes an action of a function that takes a callback', async (circuitBreaker, note) => {
  const breaker = circuitBreaker(circuitBreaker.promisify(fs.readFile), {})
  note(JSON.parse(await breaker.fire(require.resolve('../../package.json'), 'utf-8')).name)
  note(await outcome(breaker.fire('there/is/no/such/file')))
}, 'didelphis', 'rejected: ENOENT')

same('promisify: this, arguments, more results than one, and what is thrown', async (circuitBreaker, note) => {
  const action = function (...args) {
    note(this === action)
    args.pop()(null, args, 'second')
  }
  note(await circuitBreaker.promisify(action)('a', 'b'))
  note(await circuitBreaker.promisify.call(undefined, action)())
  note(await outcome(circuitBreaker.promisify(() => { throw new Error('at once') })()))
  note(await circuitBreaker.promisify(done => done('ill'))().catch(error => error))
  note(await circuitBreaker.promisify(done => done(0, 'fine'))())
  note(await circuitBreaker.promisify(done => { done(new Error('first')); done(null, 'then') })().catch(String))
}, true, ['a', 'b'], true, [], 'rejected: at once', 'ill', 'fine', 'Error: first')

same('promisify does not ask util.promisify.custom', async (circuitBreaker, note) => {
  const action = done => done(null, 'by callback')
  action[promisify.custom] = async () => 'by custom'
  note(await circuitBreaker.promisify(action)())
}, 'by callback')

test('promisify of what is no function: a TypeError at once; in opossum 1 a rejection at each call', async () => {
  for (const action of [undefined, null, 'readFile', {}, Promise.resolve()]) {
    await assert.rejects(First.promisify(action)(), TypeError)
    assert.throws(() => CircuitBreaker.promisify(action), {
      name: 'TypeError',
      message: `promisify(action): action must be a function that takes a callback; got ${inspect(action, { depth: 0 })}`
    })
  }
})

test('a promisified action has the name of its function; in opossum 1 all have one', () => {
  const { name } = CircuitBreaker(CircuitBreaker.promisify(fs.readFile))
  assert.equal(name, 'readFile')
  assert.equal(First(First.promisify(fs.readFile)).name, 'promisifiedFunction')
})

const VALUES = ['foo', 5, true, { plain: 'object' }, ['list'], Promise.resolve('promised')]
same('plain values for actions', async (circuitBreaker, note) => {
  for (const value of VALUES) note(await circuitBreaker(value, { timeout: 500 }).fire('ignored'))
  note(await circuitBreaker('foo').action())
  note(await outcome(circuitBreaker(Promise.reject(new Error('ill'))).fire()))
}, ...VALUES.slice(0, -1), 'promised', 'foo', 'rejected: ill')

test('values that are false throw, as in opossum 10; opossum 1 takes some of them', async () => {
  for (const value of ['', 0, false]) {
    assert.equal(await First(value).fire(), value)
    assert.throws(() => CircuitBreaker(value), TypeError)
  }
  for (const value of [undefined, null]) {
    assert.throws(() => First(value), TypeError)
    assert.throws(() => CircuitBreaker(value), TypeError)
  }
})

// ---- Hystrix metrics

const inStream = datum => JSON.parse(/^data: (.*)\n\n$/.exec(datum)[1])

/** What comes of a stream while `act` runs, parsed. */
async function streamed (stream, act) {
  const data = []
  const listener = datum => data.push(inStream(datum))
  stream.on('data', listener)
  await act(data)
  stream.removeListener('data', listener)
  return data
}

const snapshot = breaker => breaker.status.emit('snapshot', breaker.stats)

// Latencies are no part of what can be compared.
const LATENCIES = ['latencyExecute_mean', 'latencyExecute', 'latencyTotal_mean', 'latencyTotal']

async function figures (t, circuitBreaker) {
  t.mock.method(console, 'warn', () => {})
  const options = { name: 'figures', group: 'all', rollingCountTimeout: 10000, errorThresholdPercentage: 45, capacity: 2 }
  const breaker = circuitBreaker(act => act(), { ...options, timeout: 20, resetTimeout: 60_000, volumeThreshold: 7 })
  made.push(breaker)
  breaker.fallback(() => 'instead')
  const act = async () => {
    await breaker.fire(() => 'fine')
    await breaker.fire(() => 'fine')
    await breaker.fire(fail)
    await breaker.fire(() => sleep(1000))
    await Promise.all([1, 2, 3].map(() => breaker.fire(() => sleep(1, 'fine'))))
    await breaker.fire(fail)
    await breaker.fire(() => 'refused')
    snapshot(breaker)
    await turn()
  }
  const data = await streamed(breaker.hystrixStats.getHystrixStream(), act)
  return data.filter(({ name }) => name === 'figures').at(-1)
}

test('the stream tells what that of opossum 1 tells', async t => {
  const [theirs, ours] = [await figures(t, First), await figures(t, CircuitBreaker)]
  assert.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort())
  for (const name of ['latencyExecute', 'latencyTotal']) {
    assert.deepEqual(Object.keys(ours[name]), Object.keys(theirs[name]))
    assert.ok(ours[name][0] <= ours[name][50] && ours[name][50] <= ours[name][100])
    assert.ok(ours[name][100] >= 19, 'the call that timed out')
  }
  assert.ok(ours.latencyExecute_mean > 0 && ours.latencyExecute_mean === ours.latencyTotal_mean)
  for (const name of LATENCIES) delete ours[name] && delete theirs[name]
  assert.ok(Math.abs(Date.now() - ours.currentTime) < 60_000)
  theirs.currentTime = ours.currentTime

  // Which it makes up.
  const { propertyValue_circuitBreakerRequestVolumeThreshold: volume } = theirs
  assert.deepEqual({ ...ours, propertyValue_circuitBreakerRequestVolumeThreshold: volume }, theirs)
  assert.equal(ours.propertyValue_circuitBreakerRequestVolumeThreshold, 7)
  assert.deepEqual([ours.requestCount, ours.errorCount, ours.isCircuitBreakerOpen], [9, 4, true])
})

test('the stream tells the window, and whether the breaker is enabled', async () => {
  const breaker = CircuitBreaker(well, { name: 'long', rollingCountTimeout: 60_000, enabled: false })
  const [told] = await streamed(breaker.hystrixStats.getHystrixStream(), async () => {
    snapshot(breaker)
    await turn()
  })
  assert.equal(told.propertyValue_metricsRollingStatisticalWindowInMilliseconds, 60_000)
  assert.equal(told.propertyValue_circuitBreakerEnabled, false)
  assert.equal(told.errorPercentage, 0)
})

test('there is one stream for all breakers, those made later too', async t => {
  t.mock.method(console, 'warn', () => {})
  for (const circuitBreaker of [First, CircuitBreaker]) {
    const make = name => circuitBreaker(well, { name, rollingCountTimeout: 100 })
    const one = make('one')
    assert.equal(one.hystrixStats, one.hystrixStats)
    const stream = one.hystrixStats.getHystrixStream()
    assert.equal(circuitBreaker.stats, stream)
    // Which nobody asks.
    const another = make('another')
    const named = (data, name) => data.filter(datum => datum.name === name).length
    await streamed(stream, data => until(() => named(data, 'one') > 2 && named(data, 'another') > 2))

    one.shutdown()
    await turn()
    const data = await streamed(stream, data => until(() => named(data, 'another') > 2))
    assert.equal(named(data, 'one'), 0, 'its part has ended')
    assert.equal(another.hystrixStats.getHystrixStream(), stream)
    another.shutdown()
  }
})

test("hystrixStats.shutdown() ends a breaker's part alone, for good", async () => {
  const [one, another] = ['one', 'another'].map(name => CircuitBreaker(well, { name }))
  const stream = one.hystrixStats.getHystrixStream()
  const names = async () => {
    const data = await streamed(stream, async () => {
      snapshot(one)
      snapshot(another)
      await turn()
    })
    return data.map(({ name }) => name)
  }
  assert.deepEqual(await names(), ['one', 'another'])
  one.hystrixStats.shutdown()
  assert.equal(one.hystrixStats.getHystrixStream(), stream)
  assert.deepEqual(await names(), ['another'])
  assert.equal(await one.fire('still here'), 'still here')
})

test('the stream can be piped into a response', async () => {
  const breaker = CircuitBreaker(well, { name: 'piped' })
  const response = new PassThrough().setEncoding('utf8')
  breaker.hystrixStats.getHystrixStream().pipe(response)
  snapshot(breaker)
  await until(() => response.readableLength > 0)
  assert.equal(inStream(response.read()).name, 'piped')
  response.destroy()
})

test('what nobody reads is not kept, and a slow reader holds up little', async () => {
  const breaker = CircuitBreaker(well, { name: 'unread' })
  const stream = breaker.hystrixStats.getHystrixStream()
  const response = new PassThrough()
  stream.pipe(response)
  stream.unpipe(response)
  await turn()
  // Of those before, a reader may have left some that it had no time for.
  const left = stream.readableLength
  for (let i = 0; i < 100; i++) snapshot(breaker)
  assert.equal(stream.readableLength, left)

  const read = []
  const slow = datum => read.push(inStream(datum))
  stream.on('data', slow).pause()
  for (let i = 0; i < 1000; i++) snapshot(breaker)
  assert.equal(stream.readableLength, stream.readableHighWaterMark)
  stream.resume()
  // A breaker whose bucket has ended meanwhile is told of besides.
  await until(() => read.length >= stream.readableHighWaterMark)
  stream.removeListener('data', slow)
})

test('who destroys the stream gets another one', async () => {
  const breaker = CircuitBreaker(well, { name: 'again' })
  const stream = breaker.hystrixStats.getHystrixStream()
  stream.destroy()
  snapshot(breaker)
  const other = CircuitBreaker.stats
  assert.notEqual(other, stream)
  const data = await streamed(other, async () => {
    snapshot(breaker)
    await turn()
  })
  assert.equal(data.filter(({ name }) => name === 'again').length, 1, 'and is told once')
})

test('a breaker that is told of in the stream is collected', async () => {
  const stream = CircuitBreaker.stats
  const dropped = [() => CircuitBreaker(well), () => new CircuitBreaker(well)].map(make => {
    const breaker = make()
    assert.equal(breaker.hystrixStats.getHystrixStream(), stream)
    assert.equal(breaker.status.listenerCount('snapshot'), 1)
    return new WeakRef(breaker)
  })
  await Promise.all(dropped.map(collected))
})

test('a breaker pays nothing for a stream that nobody has asked for', async () => {
  const { stdout, stderr } = await child(({ require, path }) => {
    const circuitBreaker = require(path)
    const breaker = circuitBreaker(async () => 'well')
    const listeners = () => breaker.status.listenerCount('snapshot')
    const before = [listeners(), (breaker.hystrixStats, listeners())]
    circuitBreaker.stats.resume()
    console.log(JSON.stringify([...before, listeners()]))
  })
  assert.deepEqual([stdout, stderr], ['[0,0,1]\n', ''])
})

test('the stream does not keep the process', async () => {
  const ended = await child(({ require, path }) => {
    const breaker = require(path)(async () => 'well', { rollingCountTimeout: 100 })
    breaker.hystrixStats.getHystrixStream().on('data', () => {})
    breaker.fire().then(console.log)
  })
  assert.deepEqual(ended, { code: 0, signal: null, stdout: 'well\n', stderr: '' })
})

test('a status of its own and a shut-down breaker have no part in the stream', async () => {
  const status = CircuitBreaker.newStatus({})
  const done = CircuitBreaker(well, { name: 'done' })
  done.shutdown()
  const restored = CircuitBreaker(well, { state: { shutdown: true } })
  assert.ok(CircuitBreaker.stats)
  for (const window of [status, done.status, restored.status]) assert.equal(window.listenerCount('snapshot'), 0)
})

// ---- Members

test('what a breaker of opossum 1 has, ours has', () => {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(First(well)))
  for (const name of names) assert.ok(Object.hasOwn(CircuitBreaker.prototype, name), name)
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(First(well).status))) {
    assert.ok(name in CircuitBreaker(well).status, `status.${name}`)
  }
  assert.deepEqual(['promisify', 'default'].map(name => typeof CircuitBreaker[name]), ['function', 'function'])
  assert.equal(CircuitBreaker.default, CircuitBreaker)
})

same('it can be disabled, enabled and shut down', async (circuitBreaker, note) => {
  const breaker = circuitBreaker(well)
  breaker.open()
  breaker.disable()
  note(await outcome(breaker.fire('unguarded')), breaker.enabled)
  breaker.enable()
  note(await outcome(breaker.fire('guarded')), breaker.enabled)
  breaker.close()
  breaker.shutdown()
  note(await outcome(breaker.fire('late')), STATES.filter(state => breaker[state]))
}, ['unguarded', false], ['rejected: EOPENBREAKER', true], ['rejected: ESHUTDOWN', ['isShutdown']])

// ---- With or without new

test('a call and new make the same kind of thing', () => {
  const [called, made] = [CircuitBreaker(well), new CircuitBreaker(well)]
  for (const breaker of [called, made]) {
    assert.ok(breaker instanceof CircuitBreaker && breaker instanceof EventEmitter)
    assert.equal(breaker.constructor, CircuitBreaker)
    assert.equal(Object.getPrototypeOf(breaker), CircuitBreaker.prototype)
    assert.match(inspect(breaker), /^(<ref \*1> )?CircuitBreaker \{/)
  }
  assert.deepEqual(Reflect.ownKeys(called), Reflect.ownKeys(made))
})

test('it is called as whatever it is bound to', () => {
  const { default: unbound } = CircuitBreaker
  const module = { circuitBreaker: CircuitBreaker }
  for (const breaker of [unbound(well), module.circuitBreaker(well), CircuitBreaker.default(well), CircuitBreaker.call({}, well)]) {
    assert.ok(breaker instanceof CircuitBreaker)
  }
  const breaker = CircuitBreaker(well, { name: 'first' })
  const other = breaker.constructor(fail, { name: 'second' })
  assert.deepEqual([breaker.name, other.name], ['first', 'second'])
})

test('the class looks like that of opossum', () => {
  assert.equal(CircuitBreaker.name, 'CircuitBreaker')
  assert.equal(CircuitBreaker.length, Opossum.length)
  assert.equal(Object.getPrototypeOf(CircuitBreaker), Object.getPrototypeOf(Opossum))
  assert.equal(Object.getPrototypeOf(CircuitBreaker.prototype), Object.getPrototypeOf(Opossum.prototype))
  assert.deepEqual(Object.keys(CircuitBreaker.prototype), [])
  const hidden = ['isOurError', 'newStatus', 'promisify', 'name', 'length', 'prototype']
  for (const name of hidden) assert.ok(!Object.keys(CircuitBreaker).includes(name), name)
  for (const name of ['fire', 'call', 'open', 'close', 'shutdown', 'constructor']) {
    const { enumerable, value } = Object.getOwnPropertyDescriptor(CircuitBreaker.prototype, name)
    assert.deepEqual([enumerable, typeof value], [false, 'function'])
  }
})

test('classes extend it, and have their own way', async () => {
  class Named extends CircuitBreaker {
    constructor (action, name) {
      super(action, { name })
      this.more = new.target.name
    }

    get shout () { return this.name.toUpperCase() }
    static make (action) { return new this(action, 'made') }
  }
  class Further extends Named {}
  const breaker = Further.make(well)
  assert.deepEqual([breaker.name, breaker.shout, breaker.more], ['made', 'MADE', 'Further'])
  assert.ok(breaker instanceof Named && breaker instanceof CircuitBreaker && !(CircuitBreaker(well) instanceof Named))
  assert.equal(breaker.constructor, Further)
  assert.equal(await breaker.fire('well'), 'well')
  assert.equal(Further.isOurError(new Error('ill')), false)
  assert.match(inspect(breaker), /^(<ref \*1> )?Further \{/)
  assert.throws(() => Further(well), TypeError)
})

test('so do classes that are written as functions', async () => {
  function Old (action) {
    CircuitBreaker.call(this, action, { name: 'old' })
  }
  inherits(Old, CircuitBreaker)
  const breaker = new Old(well)
  assert.ok(breaker instanceof Old)
  assert.deepEqual([breaker.name, await breaker.fire('well')], ['old', 'well'])
})

test('an ES module may call it too', async () => {
  const { CircuitBreaker: named, default: circuitBreaker, promisify } = await import('../../index.js')
  assert.ok(circuitBreaker(well) instanceof CircuitBreaker && named(well) instanceof CircuitBreaker)
  assert.equal(await circuitBreaker(promisify((value, done) => done(null, value))).fire('well'), 'well')
})
