'use strict'

// Which half is taken, and what is said of it: the addon if it loads, otherwise WebAssembly, and the
// one that is asked for where one is. In a project of its own, in which there is no binary.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { after, before, describe, test } = require('node:test')

const ROOT = join(__dirname, '..', '..')
const BYTES = join('lib', 'wasm', 'bytes.js')
const IS_BUILT = existsSync(join(ROOT, BYTES))

/** What a program prints that fires once, and what it is warned of. */
const PROGRAM = `
  const warned = []
  process.on('warning', ({ code, message }) => warned.push([code, message]))
  const CircuitBreaker = require(process.argv[1])
  const { binding } = CircuitBreaker
  new CircuitBreaker(async () => 'answered').fire().then(answer => setImmediate(() => {
    console.log(JSON.stringify({ answer, binding, isFrozen: Object.isFrozen(binding), warned }))
  }))`

function run (folder, asked) {
  const env = { ...process.env, DIDELPHIS_BINDING: asked }
  if (asked === undefined) delete env.DIDELPHIS_BINDING
  const { status, stderr, stdout } = spawnSync(process.execPath, ['-e', PROGRAM, folder], { encoding: 'utf8', env })
  return status === 0 ? JSON.parse(stdout) : { error: stderr.match(/^Error: (.*)$/m)?.[1] ?? stderr }
}

describe('where the binary is', () => {
  test('it is taken, and nobody is warned', () => {
    for (const asked of [undefined, '', 'native']) {
      assert.deepEqual(run(ROOT, asked), { answer: 'answered', binding: { kind: 'native' }, isFrozen: true, warned: [] }, asked)
    }
  })

  test('WebAssembly is taken where it is asked for, without a warning; where it was not built, that is said', () => {
    const { answer, binding, error, warned } = run(ROOT, 'wasm')
    if (IS_BUILT) {
      assert.deepEqual({ answer, binding, warned }, { answer: 'answered', binding: { kind: 'wasm', reason: 'DIDELPHIS_BINDING=wasm' }, warned: [] })
    } else {
      assert.match(error, /not built here: "npm run build:wasm"/)
    }
  })

  test('anything else that is asked for is an error that says what there is', () => {
    assert.equal(run(ROOT, 'WASM').error, "DIDELPHIS_BINDING must be 'native' or 'wasm', but is 'WASM'")
  })
})

describe('where there is no binary', () => {
  let project

  before(() => {
    project = realpathSync(mkdtempSync(join(tmpdir(), 'didelphis-choice-')))
    mkdirSync(join(project, 'didelphis'))
    for (const file of ['index.js', 'lib', 'package.json']) cpSync(join(ROOT, file), join(project, 'didelphis', file), { recursive: true })
  })
  after(() => rmSync(project, { recursive: true }))

  const folder = () => join(project, 'didelphis')

  test('WebAssembly is taken, with the reason, and one warning says so', () => {
    const { answer, binding, error, warned } = run(folder())
    if (!IS_BUILT) return assert.match(error, /^didelphis has no native binary for /)
    assert.equal(answer, 'answered')
    assert.equal(binding.kind, 'wasm')
    assert.match(binding.reason, /^didelphis has no native binary for .* here: the package of it is missing\./)
    assert.deepEqual(warned.map(([code]) => code), ['DIDELPHIS_WASM'])
    assert(warned[0][1].startsWith(binding.reason))
  })

  test('the binary that is asked for is an error, as ever', () => {
    assert.match(run(folder(), 'native').error, /^didelphis has no native binary for .* is missing\./)
  })

  test('without either the error is that of the binary', () => {
    rmSync(join(folder(), BYTES), { force: true })
    assert.match(run(folder()).error, /^didelphis has no native binary for .* is missing\./)
  })
})
