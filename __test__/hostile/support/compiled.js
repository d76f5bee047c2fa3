'use strict'

// C that a test needs, compiled where and when it is needed: into a shared library in a
// folder of its own.

const { execFileSync } = require('node:child_process')
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

/** The path of the library; `after(callback)` is to call that when it is no longer needed. */
function compiled (source, name, after, flags = []) {
  const folder = mkdtempSync(join(tmpdir(), 'didelphis-'))
  after(() => rmSync(folder, { force: true, recursive: true }))
  const path = join(folder, name)
  writeFileSync(`${path}.c`, source)
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', path, `${path}.c`, ...flags])
  return path
}

module.exports = { compiled }
