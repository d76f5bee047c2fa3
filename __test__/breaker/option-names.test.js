'use strict'

// Names and values among the options that somebody has hardly meant: one process warning each.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const { FOREIGN } = require('../../lib/option-names')
const { optionNames } = require('../../lib/native/abi')
const { child } = require('../support/child')

// In a process of its own, for each is told once.
async function warningsOf (...programs) {
  const { stderr, stdout, code } = await child(`({ path, require }) => {
    const CircuitBreaker = require(path)
    const make = options => new CircuitBreaker(() => {}, options)
    const told = []
    process.on('warning', ({ code, message }) => told.push({ code, message }))
    process.removeAllListeners('warning')
    process.on('warning', ({ code, message }) => told.push({ code, message }))
    ${programs.join('\n')}
    setImmediate(() => console.log(JSON.stringify(told)))
  }`)
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

const unknown = (name, meant) => ({
  code: 'DIDELPHIS_UNKNOWN_OPTION',
  message: `options.${name} is no option, and does nothing: did you mean ${meant}?`
})

describe('options that are hardly meant', () => {
  test('a slip of the pen is told once, wherever it is made', async () => {
    assert.deepEqual(await warningsOf(
      'make({ timout: 5 })',
      'make({ timout: 5 })',
      'make({ reset_timeout: 5 })',
      'make().update({ errorTresholdPercentage: 5 })'
    ), [unknown('timout', 'timeout'), unknown('reset_timeout', 'resetTimeout'), unknown('errorTresholdPercentage', 'errorThresholdPercentage')])
  })

  test('short names are known by their letters', async () => {
    assert.deepEqual(await warningsOf('make({ rampup: 5, RateOf: "outcomes", Probe: () => {} })'),
      [unknown('rampup', 'rampUp'), unknown('RateOf', 'rateOf'), unknown('Probe', 'probe')])
  })

  test("another library's word is told by ours", async () => {
    assert.deepEqual(await warningsOf('make({ halfOpenAfter: 5, successThreshold: 2, failureThreshold: 5, fallback: () => {} })'), [
      unknown('halfOpenAfter', 'resetTimeout'),
      unknown('successThreshold', 'halfOpenCalls'),
      unknown('failureThreshold', 'errorThresholdPercentage or consecutiveFailures'),
      unknown('fallback', 'breaker.fallback(fn)')
    ])
  })

  test('all that is suggested is there', () => {
    for (const [word, meant] of Object.entries(FOREIGN)) {
      assert.equal(optionNames.includes(word), false, word)
      if (word === 'fallback') continue
      for (const name of [meant].flat()) assert.ok(optionNames.includes(name.split('.')[0]), name)
    }
  })

  test("nothing is told of known names, of the program's own, nor of a Proxy that throws", async () => {
    assert.deepEqual(await warningsOf(
      'const options = { cache: true, coalesce: true, logger: console, tags: [], host: "a", store: 1, stage: 2 }',
      'make(options)',
      'make(options)',
      'try { make(new Proxy({}, { ownKeys () { throw new Error() } })) } catch {}',
      `make({ ${optionNames.map(name => `${name}: undefined`).join(', ')} })`
    ), [])
  })

  test('a share in the place of a percentage is told', async () => {
    assert.deepEqual(await warningsOf(
      'make({ errorThresholdPercentage: 0 })',
      'make({ errorThresholdPercentage: 1 })',
      'make({ errorThresholdPercentage: 0.5 })',
      'make({ errorThresholdPercentage: 0.25 })'
    ), [{
      code: 'DIDELPHIS_SHARE_AS_PERCENTAGE',
      message: 'options.errorThresholdPercentage is 0.5, which is less than one percent: half of the calls are 50'
    }])
  })
})
