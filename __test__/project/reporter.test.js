'use strict'

// The reporter that names what failed: on a suite of tests that fail in every way.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { after, before, test } = require('node:test')

const REPORTER = join(__dirname, '..', 'support', 'failures.js')

let folder
before(() => { folder = mkdtempSync(join(tmpdir(), 'didelphis-')) })
after(() => rmSync(folder, { recursive: true }))

test('every test that fails is named in a line of its own, at the end of the output and in a file', () => {
  const files = {
    'nested.test.js': `
      test('passes', () => {})
      test('has subtests', async t => {
        await t.test('one', () => {})
        await t.test('two', t => t.test('deep\\nin it', () => { throw new Error('first line\\nsecond line') }))
      })
      describe('a suite', () => {
        it('with a test', () => assert.deepEqual({ a: 1 }, { a: 2 }))
      })
      describe('another', () => {
        before(() => { throw new Error('of the hook') })
        it('that is not run', () => {})
      })
      test('some at once', { concurrency: 2 }, t => Promise.all(['late', 'soon'].map(name =>
        t.test(name, async t => {
          await new Promise(resolve => setTimeout(resolve, name === 'late' ? 50 : 1))
          await t.test('fails', () => { throw name })
        })
      )))
      test('too slow', { timeout: 10 }, () => new Promise(resolve => setTimeout(resolve, 1000)))
      test('to be done', { todo: true }, () => { throw new Error('not yet') })
      test('left out', { skip: true }, () => { throw new Error('never') })`,
    'exits.test.js': "test('exits', () => process.exit(3))",
    'aborts.test.js': "test('aborts', () => process.abort())",
    'well.test.js': "test('is well', () => {})"
  }
  const expected = [
    /^FAILED aborts\.test\.js: the file itself: test failed, SIGABRT$/,
    /^FAILED exits\.test\.js: the file itself: test failed, exit code 3$/,
    /^FAILED nested\.test\.js: has subtests > two > deep in it: first line second line$/,
    /^FAILED nested\.test\.js: a suite > with a test: Expected values .* \+ a: 1 - a: 2/,
    /^FAILED nested\.test\.js: another > that is not run: .*cancelled/,
    /^FAILED nested\.test\.js: another: of the hook$/,
    /^FAILED nested\.test\.js: some at once > late > fails: late$/,
    /^FAILED nested\.test\.js: some at once > soon > fails: soon$/,
    /^FAILED nested\.test\.js: too slow: test timed out after 10ms$/
  ]
  const { status, stdout, stderr, kept } = run(files)
  assert.equal(status, 1, stderr)
  const last = stdout.trimEnd().split('\n').slice(-expected.length)
  const told = kept.trimEnd().split('\n')
  assert.equal(told.length, expected.length, kept)
  for (const [index, pattern] of expected.entries()) {
    assert.match(last[index], pattern)
    const [when, version, ...line] = told[index].split(' ')
    assert.ok(Date.now() - Date.parse(when) < 3_600_000, when)
    assert.equal(version, process.version)
    assert.equal(line.join(' '), last[index])
  }
})

test('where nothing fails, nothing is said or kept', () => {
  const { status, stdout, kept } = run({ 'well.test.js': "test('is well', () => {})" })
  assert.equal(status, 0)
  assert.doesNotMatch(stdout, /FAILED/)
  assert.equal(kept, undefined)
})

/** Runs files of tests, reported as in package.json: how that ended, and what is kept of it. */
function run (files) {
  const KEPT = join(folder, 'kept', 'failures.txt')
  rmSync(join(folder, 'kept'), { recursive: true, force: true })
  for (const [name, program] of Object.entries(files)) {
    const imports = "const { before, describe, it, test } = require('node:test')\nconst assert = require('node:assert/strict')\n"
    writeFileSync(join(folder, name), imports + program)
  }
  const { NODE_TEST_CONTEXT, ...env } = process.env
  const reporters = ['spec', REPORTER].flatMap(name => [`--test-reporter=${name}`, '--test-reporter-destination=stdout'])
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--test', ...reporters, ...Object.keys(files)], {
    cwd: folder, encoding: 'utf8', env: { ...env, DIDELPHIS_FAILURES: KEPT }, timeout: 60_000
  })
  return { status, stdout, stderr, kept: read(KEPT) }
}

function read (path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
