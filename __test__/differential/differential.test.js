'use strict'

// The same scenarios on opossum and on ours: a program must not see which it has.

const { describe, test } = require('node:test')
const assert = require('node:assert')
const Opossum = require('opossum')
const Ours = require('../..')
const differences = require('./differences')
const { run } = require('./record')
const themes = require('./scenarios')

for (const [theme, scenarios] of Object.entries(themes)) {
  describe(theme, () => {
    for (const [name, scenario] of Object.entries(scenarios)) {
      if (name in differences) {
        test(`${name} (differs: ${differences[name]})`, () => assertDifferent(scenario))
      } else {
        test(name, () => assertSame(scenario))
      }
    }
  })
}

test('every known difference is that of a scenario', () => {
  const names = Object.values(themes).flatMap(Object.keys)
  assert.deepStrictEqual(Object.keys(differences).filter(name => !names.includes(name)), [])
})

async function assertSame (scenario) {
  const [ours, opossums] = await Promise.all([recordings(Ours, scenario), recordings(Opossum, scenario)])
  assert.deepStrictEqual(ours, opossums)
}

async function assertDifferent (scenario) {
  const [ours, opossums] = await Promise.all([
    recordings(Ours, scenario).catch(error => error),
    recordings(Opossum, scenario)
  ])
  assert.notDeepStrictEqual(ours, opossums)
}

async function recordings (CircuitBreaker, scenario) {
  const [heard, unheard] = await Promise.all([
    run(CircuitBreaker, scenario),
    run(CircuitBreaker, scenario, { listening: false })
  ])
  return { heard, unheard }
}
