'use strict'

// Switches that come as words, from the environment or a database; and the warnings of options
// that do not do what they seem to.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const CircuitBreaker = require('../..')
const { child } = require('../support/child')
const { forgotten } = require('../support/loads')
const { turn } = require('../support/wait')

const well = async () => 'well'
const fail = async () => { throw new Error('ill') }

// In Firefox a `stack` that was set is a property that every loop sees: there errors keep the one they were made with.
const KEEPS_STACKS = Object.keys(Object.assign(new Error(), { stack: '' })).includes('stack')

// What shows whether each is on.
const SWITCHES = {
  allowWarmUp: breaker => breaker.warmUp,
  autoRenewAbortController: breaker => breaker.getSignal() !== undefined,
  cache: async breaker => {
    await breaker.fire()
    await breaker.fire()
    return breaker.stats.cacheHits === 1
  },
  coalesce: async breaker => {
    await Promise.all([breaker.fire(), breaker.fire()])
    return breaker.stats.coalesceCacheHits === 1
  },
  enabled: breaker => breaker.enabled,
  enableSnapshots: breaker => breaker.status.enableSnapshots && breaker.options.enableSnapshots,
  rollingPercentilesEnabled: breaker => breaker.stats.latencyMean !== -1 && breaker.status.rollingPercentilesEnabled,
  stackTraces: async breaker => {
    breaker.open()
    const { stack } = await breaker.fire().catch(error => error)
    return stack.includes('\n')
  }
}

const isAlwaysOn = name => name === 'stackTraces' && KEEPS_STACKS

// Those that hold as soon as they are changed.
const LIVE = ['autoRenewAbortController', 'cache', 'coalesce', 'stackTraces']

describe('a switch in words is what it says', () => {
  for (const [name, shows] of Object.entries(SWITCHES)) {
    test(name, async () => {
      for (const on of [true, false]) {
        for (const value of [on, String(on)]) {
          const breaker = new CircuitBreaker(well, { [name]: value })
          assert.equal(await shows(breaker), on || isAlwaysOn(name), `${value}`)
          assert.equal(breaker.options[name], on)
          breaker.shutdown()
        }
      }
    })
  }

  for (const name of LIVE.filter(name => name !== 'autoRenewAbortController')) {
    test(`${name}, among the live options`, async () => {
      for (const on of [true, false]) {
        const breaker = new CircuitBreaker(well, { [name]: !on })
        breaker.options[name] = String(on)
        assert.equal(await SWITCHES[name](breaker), on || isAlwaysOn(name))
        breaker.shutdown()
      }
    })
  }

  test('autoRenewAbortController, among the live options', () => {
    for (const on of [true, false]) {
      const breaker = new CircuitBreaker(well, { abortController: new AbortController() })
      breaker.options.autoRenewAbortController = String(on)
      breaker.getAbortController().abort()
      breaker.open()
      breaker.close()
      assert.equal(breaker.getSignal().aborted, !on)
    }
  })

  test('of a state that was restored', () => {
    const STATES = {
      closed: breaker => breaker.closed,
      enabled: breaker => breaker.enabled,
      halfOpen: breaker => breaker.halfOpen,
      shutdown: breaker => breaker.isShutdown,
      warmUp: breaker => breaker.warmUp
    }
    for (const [name, shows] of Object.entries(STATES)) {
      for (const on of [true, false]) {
        const rest = name === 'halfOpen' ? { closed: false } : {}
        const [said, written] = [on, String(on)].map(value => new CircuitBreaker(well, { state: { ...rest, [name]: value } }))
        assert.deepEqual([shows(said), shows(written)], [on, on], name)
        assert.deepEqual(Object.values(written.toJSON().state).slice(1, -1), Object.values(said.toJSON().state).slice(1, -1))
      }
    }
  })

  test('of a status', () => {
    const status = CircuitBreaker.newStatus({ rollingPercentilesEnabled: 'false', enableSnapshots: 'false' })
    assert.deepEqual([status.stats.latencyMean, status.enableSnapshots], [-1, false])
  })

  test('a cache that is switched off in words needs no transport', () => {
    new CircuitBreaker(well, { cache: 'false', cacheTransport: 'none' }).shutdown()
  })
})

test('a switch in other words is what opossum takes it for, with one warning', async () => {
  const { stdout, stderr, ...end } = await child(async ({ require, path }) => {
    const CircuitBreaker = require(path)
    const Opossum = require(require.resolve('opossum', { paths: [path] }))
    const warnings = []
    process.on('warning', ({ code, message, name }) => warnings.push([name, code, message].join(' ')))
    const shown = ({ enabled, options, warmUp }) => [enabled, warmUp, options.coalesce, Boolean(options.cacheTransport), options.enableSnapshots]
    const problems = []
    for (const word of ['yes', 'no', '0', '1', 'False', 'TRUE', '']) {
      const options = () => ({
        allowWarmUp: word, cache: word, coalesce: word, enabled: word, enableSnapshots: word, rollingPercentilesEnabled: word
      })
      const [ours, theirs] = [CircuitBreaker, Opossum].map(Class => new Class(async () => 'well', options()))
      for (let i = 0; i < 2; i++) await ours.fire()
      if (String(shown(ours)) !== String(shown(theirs))) problems.push([word, shown(ours), shown(theirs)])
      if (ours.options.cache !== word) problems.push([word, ours.options.cache])
      ours.shutdown()
      theirs.shutdown()
    }
    const late = new CircuitBreaker(async () => 'well', { state: { closed: 'nope' } })
    late.options.stackTraces = 'yes'
    late.open()
    await late.fire().catch(() => {})
    await late.fire().catch(() => {})
    setImmediate(() => console.log(JSON.stringify({ warnings, problems })))
  }, { flags: ['--no-warnings'] })
  assert.deepEqual({ stderr, ...end }, { stderr: '', code: 0, signal: null })
  const warning = (name, word, is) =>
    `DidelphisWarning DIDELPHIS_WORD_AS_SWITCH options.${name} is '${word}', which is taken for ${is}: it should be true or false`
  const { warnings, problems } = JSON.parse(stdout)
  assert.deepEqual(problems, [])
  assert.deepEqual(warnings.sort(), [
    warning('allowWarmUp', 'yes', false),
    warning('cache', 'yes', true),
    warning('coalesce', 'yes', true),
    warning('enableSnapshots', 'yes', true),
    warning('enabled', 'yes', true),
    warning('rollingPercentilesEnabled', 'yes', true),
    warning('stackTraces', 'yes', true),
    warning('state.closed', 'nope', true)
  ])
})

test('an errorFilter that gives a promise keeps the circuit from opening', async () => {
  for (const verdict of [true, false]) {
    for (const errorFilter of [async () => verdict, () => ({ then: resolve => resolve(verdict) })]) {
      const breaker = new CircuitBreaker(fail, { errorFilter })
      await assert.rejects(breaker.fire(), /ill/)
      const { failures, successes } = breaker.stats
      assert.deepEqual([breaker.opened, failures, successes], [true, 1, 0])
    }
  }
  const filtered = new CircuitBreaker(fail, { errorFilter: () => true })
  await assert.rejects(filtered.fire(), /ill/)
  assert.equal(filtered.closed, true)
})

test('functions that give a promise where an answer is needed are warned of once', async () => {
  const { stdout, stderr, ...end } = await child(async ({ require, path }) => {
    const CircuitBreaker = require(path)
    const warnings = []
    process.on('warning', ({ code, message }) => warnings.push(`${code}: ${message.split(' ').slice(0, 4).join(' ')}`))
    for (let i = 0; i < 3; i++) {
      const ill = new CircuitBreaker(async () => { throw new Error('ill') }, { errorFilter: async () => true })
      await ill.fire().catch(() => {})
      const breaker = new CircuitBreaker(async () => 'well', { cache: true, cacheGetKey: async () => 'key' })
      await breaker.fire()
      await breaker.fire()
    }
    setImmediate(() => console.log(JSON.stringify(warnings)))
  }, { flags: ['--no-warnings'] })
  assert.deepEqual({ stderr, ...end }, { stderr: '', code: 0, signal: null })
  assert.deepEqual(JSON.parse(stdout), [
    'DIDELPHIS_ASYNC_FILTER: options.errorFilter gives a promise,',
    'DIDELPHIS_ASYNC_KEY: options.cacheGetKey gives a promise,'
  ])
})

test('a warning that cannot be told keeps no call from its end', async t => {
  const { emitWarning } = process
  t.after(() => { process.emitWarning = emitWarning })
  // In a load of its own, which has told none yet.
  const Fresh = forgotten(require.resolve('../..'))
  process.emitWarning = () => { throw new Error('no warnings') }
  const uncaught = []
  process.setUncaughtExceptionCaptureCallback(error => uncaught.push(error.message))
  const breaker = new Fresh(fail, { errorFilter: async () => true, capacity: 1 })
  await assert.rejects(breaker.fire(), /ill/)
  await turn()
  process.setUncaughtExceptionCaptureCallback(null)
  assert.deepEqual([uncaught, breaker.semaphore.count], [['no warnings'], 1])
})
