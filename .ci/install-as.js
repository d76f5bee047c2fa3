'use strict'

// Installs didelphis by package managers as on each platform, from the registry that they are told
// of, and looks at what is there. Run by `everywhere`, with a folder to work in and the managers.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { copyFileSync, mkdirSync, readFileSync, readdirSync, realpathSync, writeFileSync } = require('node:fs')
const { basename, join } = require('node:path')

const ROOT = join(__dirname, '..')
const here = require('../lib/platform')()
const AS = join(__dirname, 'as-platform.js')
// Of another platform than they were written on.
const LOCKED = ['linux-x64-gnu', 'linux-arm64-musl', 'darwin-arm64', 'win32-x64-msvc']

/** What a manager asks of a platform: `os`, `cpu` and, on Linux, `libc`, as its package has them. */
function asked (platform) {
  const { os: [os], cpu: [cpu], libc: [libc] = [] } = JSON.parse(readFileSync(join(ROOT, 'npm', platform, 'package.json'), 'utf8'))
  return { os, cpu, libc }
}

const flags = options => Object.entries(options).filter(([, value]) => value).map(([name, value]) => `--${name}=${value}`)

// How each is told of a platform, and installs: afresh, or what its lock file says.
const MANAGERS = {
  npm: {
    lock: 'package-lock.json',
    add: platform => ['npm', 'install', 'didelphis', ...flags(asked(platform))],
    locked: platform => ['npm', 'ci', ...flags(asked(platform))]
  },
  pnpm: {
    lock: 'pnpm-lock.yaml',
    add: platform => ['pnpm', 'add', 'didelphis', ...flags(asked(platform))],
    locked: platform => ['pnpm', 'install', '--frozen-lockfile', ...flags(asked(platform))]
  },
  // It has no option for it: it believes what Node says of the process.
  yarn1: {
    lock: 'yarn.lock',
    add: () => ['yarn1', 'add', 'didelphis'],
    locked: () => ['yarn1', 'install', '--frozen-lockfile'],
    environment: platform => ({ AS_PLATFORM: platform, NODE_OPTIONS: `--require ${AS}` }),
    bothLibraries: true
  },
  yarn: {
    lock: 'yarn.lock',
    add: () => ['yarn', 'add', 'didelphis'],
    locked: () => ['yarn', 'install', '--immutable'],
    prepare (folder, platform) {
      const lines = Object.entries(asked(platform)).filter(([, value]) => value).map(([name, value]) => `  ${name}: [${value}]`)
      writeFileSync(join(folder, '.yarnrc.yml'), ['supportedArchitectures:', ...lines, ''].join('\n'))
    }
  },
  bun: {
    lock: 'bun.lock',
    add: platform => ['bun', 'add', 'didelphis', ...flags(asked(platform))],
    locked: platform => ['bun', 'install', '--frozen-lockfile', ...flags(asked(platform))]
  }
}

function main ([work, ...managers]) {
  const platforms = readdirSync(join(ROOT, 'npm'))
  for (const name of managers) {
    const began = Date.now()
    const projects = new Map(platforms.map(platform => [platform, install(work, name, platform)]))
    runs(projects.get(here))
    for (const platform of LOCKED) {
      for (const other of LOCKED.filter(other => other !== platform)) install(work, name, platform, projects.get(other))
    }
    console.log(`everywhere: ${name}: the right binary, and no other, on ${platforms.length} platforms, and by lock files of others (${Math.round((Date.now() - began) / 1000)} s)`)
  }
}

/** Installs into a project of its own, with the lock file of another one if there is one. */
function install (work, name, platform, lockedBy) {
  const { lock, add, locked, environment = () => ({}), prepare = () => {}, bothLibraries } = MANAGERS[name]
  const folder = join(work, 'projects', name, platform, lockedBy ? `as-${basename(join(lockedBy, '..'))}` : 'fresh')
  mkdirSync(folder, { recursive: true })
  if (lockedBy) for (const file of ['package.json', lock]) copyFileSync(join(lockedBy, file), join(folder, file))
  else writeFileSync(join(folder, 'package.json'), '{ "name": "program", "version": "1.0.0", "license": "MIT" }\n')
  writeFileSync(join(folder, '.npmrc'), `registry=${process.env.npm_config_registry}\n`)
  prepare(folder, platform)

  const [command, ...args] = (lockedBy ? locked : add)(platform)
  const at = `${name}, ${platform}${lockedBy ? `, locked on ${basename(join(lockedBy, '..'))}` : ''}`
  try {
    execFileSync(command, args, { cwd: folder, stdio: 'pipe', encoding: 'utf8', env: { ...process.env, ...environment(platform) } })
  } catch ({ message, stdout, stderr }) {
    throw new Error(`${at}: ${message}\n${stdout}\n${stderr}`)
  }
  check(at, folder, platform, bothLibraries)
  return folder
}

function check (at, folder, platform, bothLibraries) {
  const found = binariesIn(join(folder, 'node_modules'))
  const names = found.map(path => basename(path)).sort()
  const expected = [platform, ...(bothLibraries ? otherLibrary(platform) : [])]
  assert.deepEqual(names, expected.map(name => `didelphis.${name}.node`).sort(), at)

  // The file of its package is its own, and the one that a program there would load.
  for (const path of found) {
    const [, name] = basename(path).split('.')
    if (name !== here) assert.equal(readFileSync(path, 'utf8'), `the binary for ${name}\n`, at)
  }
  const entry = realpathSync(join(folder, 'node_modules', 'didelphis', 'index.js'))
  const loaded = execFileSync(process.execPath, ['--require', AS, '-p', `
    const { createRequire } = require('node:module')
    const { dirname } = require('node:path')
    const from = createRequire(${JSON.stringify(entry)})
    from.resolve('@didelphis/binding-' + from('./lib/platform')())
  `], { encoding: 'utf8', env: { ...process.env, AS_PLATFORM: platform } })
  assert.equal(basename(loaded.trim()), `didelphis.${platform}.node`, at)
}

// Yarn 1 knows nothing of C libraries, and installs the binaries for both; the loader chooses.
function otherLibrary (platform) {
  if (/-gnu/.test(platform)) return [platform.replace('-gnu', '-musl')]
  return /-musl/.test(platform) ? [platform.replace('-musl', '-gnu')] : []
}

function binariesIn (folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.node'))
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
}

function runs (folder) {
  const program = `
    const CircuitBreaker = require('didelphis')
    new CircuitBreaker(async () => 'runs').fire().then(console.log)
  `
  assert.equal(execFileSync(process.execPath, ['-e', program], { cwd: folder, encoding: 'utf8' }), 'runs\n')
}

main(process.argv.slice(2))
