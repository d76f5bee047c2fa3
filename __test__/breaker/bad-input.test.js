'use strict'

// Nonsense is refused in words that help; what opossum gives a meaning keeps it; and the
// the reference knows every option and every error code.

const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')
const { inspect } = require('node:util')

const CircuitBreaker = require('../..')
const Opossum = require('opossum')
const { codes } = require('../../lib/errors')
const { sleep, until } = require('../support/wait')

const well = async () => 'well'
const fail = async () => { throw new Error('ill') }
const hang = () => new Promise(() => {})

const NO_NUMBERS = [NaN, 'soon', ' ', {}, [], true, () => 1, Symbol('five'), 5n, new Date(0), -Infinity]
// One that is a plain object is looked into.
const isNoObject = value => typeof value !== 'object' || Array.isArray(value)
const NO_COUNTS = [NaN, 1.5, 'many', '5', {}, [], true, () => 1, 5n]

const SENSELESS = {
  timeout: [
    'a number of milliseconds above 0, false for none, or { adaptive: true, min, max, multiplier, quantile }',
    [...NO_NUMBERS.filter(isNoObject), -1, '-5', '10ms']
  ],
  resetTimeout: [
    'a number of milliseconds, 0 or more, { initial, max, factor, jitter }, or a function',
    [...NO_NUMBERS.filter(value => typeof value !== 'object' && typeof value !== 'function'), -1, '-5', '10ms', '']
  ],
  halfOpenCalls: ['a whole number of calls, 1 or more', [...NO_COUNTS, 0, -1, Infinity, 1_000_001]],
  halfOpenThresholdPercentage: ['a number of percent, from 0 to 100', [...NO_NUMBERS, -1, 101, '', false]],
  halfOpenTimeout: ['a number of milliseconds above 0, or false for none', [...NO_NUMBERS, -1, 0, '10ms', '']],
  rampUp: ['a number of milliseconds, 0 or more', [...NO_NUMBERS, -1, Infinity, '10ms', '']],
  throttle: ['true, false or an object { k, maxRejection }', [1, 'on', [], () => {}, Symbol('k')]],
  queue: ['an object { size, timeout }, or false', [1, true, 'on', [], () => {}, Symbol('k')]],
  probe: ['a function', ['/health', 1, {}, true, Promise.resolve()]],
  random: ['a function', [0.5, 'Math.random', {}, true]],
  errorThresholdPercentage: [
    'a number (of percent)', [...NO_NUMBERS.filter(value => value !== -Infinity), '50%', '', false]
  ],
  rollingCountTimeout: ['a number of milliseconds above 0', [...NO_NUMBERS, -1, '-5', '10s']],
  rollingCountBuckets: ['a whole number from 1 to 100000', [...NO_NUMBERS, -1, 0.5, 1.5, 100_001, Infinity, '1.5']],
  capacity: ['a whole number of calls, or { adaptive: true, min, max, initial }', [...NO_COUNTS.filter(isNoObject), -Infinity]],
  volumeThreshold: ['a whole number of calls', [...NO_COUNTS, -Infinity]],
  retry: ['an object { attempts, delay, when, budget, timeout }, or false', [true, 1, 'twice', [], () => {}]],
  timeoutClock: ["'loop' or 'wall'", ['walls', 1, {}, true]],
  stallThreshold: ['a number of milliseconds, 1 or more', [...NO_NUMBERS, -1, 0, 0.5, '-5', '10ms', '', false]],
  cacheTTL: ['a number of milliseconds, or 0 for ever', NO_NUMBERS.filter(value => value !== -Infinity)],
  coalesceTTL: ['a number of milliseconds, or 0 for ever', NO_NUMBERS.filter(value => value !== -Infinity)],
  cacheSize: ['a whole number of entries, 0 or more', [...NO_COUNTS, -1]],
  coalesceSize: ['a whole number of entries, 0 or more', [...NO_COUNTS, -1]],
  cacheGetKey: ['a function', ['id', 1, {}, true]],
  coalesceResetOn: ['an array', ['error', 1, {}, true]],
  maxFailures: [
    'a number of failures in a row, or false for any',
    [...NO_NUMBERS.filter(value => value !== -Infinity), '3 times', '']
  ],
  consecutiveFailures: [
    'a whole number of failures in a row, 1 or more, or false for any',
    [...NO_COUNTS.filter(value => value !== false), 0, -1, -Infinity, '']
  ],
  slowCallDuration: ['a number of milliseconds, 0 or more', [...NO_NUMBERS, -1, '-5', '10ms', '']],
  slowCallThresholdPercentage: ['a number from 0 to 100 (percent)', [...NO_NUMBERS, -1, 101, Infinity]],
  shouldTrip: ['a function', ['ill', 1, {}, true]],
  classify: ['a function', ['ill', 1, {}, true]],
  rateOf: ["'fires' or 'outcomes'", ['outcome', 1, {}, true]],
  window: ['an object { calls }', [5, 'calls', true, () => {}]],
  errorFilter: ['a function', ['ill', 1, {}, true, /ill/]],
  rotateBucketController: ['an EventEmitter', [{}, 1, 'rotate', true, () => {}]],
  state: ['the `state` of a toJSON()', ['open', 1, true, () => {}]],
  status: ['a Status or the `status` of a toJSON()', ['open', 1, true, () => {}]]
}

// Of these, opossum makes something too.
const ODD_BUT_ALLOWED = {
  timeout: ['500', 0.5, false, 0, '', null, undefined, Infinity, 'Infinity'],
  resetTimeout: ['500', 0, '0', 0.5, null, undefined, Infinity],
  errorThresholdPercentage: ['50', -1, '-1', 0, 101, Infinity, -Infinity, null, undefined],
  rollingCountTimeout: ['500', 0, null, undefined, Infinity],
  rollingCountBuckets: ['5', 1, 0, 100_000, null, undefined],
  capacity: [0, -1, Infinity, null, undefined],
  volumeThreshold: [0, -1, null, undefined],
  throttle: [true, false, null, undefined, {}, { k: 1 }, { k: '1.5', maxRejection: 1 }, { k: undefined, maxRejection: 0 }],
  queue: [false, null, undefined],
  timeoutClock: ['loop', 'wall', null, undefined],
  stallThreshold: ['500', 1, Infinity, null, undefined],
  cacheTTL: ['500', 0, -1, Infinity, null, undefined],
  coalesceTTL: ['500', 0, -1, Infinity, false, null, undefined],
  cacheSize: [0, 1, Infinity, null, undefined],
  coalesceSize: [0, 1, Infinity, null, undefined],
  cacheGetKey: [null, undefined],
  coalesceResetOn: [[], ['error', 'weather'], null, undefined],
  maxFailures: [0, null, undefined, false],
  consecutiveFailures: [1, false, Infinity, null, undefined],
  slowCallDuration: ['500', 1000, false, Infinity, null, undefined],
  slowCallThresholdPercentage: ['50', 0, 100, null, undefined],
  shouldTrip: [null, undefined, false],
  classify: [null, undefined, false],
  rateOf: ['fires', 'outcomes', null, undefined],
  window: [{ calls: 1 }, { calls: 100_000 }, null, undefined],
  errorFilter: [null, undefined, false],
  rotateBucketController: [null, undefined, false],
  state: [null, undefined, {}],
  status: [null, undefined, {}]
}

test('a senseless option throws a TypeError that says what is wrong', async t => {
  for (const [name, [expected, values]] of Object.entries(SENSELESS)) {
    for (const value of values) {
      await t.test(`${name}: ${inspect(value)}`, () => {
        const message = `options.${name} must be ${expected}; got ${inspect(value, { depth: 0 })}`
        assert.throws(() => new CircuitBreaker(well, { [name]: value }), { name: 'TypeError', message })
      })
    }
  }
})

test('a senseless field of an option that is an object is named', () => {
  const SENSELESS_FIELDS = {
    window: { calls: ['a whole number from 1 to 100000', [...NO_COUNTS, 0, -1, 100_001, Infinity, undefined]] }
  }
  for (const [name, fields] of Object.entries(SENSELESS_FIELDS)) {
    for (const [field, [expected, values]] of Object.entries(fields)) {
      for (const value of values) {
        const message = `options.${name}.${field} must be ${expected}; got ${inspect(value, { depth: 0 })}`
        assert.throws(() => new CircuitBreaker(well, { [name]: { [field]: value } }), { name: 'TypeError', message })
      }
    }
    const message = `options.${name} has no size: it may have ${Object.keys(fields).join(', ')}`
    assert.throws(() => new CircuitBreaker(well, { [name]: { calls: 1, size: 10 } }), { name: 'TypeError', message })
  }
})

test('a senseless field of a timeout or a capacity that adapts is named', async t => {
  const TIMES = ['a number of milliseconds above 0, up to 2147483647', [...NO_NUMBERS, 0, -1, '', '10ms', Infinity, 2 ** 31, false]]
  const CALLS = ['a whole number of calls, from 1 to 1000000', [...NO_COUNTS, 0, -1, Infinity, 1_000_001, false]]
  const NOT_ADAPTING = [undefined, false, null, 1, 'true', {}]
  const SENSELESS_FIELDS = {
    timeout: {
      adaptive: ['true (a timeout that is not learned is a number)', NOT_ADAPTING],
      min: TIMES,
      max: TIMES,
      multiplier: ['a number, 1 or more', [...NO_NUMBERS, 0.99, '', Infinity, false]],
      quantile: ['a number above 0 and below 1', [...NO_NUMBERS, 0, 1, 99.9, -0.5, '', Infinity, false]]
    },
    capacity: { adaptive: ['true (a capacity that does not adapt is a number)', NOT_ADAPTING], min: CALLS, max: CALLS, initial: CALLS }
  }
  for (const [name, fields] of Object.entries(SENSELESS_FIELDS)) {
    for (const [field, [expected, values]] of Object.entries(fields)) {
      await t.test(`${name}.${field}`, () => {
        const breaker = new CircuitBreaker(well, { [name]: 5 })
        for (const value of values) {
          const message = `options.${name}.${field} must be ${expected}; got ${inspect(value, { depth: 0 })}`
          const options = { [name]: { adaptive: true, [field]: value } }
          assert.throws(() => new CircuitBreaker(well, options), { name: 'TypeError', message })
          assert.throws(() => breaker.update(options), { name: 'TypeError', message })
        }
        assert.equal(breaker.options[name], 5)
        breaker.shutdown()
      })
    }
    const known = Object.keys(fields)
    const message = `options.${name} has no most: it may have ${known.slice(0, -1).join(', ')} and ${known.at(-1)}`
    assert.throws(() => new CircuitBreaker(well, { [name]: { adaptive: true, most: 10 } }), { name: 'TypeError', message })
    assert.throws(() => new CircuitBreaker(well, { [name]: {} }), { message: `options.${name}.adaptive must be ${fields.adaptive[0]}; got undefined` })
  }
})

test('bounds that contradict each other are named', () => {
  const impossible = [
    [{ timeout: { adaptive: true, min: 200, max: 100 } }, 'options.timeout.max must not be below options.timeout.min; got 100 and 200'],
    [{ capacity: { adaptive: true, min: 20, max: 10 } }, 'options.capacity.max must not be below options.capacity.min; got 10 and 20'],
    [
      { capacity: { adaptive: true, min: 20, initial: 10 } },
      'options.capacity.initial must not be outside options.capacity.min and max; got 10, and 20 to 1000'
    ],
    [
      { capacity: { adaptive: true, max: 10, initial: 20 } },
      'options.capacity.initial must not be outside options.capacity.min and max; got 20, and 1 to 10'
    ]
  ]
  for (const [options, message] of impossible) {
    assert.throws(() => new CircuitBreaker(well, options), { name: 'TypeError', message })
  }
})

test('bounds that are left out follow those that are given', () => {
  const learnt = options => learntBy({ timeout: { adaptive: true, ...options } }).learnedTimeout
  const limit = options => learntBy({ capacity: { adaptive: true, ...options } }).capacityLimit
  assert.deepEqual([{}, { min: 30_000 }, { max: 20 }, { max: '300' }].map(learnt), [10_000, 30_000, 20, 300])
  assert.deepEqual([{}, { min: 30 }, { max: 5 }, { initial: 3000 }, { min: 3000 }].map(limit), [20, 30, 5, 3000, 3000])
})

function learntBy (options) {
  const breaker = new CircuitBreaker(well, options)
  const { stats } = breaker
  breaker.shutdown()
  return stats
}

test('options that cannot stand together are named', () => {
  const impossible = [
    [{ window: { calls: 10 }, rateOf: 'fires' }, "options.window cannot stand with options.rateOf: 'fires': the last calls are outcomes"],
    [
      { classify: () => {}, errorFilter: () => true },
      'options.classify cannot stand with options.errorFilter: classify says what errors count as'
    ],
    [{ window: { calls: 10 }, volumeThreshold: 11 }, 'options.volumeThreshold must not be above options.window.calls; got 11 and 10']
  ]
  for (const [options, message] of impossible) {
    assert.throws(() => new CircuitBreaker(well, options), { name: 'TypeError', message })
  }
  new CircuitBreaker(well, { window: { calls: 10 }, volumeThreshold: 10, rateOf: 'outcomes' }).shutdown()
})

test('options that are no object throw', () => {
  for (const options of [null, 5, 'fast', true]) {
    const message = `options must be an object; got ${inspect(options)}`
    assert.throws(() => new CircuitBreaker(well, options), { name: 'TypeError', message })
  }
})

test('a senseless option of a status throws the same', () => {
  for (const name of ['rollingCountTimeout', 'rollingCountBuckets', 'rotateBucketController']) {
    for (const value of SENSELESS[name][1]) {
      assert.throws(() => CircuitBreaker.newStatus({ [name]: value }), {
        name: 'TypeError', message: `options.${name} must be ${SENSELESS[name][0]}; got ${inspect(value, { depth: 0 })}`
      })
    }
  }
})

test('an odd option that means something is taken', async t => {
  for (const [name, values] of Object.entries(ODD_BUT_ALLOWED)) {
    for (const value of values) {
      await t.test(`${name}: ${inspect(value)}`, async () => {
        const breaker = new CircuitBreaker(well, { [name]: value })
        if (name !== 'capacity' || value == null || value > 0) assert.equal(await breaker.fire(), 'well')
      })
    }
  }
})

test('options that cannot be written to are taken, by a copy', async t => {
  const given = { timeout: 20, cache: true, errorThresholdPercentage: 100 }
  class Settings {
    get timeout () { return 20 }
    get coalesce () { return false }
    get capacity () { return 2 }
    get rollingPercentilesEnabled () { return true }
  }
  const UNWRITABLE = {
    frozen: Object.freeze({ ...given }),
    sealed: Object.seal({ ...given }),
    'not extensible': Object.preventExtensions({ ...given }),
    'with getters alone': new Settings(),
    'frozen, with getters alone': Object.freeze(new Settings()),
    'inherited from what is frozen': Object.create(Object.freeze({ ...given, capacity: 2, coalesce: false })),
    'behind a proxy that takes nothing': new Proxy({ ...given }, { set: () => false }),
    'behind a proxy that throws': new Proxy({ ...given }, { set () { throw new TypeError('read-only') } })
  }
  for (const [how, options] of Object.entries(UNWRITABLE)) {
    await t.test(how, async () => {
      const breaker = new CircuitBreaker(async late => late ? hang() : 'well', options)
      assert.equal(await breaker.fire(), 'well')
      await assert.rejects(breaker.fire('late'), { code: 'ETIMEDOUT', message: 'Timed out after 20ms' })
      // The copy is the live object.
      breaker.options.timeout = 30
      breaker.close()
      await assert.rejects(breaker.fire('late'), { message: 'Timed out after 30ms' })
      assert.notEqual(breaker.options, options)
      assert.equal(options.timeout, 20)
      breaker.shutdown()
    })
  }
})

test('an abortController that cannot be written is renewed, in a copy of the options', () => {
  const kept = new AbortController()
  for (const [given, first] of [[undefined, undefined], [kept, kept]]) {
    const options = Object.defineProperty({ autoRenewAbortController: true }, 'abortController', { enumerable: true, get: () => given })
    const breaker = new CircuitBreaker(well, options)
    if (first) assert.equal(breaker.getAbortController(), first)
    breaker.getAbortController().abort()
    breaker.open()
    breaker.close()
    assert.equal(breaker.getSignal().aborted, false)
    assert.equal(options.abortController, given)
  }
})

test('options that cannot be written to are refused in the same words', () => {
  const message = `options.timeout must be ${SENSELESS.timeout[0]}; got 'soon'`
  for (const options of [Object.seal({ timeout: 'soon' }), new (class { get timeout () { return 'soon' } get coalesce () { return false } })()]) {
    assert.throws(() => new CircuitBreaker(well, options), { name: 'TypeError', message })
  }
})

test('a getter among the options that throws is heard of as it is', () => {
  const error = new Error('ill')
  assert.throws(() => new CircuitBreaker(well, { get timeout () { throw error } }), error)
})

test('a timeout in words of digits is that many milliseconds', async () => {
  const breaker = new CircuitBreaker(hang, { timeout: '20' })
  await assert.rejects(breaker.fire(), { code: 'ETIMEDOUT', message: 'Timed out after 20ms' })
})

test('a timeout of false, 0 or Infinity never comes', async () => {
  for (const timeout of [false, 0, '', Infinity]) {
    const breaker = new CircuitBreaker(() => sleep(20, 'well'), { timeout })
    assert.equal(await breaker.fire(), 'well')
  }
})

test('a reset timeout in words of digits is that many milliseconds', async () => {
  const breaker = new CircuitBreaker(well, { resetTimeout: '20' })
  const before = performance.now()
  breaker.open()
  await until(() => breaker.halfOpen)
  assert(performance.now() - before >= 19)
})

test('the error threshold may lie outside of 0 to 100', async () => {
  const opens = async (errorThresholdPercentage, action) => {
    const breaker = new CircuitBreaker(action, { errorThresholdPercentage })
    for (let i = 0; i < 3; i++) await breaker.fire(i).catch(() => {})
    return breaker.opened
  }
  const failThird = async i => { if (i === 2) throw new Error('ill') }
  assert.equal(await opens(-1, failThird), true)
  assert.equal(await opens('33', failThird), true)
  assert.equal(await opens('34', failThird), false)
  assert.equal(await opens(100, fail), false)
  assert.equal(await opens(Infinity, fail), false)
})

test('a capacity of 0 or less admits nobody, and of Infinity everybody', async () => {
  for (const capacity of [0, -1]) {
    await assert.rejects(new CircuitBreaker(well, { capacity }).fire(), { code: 'ESEMLOCKED' })
  }
  const breaker = new CircuitBreaker(well, { capacity: Infinity })
  await Promise.all(Array.from({ length: 1000 }, () => breaker.fire()))
  assert.equal(breaker.options.capacity, Number.MAX_SAFE_INTEGER)
})

test('a number of buckets in words of digits is that many', () => {
  const breaker = new CircuitBreaker(well, { rollingCountBuckets: '3' })
  for (let i = 0; i < 5; i++) breaker.status.rotateBucket()
  assert.equal(breaker.status.window.length, 3)
})

test("a missing action throws in opossum's words", () => {
  for (const action of [undefined, null, 0, '', false]) {
    let theirs
    try { theirs = new Opossum(action) } catch (error) { theirs = error }
    assert(theirs instanceof TypeError)
    assert.throws(() => new CircuitBreaker(action), { name: 'TypeError', message: theirs.message })
  }
})

test('a fallback that is neither function nor breaker throws', () => {
  const breaker = new CircuitBreaker(fail)
  for (const fallback of ['instead', 5, {}, true, Promise.resolve('instead')]) {
    const message = `fallback must be a function or a CircuitBreaker; got ${inspect(fallback, { depth: 0 })}`
    assert.throws(() => breaker.fallback(fallback), { name: 'TypeError', message })
  }
})

test('nonsense among the live options rejects calls until it is mended', async t => {
  for (const name of ['timeout', 'resetTimeout', 'errorThresholdPercentage', 'errorFilter']) {
    const [expected, values] = SENSELESS[name]
    for (const value of values) {
      await t.test(`${name}: ${inspect(value)}`, async () => {
        const breaker = new CircuitBreaker(well, { capacity: 2 })
        const before = breaker.options[name]
        const message = `options.${name} must be ${expected}; got ${inspect(value, { depth: 0 })}`
        breaker.options[name] = value
        for (let i = 0; i < 3; i++) await assert.rejects(breaker.fire(), { name: 'TypeError', message })
        assert.deepEqual([breaker.stats.failures, breaker.closed], [0, true])
        breaker.options[name] = before
        assert.equal(await breaker.fire(), 'well')
        assert.equal(breaker.semaphore.count, 2)
      })
    }
  }
})

// Calls that succeed do not look at it.
test('nonsense in maxFailures rejects the calls after one that failed until it is mended', async t => {
  const [expected, values] = SENSELESS.maxFailures
  for (const value of values) {
    await t.test(inspect(value), async () => {
      let isIll = true
      const breaker = new CircuitBreaker(() => isIll ? fail() : well(), { capacity: 2, volumeThreshold: 9 })
      breaker.options.maxFailures = value
      await assert.rejects(breaker.fire(), /^Error: ill$/)
      const message = `options.maxFailures must be ${expected}; got ${inspect(value, { depth: 0 })}`
      for (let i = 0; i < 3; i++) await assert.rejects(breaker.fire(), { name: 'TypeError', message })
      assert.equal(breaker.stats.fires, 1)
      breaker.options.maxFailures = undefined
      isIll = false
      assert.equal(await breaker.fire(), 'well')
      assert.equal(await breaker.fire(), 'well')
      assert.equal(breaker.semaphore.count, 2)
    })
  }
})

test('nonsense among the live options leaves calls under way alone', async () => {
  const breaker = new CircuitBreaker(() => sleep(5).then(fail), { capacity: 1 })
  const result = breaker.fire()
  breaker.options.timeout = 'soon'
  breaker.options.resetTimeout = 'soon'
  await assert.rejects(result, /^Error: ill$/)
  assert.equal(breaker.opened, true)
  assert.equal(breaker.semaphore.count, 1)
})

test('the reference lists exactly the error codes that there are', () => {
  assert.deepEqual(firstColumn('Error codes').sort(), [...codes].sort())
})

test('the reference lists exactly the options that are read', async () => {
  const read = new Set()
  const options = new Proxy({}, {
    get (target, name) {
      if (typeof name === 'string') read.add(name)
      return target[name]
    }
  })
  const breaker = new CircuitBreaker(fail, options)
  await breaker.fire().catch(() => {})
  await breaker.fire().catch(() => {})
  const rows = firstColumn('Options').filter(name => !name.includes('.'))
  assert.deepEqual(rows.sort(), [...read].sort())
})

test('an object that only looks like a promise is a failure, and keeps no permit', async () => {
  const likePromise = () => Object.create(Promise.prototype)
  for (const timeout of [60_000, false]) {
    const breaker = new CircuitBreaker(likePromise, { capacity: 1, errorThresholdPercentage: 100, timeout })
    await assert.rejects(breaker.fire(), TypeError)
    assert.deepEqual([breaker.semaphore.count, breaker.stats.failures], [1, 1])
    breaker.shutdown()
  }
})

test('a fallback whose result cannot be looked at leaves no promise pending', async () => {
  const sealed = new Proxy({}, { get () { throw new Error('sealed') } })
  const breaker = new CircuitBreaker(fail, { timeout: 60_000 })
  await assert.rejects(breaker.fallback(() => sealed).fire(), { message: 'sealed' })
})

// What the first column of the table under that heading has in backticks.
function firstColumn (heading) {
  const reference = readFileSync(join(__dirname, '..', '..', 'docs', 'reference.md'), 'utf8')
  const section = reference.split(/^## /m).find(part => part.startsWith(`${heading}\n`))
  return Array.from(section.matchAll(/^\| `([^`]+)`/gm), ([, name]) => name)
    .filter(name => name !== 'error.code')
}
