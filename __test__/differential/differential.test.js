'use strict'

// The same scenarios on opossum and on ours: a program must not see which it has.

const { describe, test } = require('node:test')
const assert = require('node:assert')
const Opossum = require('opossum')
const Ours = require('../..')
const differences = require('./differences')
const expected = require('./expected')
const { run } = require('./record')
const themes = require('./scenarios')

for (const [theme, scenarios] of Object.entries(themes)) {
  describe(theme, () => {
    for (const [name, scenario] of Object.entries(scenarios)) {
      if (name in differences) {
        test(`${name} (differs: ${differences[name]})`, () => assertDifferent(scenario, linesOf(expected[name])))
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

test('of every known difference, and of no other scenario, it is known what ours does', () => {
  assert.deepStrictEqual(Object.keys(expected).sort(), Object.keys(differences).sort())
})

// A class that does nothing at all differs from opossum, too.
test('a class that cannot be used passes no scenario', async () => {
  class Useless { constructor () { throw new Error('useless') } }
  for (const name of Object.keys(differences)) {
    const [scenario] = Object.values(themes).filter(scenarios => name in scenarios).map(scenarios => scenarios[name])
    await assert.rejects(assertDifferent(scenario, linesOf(expected[name]), Useless), undefined, name)
  }
})

async function assertSame (scenario) {
  const [ours, opossums] = await Promise.all([recordings(Ours, scenario), recordings(Opossum, scenario)])
  assert.deepStrictEqual(ours, opossums)
}

async function assertDifferent (scenario, lines, CircuitBreaker = Ours) {
  const [ours, opossums] = await Promise.all([recordings(CircuitBreaker, scenario), recordings(Opossum, scenario)])
  assert.deepStrictEqual(ours, { heard: lines, unheard: lines.filter(line => !IS_EVENT.test(line)) })
  assert.notDeepStrictEqual(ours, opossums)
}

const IS_EVENT = /^#\d+ emits /

function linesOf (text) {
  return text.split('\n').map(line => line.trim()).filter(line => line !== '')
}

async function recordings (CircuitBreaker, scenario) {
  const [heard, unheard] = await Promise.all([
    run(CircuitBreaker, scenario),
    run(CircuitBreaker, scenario, { listening: false })
  ])
  return { heard, unheard }
}
