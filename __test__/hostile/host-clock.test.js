'use strict'

// The clock of a test is anybody's code, which runs while the library reads it and sets its
// timer. What it does then to breakers is as good as if it were done before or after.

const assert = require('node:assert/strict')
const FakeTimers = require('@sinonjs/fake-timers')
const { setImmediate: turn } = require('node:timers/promises')
const { afterEach, beforeEach, test } = require('node:test')
const vm = require('node:vm')
const CircuitBreaker = require('../..')
const { survivesTermination } = require('../support/needs')

const realSetTimeout = setTimeout

let clock

function install () {
  clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
}

beforeEach(install)

afterEach(() => {
  clock.uninstall()
  globalThis.setTimeout = realSetTimeout
})

/** Has something done once, by a function of the clock as it is called after that many times. */
function once (object, name, does, after = 0) {
  prepare(object, name)(does, after)
}

/** The same in two steps: for a breaker is to follow another function before it is asked. */
function prepare (object, name) {
  const inner = object[name]
  let left = -1
  let deed
  object[name] = Object.assign(function (...args) {
    if (left-- === 0) deed()
    return inner.apply(this, args)
  }, inner)
  return (does, after = 0) => {
    deed = does
    left = after
  }
}

async function pass (ms) {
  clock.tick(ms)
  await turn()
}

const actions = { well: async () => 'well', ill: async () => { throw new Error('ill') }, hang: () => new Promise(() => {}) }

// Its snapshots want the timer when no call does.
function make (options) {
  const breaker = new CircuitBreaker(kind => actions[kind](), { timeout: 20, capacity: 2, volumeThreshold: 100, ...options })
  breaker.status.on('snapshot', () => {})
  return breaker
}

function heard (promise) {
  const it = { now: 'pending' }
  promise.then(value => { it.now = value }, error => { it.now = error.code ?? error.message })
  return it
}

for (const name of ['setTimeout', 'clearTimeout']) {
  test(`a call that ${name} fires as another ends has its permit to itself`, async () => {
    const arm = prepare(globalThis, name)
    const breaker = make()
    const first = heard(breaker.fire('well'))
    let second
    arm(() => { second = heard(breaker.fire('hang')) })
    await turn()
    assert.deepEqual([first.now, second.now], ['well', 'pending'])
    await pass(20)
    assert.equal(second.now, 'ETIMEDOUT')
    assert.equal(breaker.semaphore.count, 2)
  })
}

test('a call whose deadline goes by as it is about to end times out, and ends nobody else', async () => {
  for (const kind of ['well', 'ill']) {
    const breaker = make()
    const events = []
    for (const name of ['success', 'failure', 'timeout']) breaker.on(name, () => events.push(name))
    const first = heard(breaker.fire(kind))
    let second
    once(Date, 'now', () => {
      clock.tick(20)
      second = heard(breaker.fire('hang'))
    })
    await turn()
    assert.deepEqual([first.now, second.now, events], ['ETIMEDOUT', 'pending', ['timeout', 'failure']])
    await pass(20)
    assert.equal(second.now, 'ETIMEDOUT')
    assert.equal(breaker.semaphore.count, 2)
  }
})

test('a call whose deadline its error filter lets go by has timed out, and ends nobody else', async () => {
  let second
  const errorFilter = () => {
    if (second !== undefined) return false
    second = {}
    clock.tick(20)
    second = heard(breaker.fire('hang'))
    return false
  }
  const breaker = make({ errorFilter })
  const first = heard(breaker.fire('ill'))
  await turn()
  assert.deepEqual([first.now, second.now], ['ETIMEDOUT', 'pending'])
  await pass(20)
  assert.equal(second.now, 'ETIMEDOUT')
  assert.equal(breaker.semaphore.count, 2)
})

test('a timer of a clock that a breaker has left brings no deadline early', async () => {
  const breaker = make()
  const first = heard(breaker.fire('hang'))
  await pass(5)
  // The same clock, with something around one of its functions.
  prepare(globalThis, 'setTimeout')
  breaker.fire('well')
  await pass(10)
  const second = heard(breaker.fire('hang'))
  await pass(5)
  assert.deepEqual([first.now, second.now], ['ETIMEDOUT', 'pending'])
  await pass(14)
  assert.equal(second.now, 'pending')
  await pass(1)
  assert.equal(second.now, 'ETIMEDOUT')
})

test('a breaker whose clock is taken away as it follows that lives by none', async () => {
  clock.uninstall()
  let asked = 0
  globalThis.setTimeout = function (...args) {
    asked++
    return realSetTimeout(...args)
  }
  const breaker = new CircuitBreaker(actions.well, { timeout: 20 })
  install()
  once(Date, 'now', () => {
    clock.uninstall()
    breaker.fire('well')
  })
  breaker.fire('well')
  await turn()
  await breaker.fire('well')
  await turn()
  asked = 0
  await breaker.fire('well')
  assert.equal(asked, 0)
  install()
})

test('a place for which nobody waits any more goes back', async () => {
  const breaker = make()
  const { semaphore } = breaker
  assert(semaphore.test() && semaphore.test())
  const taken = semaphore.take()
  // As the place that was given back is about to be taken for who waits.
  once(Date, 'now', () => semaphore.release(), 1)
  semaphore.release()
  assert.equal(semaphore.count, 1)
  const release = await taken
  release()
  assert.equal(semaphore.count, 2)
})

test('a place that becomes free while the timer of a taker is set is his', async () => {
  const { semaphore } = new CircuitBreaker(actions.well, { capacity: 1 })
  assert(semaphore.test())
  let released = false
  once(globalThis, 'setTimeout', () => {
    released = !semaphore.test()
    semaphore.release()
  })
  const taken = heard(semaphore.take(10))
  await turn()
  assert(released)
  assert.equal(taken.now, semaphore.release)
})

test('statistics are those of the breaker that was asked, whatever the clock reads meanwhile', async () => {
  const [breaker, other] = [make(), make()]
  other.status.increment('fires')
  other.status.increment('cacheHits')
  breaker.fire('ill').catch(() => {})
  let read
  breaker.on('failure', () => { read = breaker.stats })
  once(globalThis, 'clearTimeout', () => assert.equal(other.stats.cacheHits, 1))
  await turn()
  const { cacheHits, failures, fires } = read
  assert.deepEqual({ cacheHits, failures, fires }, { cacheHits: 0, failures: 1, fires: 1 })
})

test('what toJSON tells is of one moment', async () => {
  const now = Date.now
  Date.now = Object.assign(() => {
    clock.tick(1)
    return now.call(Date)
  }, now)
  const breaker = new CircuitBreaker(actions.well, { resetTimeout: 20 })
  const seen = new Set()
  for (let times = 0; times < 20; times++) {
    breaker.options.resetTimeout = 20 + times
    breaker.open()
    for (let looks = 0; looks < 20; looks++) {
      const { closed, open, halfOpen } = breaker.toJSON().state
      seen.add(`${[closed, open, halfOpen]}`)
    }
    breaker.close()
  }
  assert.deepEqual([...seen], ['false,true,false', 'false,false,true'])
})

test('a timer that could not be set for want of a stack is set again', async () => {
  const arm = prepare(globalThis, 'setTimeout')
  const breaker = make()
  arm(() => { throw new RangeError('Maximum call stack size exceeded') })
  const call = heard(breaker.fire('hang'))
  await turn()
  await pass(20)
  assert.equal(call.now, 'ETIMEDOUT')
})

test('a timer of Node that stands in for one which could not be set is cleared as one', async () => {
  const { warn } = console
  const warnings = []
  console.warn = text => warnings.push(text)
  try {
    const breaker = make()
    let throws = true
    const inner = globalThis.setTimeout
    globalThis.setTimeout = Object.assign((...args) => {
      if (throws) throw new Error('no timers')
      return inner(...args)
    }, inner)
    const first = heard(breaker.fire('well'))
    await turn()
    throws = false
    assert.equal(first.now, 'well')
    breaker.fire('hang').catch(() => {})
    assert.deepEqual(warnings, [])
  } finally {
    console.warn = warn
  }
})

test('a breaker is shut down, whatever throws meanwhile', async () => {
  const listening = []
  const rotateBucketController = {
    on: (_, listener) => listening.push(listener),
    listeners: () => listening,
    removeListener () { throw new Error('no') }
  }
  const breaker = make({ rotateBucketController })
  assert.throws(() => breaker.shutdown(), /no/)
  assert(breaker.isShutdown)
  await assert.rejects(breaker.fire('well'), { code: 'ESHUTDOWN' })
})

test('a clock that throws null has not been stopped: calls time out by its timer', async () => {
  const breaker = make()
  Date.now = () => { throw null } // eslint-disable-line no-throw-literal
  const outcome = assert.rejects(breaker.fire('hang'), { code: 'ETIMEDOUT' })
  await pass(20)
  await outcome
})

// These come last: on WebAssembly what they stop has still to tell of it.

// By then the slowest machine has come to where they wait to be stopped.
const STOP_MS = 200

// V8 forgets of a stop when the native half calls JavaScript once more before that has come to its end.
for (const name of ['now', 'setTimeout']) {
  test(`a script that is stopped by time inside ${name} of the clock does not go on`, async () => {
    const breaker = make({ resetTimeout: 50 })
    const spins = prepare(name === 'now' ? Date : globalThis, name)
    // It follows that function from now on.
    breaker.open()
    breaker.close()
    const limit = { isOn: true }
    spins(() => { while (limit.isOn); })
    let wentOn = false
    const script = vm.createContext({ open: () => breaker.open(), goOn: () => { wentOn = true } })
    assert.throws(() => vm.runInContext('open(); goOn()', script, { timeout: STOP_MS }), { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' })
    limit.isOn = false
    assert.equal(wentOn, false)
    if (!survivesTermination) return
    // The timer that was not set then is set by whoever comes next.
    assert(breaker.opened)
    await pass(50)
    assert(breaker.halfOpen)
    assert.equal(await breaker.fire('well'), 'well')
  })
}

// Crossings that run the code of a clock more than once.
const LONG = {
  'of two breakers that are disabled together' () {
    const breakers = [make(), make()]
    return { act: () => CircuitBreaker.disableAll(), undo: () => CircuitBreaker.enableAll(), breakers }
  },
  'of a breaker that begins to live by another' () {
    const breaker = make()
    globalThis.setTimeout = Object.assign((...args) => clock.setTimeout(...args), globalThis.setTimeout)
    return { act: () => breaker.open(), undo: () => breaker.close(), breakers: [breaker] }
  }
}

for (const [whose, prepared] of Object.entries(LONG)) {
  test(`a script that is stopped by time inside the clock ${whose} does not go on`, async t => {
    const { act, undo, breakers } = prepared()
    t.after(undo)
    const limit = { isOn: true }
    once(Date, 'now', () => { while (limit.isOn); })
    let wentOn = false
    const script = vm.createContext({ act, goOn: () => { wentOn = true } })
    assert.throws(() => vm.runInContext('act(); goOn()', script, { timeout: STOP_MS }), { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' })
    limit.isOn = false
    assert.equal(wentOn, false)
    if (!survivesTermination) return
    undo()
    for (const breaker of breakers) assert.equal(await breaker.fire('well'), 'well')
  })
}
