'use strict'

// Whatever throws while a call is on its way, its promise is answered, its place comes back
// and what was thrown is heard of. Every read of the options, of the breaker and of the host
// throws once, one at a time, in every way a call can end.

const assert = require('node:assert/strict')
const { join } = require('node:path')
const { test } = require('node:test')

const { problemLines, runCases } = require('./support/parent')
const { SOURCES } = require('./throwing/sources')

const PROGRAM = join(__dirname, 'throwing', 'program.js')
const SPOILT = join(__dirname, 'throwing', 'spoilt-program.js')

test('a read that throws', { concurrency: 4 }, async t => {
  await Promise.all(Object.keys(SOURCES).map(source => t.test(source, async () => {
    assert.deepEqual(problemLines(await runCases(PROGRAM, source)), [])
  })))
})

test('a breaker, its options or its host are spoilt, before a call or during it', async () => {
  assert.deepEqual(problemLines(await runCases(SPOILT)), [])
})
