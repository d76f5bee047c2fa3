'use strict'

// Small projects in a folder of their own, and the doctor's word on them.

const { spawnSync } = require('node:child_process')
const { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { dirname, join } = require('node:path')

const ROOT = join(__dirname, '..', '..', '..')
const COMMAND = join(ROOT, 'bin', 'didelphis.js')

/** Makes a project of files by path, whose contents are text or, of manifests, objects. */
function project (t, files) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'didelphis-doctor-')))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, content] of Object.entries({ 'package.json': {}, ...files })) {
    write(join(folder, path), content)
  }
  return folder
}

function write (path, content) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
}

/** Puts a link into a project: `pnpm` makes such ones, and so does a test for this package. */
function link (folder, path, target = ROOT) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  symlinkSync(target, join(folder, path), 'junction')
}

/** Puts this package into a project as it is published: without a binary. */
function install (folder, path = 'node_modules/didelphis') {
  for (const part of ['index.js', 'lib', 'package.json']) cpSync(join(ROOT, part), join(folder, path, part), { recursive: true })
}

/** Runs the command in a folder. */
function run (folder, ...args) {
  const { status, stderr, stdout } = spawnSync(process.execPath, [COMMAND, ...args], { cwd: folder, encoding: 'utf8' })
  return { status, stderr, stdout }
}

/** The report on a project, and the exit code. */
function doctor (folder) {
  const { status, stderr, stdout } = run(folder, 'doctor', '--json')
  if (stdout === '') throw new Error(stderr)
  return { status, ...JSON.parse(stdout) }
}

module.exports = { ROOT, doctor, install, link, project, run }
