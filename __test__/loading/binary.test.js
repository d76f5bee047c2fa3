'use strict'

// The binary that cannot be loaded: the error says whether it is missing, or where it is and why
// it could not be loaded, and what to do. Each in a project of its own, in which the package
// lies as the registry gives it.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { after, afterEach, before, describe, test } = require('node:test')

const { toBeExplained } = require('../../lib/binary-errors')
const platform = require('../../lib/platform')()
const release = require('../../.ci/release')

const ROOT = join(__dirname, '..', '..')
const FILE = `didelphis.${platform}.node`
const NAME = `@didelphis/binding-${platform}`
const LOAD = "new (require('didelphis'))(async () => 'answered').fire().then(console.log)"
const PERMISSION = ['--permission', '--experimental-permission'].find(flag => process.allowedNodeEnvironmentFlags.has(flag))

const good = readFileSync(join(ROOT, FILE))

let project
let installed

before(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'didelphis-loading-')))
  const folder = join(project, 'node_modules', 'didelphis')
  mkdirSync(folder, { recursive: true })
  for (const file of ['index.js', 'lib']) cpSync(join(ROOT, file), join(folder, file), { recursive: true })
  rmSync(join(folder, 'lib', 'didelphis-clone.js'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify(release.manifest('.')))
  installed = join(project, 'node_modules', NAME)
})
after(() => rmSync(project, { recursive: true }))
afterEach(() => rmSync(installed, { recursive: true, force: true }))

function install (binary) {
  mkdirSync(installed, { recursive: true })
  cpSync(join(ROOT, 'npm', platform, 'package.json'), join(installed, 'package.json'))
  if (binary) writeFileSync(join(installed, FILE), binary)
}

function run (source, ...args) {
  writeFileSync(join(project, 'program.js'), source)
  // Otherwise its WebAssembly would take its place: `choice.test.js`.
  const env = { ...process.env, DIDELPHIS_BINDING: 'native' }
  return spawnSync(process.execPath, [...args, join(project, 'program.js')], { encoding: 'utf8', env })
}

/** What loading says, once it has failed. */
function failure (...args) {
  const { signal, status, stderr } = run(LOAD, ...args)
  assert.deepEqual({ signal, status }, { signal: null, status: 1 }, stderr)
  return stderr.match(/^Error: (didelphis .*)$/m)?.[1] ?? assert.fail(stderr)
}

/** It is not said to be missing. */
function isFound (said, path = join(installed, FILE)) {
  assert.match(said, /^didelphis found its native binary for /)
  assert.ok(said.includes(path), said)
  assert.doesNotMatch(said, /\.\./)
  assert.doesNotMatch(said, /missing|has no native binary/)
}

test('the binary of the package is loaded', () => {
  install(good)
  const { status, stderr, stdout } = run(LOAD)
  assert.deepEqual({ status, stdout }, { status: 0, stdout: 'answered\n' }, stderr)
})

test('a package that is missing is called missing, with the command that installs it', () => {
  const said = failure()
  assert.match(said, /package of it is missing/)
  assert.ok(said.includes(`npm install ${NAME}`), said)
})

test('a package without its file is found, and incomplete', () => {
  install(undefined)
  const said = failure()
  isFound(said)
  assert.match(said, /without its binary: .*install again/)
})

test('a folder of the package in which nothing can be found is not called missing', () => {
  mkdirSync(installed, { recursive: true })
  const said = failure()
  assert.match(said, /^didelphis found its native binary for /)
  assert.ok(said.includes(` at ${installed}, `), said)
  assert.match(said, /without its package\.json, or this user may not read it: .*install again/)
  writeFileSync(join(installed, 'package.json'), '{')
  isFound(failure(), installed)
})

test('what is no binary of didelphis is found, and said to be none', () => {
  const IS_NONE = /it is no binary of didelphis\. .*install again/
  install(undefined)
  rmSync(installed, { recursive: true })
  writeFileSync(installed, '')
  isFound(failure(), installed)
  assert.match(failure(), IS_NONE)
  rmSync(installed)
  mkdirSync(installed)
  writeFileSync(join(installed, 'index.js'), 'exports.Other = class {}')
  isFound(failure(), join(installed, 'index.js'))
  assert.match(failure(), IS_NONE)
})

test('a file that ends early is an error, wherever it ends, and not the end of the process', () => {
  for (const share of [0, 0.0001, 0.01, 0.5, 0.95, 0.999]) {
    install(good.subarray(0, Math.floor(good.length * share)))
    const said = failure()
    isFound(said)
    assert.match(said, /damaged, or for another platform: .*install again/, `${share}`)
  }
})

test('a file that is no binary is found, and damaged', () => {
  install('<html>a proxy that wants a password</html>')
  const said = failure()
  isFound(said)
  assert.match(said, /damaged, or for another platform/)
})

test('--no-addons is named, for the process and for a worker', () => {
  install(good)
  const said = failure('--no-addons')
  isFound(said)
  assert.match(said, /take --no-addons out/)
  const { stdout } = run(`
    const { Worker } = require('node:worker_threads')
    const worker = new Worker("require('didelphis')", { eval: true, execArgv: ['--no-addons'] })
    worker.on('error', ({ message }) => console.log(message))
  `)
  assert.match(stdout, /found its native binary .*execArgv of the worker/)
})

test('the permission that is missing is named', () => {
  install(good)
  const said = failure('--no-warnings', PERMISSION, '--allow-fs-read=*')
  isFound(said)
  assert.match(said, /add --allow-addons/)
  const { status, stderr } = run(LOAD, '--no-warnings', PERMISSION, '--allow-fs-read=*', '--allow-addons')
  assert.equal(status, 0, stderr)
})

// musl does not look at that.
if (process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime) {
  test('a file for another processor is found, and for another platform', () => {
    const binary = Buffer.from(good)
    binary.writeUInt16LE(0xffff, 18)
    install(binary)
    const said = failure()
    isFound(said)
    assert.match(said, /damaged, or for another platform/)
  })
}

// What the binary asks of the C library can be changed in the file, as if it had been built on
// a later system.
if (platform.endsWith('gnu')) {
  test('a glibc that is too old is named, with the one that is needed', () => {
    const needed = [...good.toString('latin1').matchAll(/GLIBC_(2\.\d+)\0/g)].map(([, version]) => version)
    const version = needed.sort((a, b) => a.split('.')[1] - b.split('.')[1]).at(-1)
    const later = version.replace('2.', '9.')
    const binary = Buffer.from(good)
    replace(binary, Buffer.from(`GLIBC_${version}\0`), Buffer.from(`GLIBC_${later}\0`))
    replace(binary, elfHash(`GLIBC_${version}`), elfHash(`GLIBC_${later}`))
    install(binary)
    const said = failure()
    isFound(said)
    const { glibcVersionRuntime } = process.report.getReport().header
    assert.ok(said.includes(`needs glibc ${later} or newer, and this system has ${glibcVersionRuntime}`), said)
  })
}

test('in the clone a binary that cannot be loaded is not passed over', () => {
  const clone = join(project, 'clone')
  mkdirSync(clone)
  for (const file of ['index.js', 'lib']) cpSync(join(ROOT, file), join(clone, file), { recursive: true })
  writeFileSync(join(clone, FILE), 'no binary')
  symlinkSync(clone, join(project, 'node_modules', 'cloned'), 'junction')
  const { stderr } = run("require('cloned')")
  assert.match(stderr, /Error: didelphis found its native binary .*damaged/)
  assert.ok(stderr.includes(join(clone, FILE)), stderr)
})

// What other systems say, in the words of their loaders.
describe('the remedy for', () => {
  const REMEDIES = {
    'a binary for musl under glibc': ['libc.musl-x86_64.so.1: cannot open shared object file: No such file or directory', /another C library/],
    'a binary for glibc under musl': ['Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /a/b.node)', /another C library/],
    'no binary, under musl': ['Error loading shared library /a/b.node: Exec format error', /damaged, or for another platform/],
    'a library that glibc does not find': ['libgcc_s.so.1: cannot open shared object file: No such file or directory', /needs libgcc_s\.so\.1, which this system has not/],
    'a library that musl does not find': ['Error loading shared library libgcc_s.so.1: No such file or directory (needed by /a/b.node)', /needs libgcc_s\.so\.1, which this system has not/],
    'a symbol that musl lacks': ['Error relocating /a/b.node: gnu_get_libc_version: symbol not found', /another C library/],
    'a file system without programs': ['/a/b.node: failed to map segment from shared object', /noexec/],
    'a file of somebody else': ['/a/b.node: cannot open shared object file: Permission denied', /may not read/],
    'another processor, on macOS': ["dlopen(/a/b.node, 0x0001): tried: '/a/b.node' (mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64e'))", /another platform/],
    'another processor, on Windows': ['\\\\?\\C:\\a\\b.node is not a valid Win32 application.', /another platform/],
    'a package out of reach of the permissions': ['Access to this API has been restricted', /--allow-fs-read/],
    'anything else': ['something new', /install again; if this stays/]
  }
  for (const [name, [message, remedy]] of Object.entries(REMEDIES)) {
    test(name, () => {
      const cause = Object.assign(new Error(message), { code: 'ERR_DLOPEN_FAILED' })
      const error = toBeExplained('linux-x64-musl', cause)
      assert.match(error.message, /^didelphis found its native binary for linux-x64-musl/)
      assert.ok(error.message.includes(message))
      assert.match(error.message, remedy)
      assert.equal(error.cause, cause)
    })
  }

  test('a platform for which there is no binary', () => {
    assert.match(toBeExplained('aix-ppc64').message, /no native binary for aix-ppc64: there is none for this platform/)
  })

  test('a bundle in which there is no require', () => {
    for (const message of ['require is not defined', 'Dynamic require of "@didelphis/binding-linux-x64-gnu" is not supported']) {
      assert.match(toBeExplained('linux-x64-gnu', new Error(message)).message, /bundled .*docs\/bundlers\.md/)
    }
  })
})

function replace (buffer, old, other) {
  const places = []
  for (let at = buffer.indexOf(old); at >= 0; at = buffer.indexOf(old, at + 1)) places.push(at)
  assert.ok(places.length > 0)
  for (const at of places) other.copy(buffer, at)
}

// By which the loader finds a version before it compares names.
function elfHash (name) {
  let hash = 0
  for (const byte of Buffer.from(name)) {
    hash = (hash * 16 + byte) % 2 ** 32
    const top = (hash & 0xf0000000) >>> 0
    hash = ((hash ^ (top >>> 24)) & ~top) >>> 0
  }
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(hash)
  return bytes
}
