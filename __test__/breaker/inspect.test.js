'use strict'

// What `console.log` shows of a breaker and its parts.

const assert = require('node:assert/strict')
const { EventEmitter } = require('node:events')
const { test } = require('node:test')
const { inspect, stripVTControlCharacters } = require('node:util')

const CircuitBreaker = require('../..')

const CUSTOM = inspect.custom
const well = async () => 'well'
const oneIn = count => {
  let calls = 0
  return async () => { if (++calls % count === 0) throw new Error('ill') }
}

async function used (options) {
  const breaker = new CircuitBreaker(oneIn(4), { name: 'getUser', errorThresholdPercentage: 100, rollingCountTimeout: 600_000, ...options })
  for (let i = 0; i < 12; i++) await breaker.fire().catch(() => {})
  return breaker
}

const RATES = 'fires: 12, successes: 9, failures: 3, timeouts: 0, rejects: 0, fallbacks: 0, failureRate: \'25 %\''
const onOneLine = (value, options) => inspect(value, { compact: true, breakLength: Infinity, ...options })
  .replace(/latencyMs: \{ mean: [\d.]+, median: [\d.]+, p99: [\d.]+ \}/, '<latencies>')

test('a breaker is shown by its name, its state and its rates', async () => {
  const breaker = await used()
  assert.equal(onOneLine(breaker), `CircuitBreaker { name: 'getUser', state: 'closed', ${RATES}, <latencies> }`)
  breaker.open()
  assert.match(inspect(breaker), /state: 'open'/)
  breaker.disable()
  assert.match(inspect(breaker), /state: 'open',\n {2}enabled: false/)
  breaker.shutdown()
  assert.match(inspect(breaker), /state: 'shutdown',\n {2}fires: 12/)
  const restored = new CircuitBreaker(well, { state: { closed: false, halfOpen: true, warmUp: true } })
  assert.match(inspect(restored), /state: 'halfOpen',\n {2}warmUp: true,\n {2}fires: 0/)
})

test('one that is not closed is shown with why, and with when a call may try', async () => {
  const breaker = new CircuitBreaker(async () => { throw new Error('ill') }, { name: 'getUser', resetTimeout: 30_000 })
  await breaker.fire().catch(() => {})
  assert.match(onOneLine(breaker), /state: 'open', openedBy: 'errorThresholdPercentage', nextAttemptIn: '(30\.0|29\.\d) s', fires: 1,/)
  breaker.close()
  assert.match(onOneLine(breaker), /state: 'closed', fires: 1,/)
  breaker.forceOpen()
  assert.match(onOneLine(breaker), /state: 'forcedOpen', openedBy: 'open', fires: 1,/)
})

test('a status and the loop are shown by what they count', async () => {
  const { status } = await used()
  assert.equal(onOneLine(status), `Status { buckets: 10, ${RATES}, <latencies> }`)
  assert.match(onOneLine(CircuitBreaker.newStatus({ rollingPercentilesEnabled: false })), /failureRate: '0 %' \}$/)
  assert.match(onOneLine(CircuitBreaker.loop), /^Loop \{ lag: [\d.]+, stalls: \d+, .*total: \{ stalls: \d+,/)
})

test('it is written as the rest is', async () => {
  class GuardedUsers extends CircuitBreaker {}
  const breaker = new GuardedUsers(well, { name: 'users' })
  const SHOWN = {
    'deep inside, by its name': [{ in: { it: breaker } }, { depth: 1 }, '{ in: { it: [GuardedUsers users] } }'],
    'a status deep inside, by what it is': [[breaker.status], { depth: 0 }, '[ [Status] ]'],
    'a depth of null': [{ in: { a: { long: { way: breaker } } } }, { depth: null }, /way: GuardedUsers \{ name: 'users', /],
    'a depth for its fields alone': [breaker, { depth: 0 }, /^GuardedUsers \{ .*latencyMs: \[Object\] \}$/],
    sorted: [breaker, { sorted: true }, /^GuardedUsers \{ failureRate: .*timeouts: 0 \}$/]
  }
  for (const [name, [value, options, shown]] of Object.entries(SHOWN)) {
    assert[typeof shown === 'string' ? 'equal' : 'match'](onOneLine(value, options), shown, name)
  }
  const colored = inspect({ breaker }, { colors: true, depth: 0 })
  assert.notEqual(colored, stripVTControlCharacters(colored))
  assert.equal(stripVTControlCharacters(colored), '{ breaker: [GuardedUsers users] }')
  // As far in as what it stands in.
  assert.match(inspect({ breaker }, { compact: false }), /^ {2}breaker: GuardedUsers \{\n {4}name: 'users',\n {4}state: 'closed',$/m)
})

test('with showHidden it is shown whole', async () => {
  const breaker = await used()
  for (const field of ['options', '_events', 'Symbol(inner)']) {
    assert.ok(inspect(breaker, { showHidden: true }).includes(field), field)
    assert.ok(!inspect(breaker).includes(field), field)
  }
})

test('to look at one never throws', async () => {
  const { prototype } = CircuitBreaker
  const raise = () => { throw new Error('ill') }
  const spoilt = (name, descriptor) => Object.defineProperty(new CircuitBreaker(well), name, { configurable: true, ...descriptor })
  const SPOILT = {
    'the prototype': prototype,
    'what only inherits from it': Object.create(prototype),
    'an object with its method': { [CUSTOM]: prototype[CUSTOM] },
    'a proxy that throws': new Proxy(new CircuitBreaker(well), { get: raise }),
    'stats that throw': spoilt('stats', { get: raise }),
    'stats that are none': spoilt('stats', { value: undefined }),
    'a name that is a symbol': new CircuitBreaker(well, { name: Symbol('named') }),
    'a name that cannot be told': new CircuitBreaker(well, { name: { toString: raise } }),
    'no constructor': spoilt('constructor', { value: undefined }),
    'a constructor without a name': spoilt('constructor', { value: { name: Symbol('none') } }),
    frozen: Object.freeze(new CircuitBreaker(well)),
    'a status of none': Object.create(Object.getPrototypeOf(new CircuitBreaker(well).status)),
    'an emitter that is no breaker': Object.setPrototypeOf(new EventEmitter(), prototype)
  }
  for (const [name, value] of Object.entries(SPOILT)) {
    for (const options of [{}, { depth: -1 }, { depth: 0 }, { depth: null, showProxy: true }, { compact: false, colors: true }]) {
      assert.equal(typeof inspect(value, options), 'string', name)
      assert.equal(typeof inspect([value], options), 'string', name)
    }
  }
  // By hand.
  const breaker = new CircuitBreaker(well)
  for (const args of [[], [0], [-1, {}], [null, undefined]]) assert.equal(breaker[CUSTOM](...args), breaker)
})

test('to look at one counts nothing and tells nobody', async () => {
  const breaker = await used()
  const before = JSON.stringify(breaker)
  breaker.emit = () => assert.fail('an event')
  inspect(breaker)
  assert.equal(JSON.stringify(breaker), before)
})
