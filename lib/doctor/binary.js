'use strict'

// Which binary a copy of didelphis loads, why, and whether it works: found out by loading it,
// in a process of its own. Used by `examination.js`.

const { spawnSync } = require('node:child_process')
const { existsSync, readdirSync } = require('node:fs')
const { dirname, join } = require('node:path')
const platformName = require('../platform')
const { readManifest } = require('./copies')

const SCOPE = '@didelphis'

// Far more than it takes, on a machine that is busy too.
const KILL_MS = 60_000

/** What came of loading the copy in that folder. */
function examineBinary ({ folder, version }) {
  const platform = platformName()
  const told = run(folder)
  const from = told.file && sourceOf(told.file, folder, version)
  return { platform, ...told, ...from, packages: packagesFor(folder) }
}

module.exports = { examineBinary }

function run (folder) {
  const { error, signal, status, stderr, stdout } = spawnSync(process.execPath, [join(__dirname, 'probe.js'), folder], {
    encoding: 'utf8',
    // What its WebAssembly would do in its place is not asked.
    env: { ...process.env, DIDELPHIS_BINDING: 'native' },
    killSignal: 'SIGKILL',
    timeout: KILL_MS
  })
  try {
    return JSON.parse(stdout)
  } catch {
    const ending = error?.message ?? (signal ? `signal ${signal}` : `exit code ${status}`)
    return { error: { message: `loading it ended the process: ${ending}`, cause: { message: (stderr ?? '').trim().slice(-500) } } }
  }
}

// A binary beside the copy was built there, or is a build that is tried out; others are
// packages of their own.
function sourceOf (file, folder, version) {
  if (dirname(file) === folder) return { source: 'built in the package itself' }
  const manifest = readManifest(dirname(file))
  if (manifest?.name === undefined) return { source: 'a file of no package' }
  const mismatch = manifest.version === version ? undefined : manifest.version
  return { source: `the package ${manifest.name} ${manifest.version}`, mismatch }
}

// The packages of binaries that can be required from there, whatever their platform.
function packagesFor (folder) {
  const names = new Set()
  for (let at = folder; ; at = dirname(at)) {
    const scope = join(at, 'node_modules', SCOPE)
    if (existsSync(scope)) readdirSync(scope).filter(name => name.startsWith('binding-')).forEach(name => names.add(`${SCOPE}/${name}`))
    if (at === dirname(at)) return [...names]
  }
}
