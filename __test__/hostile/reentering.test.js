'use strict'

// Whoever is called by the library may call the library: every function of the user's and of
// the host's. Nothing crashes, every promise settles, every place comes back, and the process
// ends by itself.

const assert = require('node:assert/strict')
const { join } = require('node:path')
const { describe, test } = require('node:test')

const { problemLines, runCases, runEach } = require('./support/parent')

const FAKED = ['marked as that of node:test', 'marked as that of sinon', 'that of node:test', 'that of sinon']

async function holds (program, ...args) {
  assert.deepEqual(problemLines(await runCases(join(__dirname, 'reentering', program), ...args)), [])
}

// Each in a process of its own, for some keep it.
async function eachHolds (program, ...args) {
  assert.deepEqual(problemLines(await runEach(join(__dirname, 'reentering', program), ...args)), [])
}

// Most of the time they wait.
describe('whoever is called by the library', { concurrency: 3 }, () => {
  test('a host that does what it likes', { concurrency: 2 }, async t => {
    await Promise.all(FAKED.map(clock => t.test(`its clock: ${clock}`, () => holds('host.js', clock))))
  })

  test('functions of the user that do what they like', { concurrency: 2 }, async t => {
    await Promise.all(['real', FAKED[0]].map(clock => t.test(`by a clock: ${clock}`, () => holds('places.js', clock))))
  })

  test('programs without an end', { concurrency: 2 }, async t => {
    const byHost = t.test('by the clock of the host', () => eachHolds('endless.js', 'real'))
    await Promise.all([byHost, ...FAKED.map(clock => t.test(`by a clock: ${clock}`, () => holds('endless.js', clock)))])
  })
})
