'use strict'

// Which options cannot stand together: in the constructor, in update(), and in the table of
// docs/policies.md, which names no other.

const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const CircuitBreaker = require('../..')

// By the row of the table.
const CONFLICTS = {
  '`classify` | `errorFilter`': { classify: () => undefined, errorFilter: () => true },
  "`window: { calls }` | `rateOf: 'fires'`": { window: { calls: 10 }, rateOf: 'fires' },
  '`window: { calls }` | `volumeThreshold` above `calls`': { window: { calls: 10 }, volumeThreshold: 11 },
  '`throttle` | `consecutiveFailures`': { throttle: true, consecutiveFailures: 3 },
  '`throttle` | `maxFailures`': { throttle: true, maxFailures: 3 },
  '`throttle` | `slowCallDuration`': { throttle: true, slowCallDuration: 100 },
  '`throttle` | `slowCallThresholdPercentage`': { throttle: true, slowCallThresholdPercentage: 20 },
  '`throttle` | `shouldTrip`': { throttle: true, shouldTrip: () => true },
  '`throttle` | `halfOpenCalls`': { throttle: true, halfOpenCalls: 2 },
  '`throttle` | `halfOpenThresholdPercentage`': { throttle: true, halfOpenThresholdPercentage: 20 },
  '`throttle` | `halfOpenTimeout`': { throttle: true, halfOpenTimeout: 1000 },
  '`throttle` | `rampUp`': { throttle: true, rampUp: 1000 },
  '`throttle` | `probe`': { throttle: true, probe: async () => {} },
  '`metricsOnly: true` | `enabled: false`': { metricsOnly: true, enabled: false }
}

for (const [row, options] of Object.entries(CONFLICTS)) {
  const [one, other] = Object.keys(options)
  const refused = error => error instanceof TypeError && error.message.includes(`options.${one}`) && error.message.includes(`options.${other}`)

  test(`${one} and ${other} are refused together, and each alone is not`, () => {
    assert.throws(() => new CircuitBreaker(() => {}, options), refused)
    for (const name of [one, other]) new CircuitBreaker(() => {}, { [name]: options[name] }).shutdown()
  })

  test(`${one} and ${other} are refused by an update, which changes nothing`, () => {
    const breaker = new CircuitBreaker(() => {}, {})
    const before = { ...breaker.options }
    assert.throws(() => breaker.update({ ...options, timeout: 5 }), refused)
    assert.deepEqual({ ...breaker.options }, before)
    breaker.shutdown()
  })

  test(`the documents say that ${one} and ${other} cannot stand together`, () => {
    assert.ok(refusedRows().some(line => line.startsWith(`| ${row} |`)), row)
  })
}

for (const [one, other] of [['classify', 'errorFilter'], ['errorFilter', 'classify'], ['window', 'rateOf'], ['rateOf', 'window'],
  ['throttle', 'rampUp'], ['rampUp', 'throttle'], ['probe', 'throttle']]) {
  const options = Object.values(CONFLICTS).find(options => one in options && other in options)

  test(`an update to ${one} is refused by a breaker that has ${other}`, () => {
    const breaker = new CircuitBreaker(() => {}, { [other]: options[other] })
    assert.throws(() => breaker.update({ [one]: options[one] }), TypeError)
    breaker.shutdown()
  })
}

test('the documents name no other options that cannot stand together', () => {
  assert.equal(refusedRows().length, Object.keys(CONFLICTS).length)
})

function refusedRows () {
  const page = readFileSync(join(__dirname, '../../docs/policies.md'), 'utf8')
  const [, table] = /\n\| option \| with \| because \|\n\| --- \| --- \| --- \|\n((?:\|.*\n)+)/.exec(page)
  return table.trim().split('\n')
}
