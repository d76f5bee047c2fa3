'use strict'

// C that a test needs, compiled where and when it is needed: into a shared library in a
// folder that goes with the process.

const { execFileSync } = require('node:child_process')
const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

/** The path of what a source beside this file is compiled to, under another ending. */
function compiled (source, ending) {
  const folder = mkdtempSync(join(tmpdir(), 'didelphis-'))
  process.on('exit', () => rmSync(folder, { force: true, recursive: true }))
  const path = join(folder, source.replace(/c$/, ending))
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', path, join(__dirname, source)])
  return path
}

module.exports = { compiled }
