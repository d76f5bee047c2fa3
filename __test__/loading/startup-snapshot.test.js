'use strict'

// Programs that are built into a startup snapshot of Node's. No addon can be in one.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { after, before, test } = require('node:test')

const { child } = require('../support/child')

// A snapshot's `require` knows Node's own modules alone.
const LOAD = `require('node:module').createRequire(${JSON.stringify(__filename)})('../..')`

let folder
before(() => { folder = mkdtempSync(join(tmpdir(), 'didelphis-')) })
after(() => rmSync(folder, { recursive: true }))

test('building a snapshot with a breaker in it fails, and says what to do', () => {
  const { status, signal, stderr } = build(`new (${LOAD})(async () => {})`)
  assert.deepEqual({ status, signal }, { status: 1, signal: null }, stderr)
  assert.match(stderr, /Error: didelphis cannot be part of a startup snapshot.*setDeserializeMainFunction/)
  // What Node would say, after which it aborts.
  assert.doesNotMatch(stderr, /global handle not serialized/)
})

test('a program that was built into a snapshot may load it as it starts', () => {
  const built = build(`require('node:v8').startupSnapshot.setDeserializeMainFunction(() => {
    new (${LOAD})(async () => 'answered').fire().then(console.log)
  })`)
  assert.equal(built.status, 0, built.stderr)
  const { status, stdout, stderr } = node()
  assert.deepEqual({ status, stdout }, { status: 0, stdout: 'answered\n' }, stderr)
})

test('it loads where the runtime, or a mock of its modules, knows nothing of snapshots', async t => {
  const programs = {
    'nothing of the name': ({ require, path }) => {
      delete require('node:v8').startupSnapshot
      new (require(path))(async () => 'answered').fire().then(console.log)
    },
    'nothing in it': ({ require, path }) => {
      require('node:v8').startupSnapshot = {}
      new (require(path))(async () => 'answered').fire().then(console.log)
    },
    'a function that gives nothing': ({ require, path }) => {
      require('node:v8').startupSnapshot = { isBuildingSnapshot () {} }
      new (require(path))(async () => 'answered').fire().then(console.log)
    }
  }
  for (const [name, program] of Object.entries(programs)) {
    await t.test(name, async () => {
      const { code, stdout, stderr } = await child(program)
      assert.deepEqual({ code, stdout }, { code: 0, stdout: 'answered\n' }, stderr)
    })
  }
})

/** Builds a program into the snapshot. */
function build (program) {
  const entry = join(folder, 'entry.js')
  writeFileSync(entry, program)
  return node('--build-snapshot', entry)
}

function node (...args) {
  const snapshot = ['--snapshot-blob', join(folder, 'snapshot.blob')]
  return spawnSync(process.execPath, [...snapshot, ...args], { encoding: 'utf8' })
}
