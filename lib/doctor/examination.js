'use strict'

// The whole examination of a project: facts, and findings about them. Used by `command.js`.

const { existsSync, realpathSync } = require('node:fs')
const { join, relative, sep } = require('node:path')
const { examineBinary } = require('./binary')
const { findCopies, readManifest, resolvePackage } = require('./copies')
const { clockOf, describeMachine } = require('./machine')
const { examineSources } = require('./sources')

const { version } = require('../../package.json')

/**
 * Examines the project in a folder. A finding has a `level`: a `problem` is to be mended, a
 * `note` to be known.
 */
function examine (folder, { fileSystem = '/' } = {}) {
  const root = realpathSync(folder)
  const { copies, missing } = findCopies(root)
  const machine = describeMachine(fileSystem)
  const binaries = copies.filter(({ name }) => name === 'didelphis').map(copy => ({ folder: copy.folder, ...examineBinary(copy) }))
  const { files, breakers, findings } = examineSources(root, isOpossum)
  const shown = folder => relative(root, folder).split(sep).join('/') || '.'
  return {
    didelphis: version,
    folder: root,
    copies: copies.map(copy => ({ ...copy, folder: shown(copy.folder) })),
    binaries: binaries.map(binary => ({ ...binary, folder: shown(binary.folder), file: binary.file && shown(binary.file) })),
    clock: clockOf(),
    machine,
    code: { files, breakers },
    findings: [
      ...aboutCopies(copies, missing, root),
      ...binaries.flatMap(binary => aboutBinary(binary, shown(binary.folder))),
      ...aboutQuota(machine),
      ...findings
    ]
  }
}

module.exports = { examine }

// Whether that name gives opossum itself, from a folder: in a workspace each package may have
// another one. Of a name that is not there it is what it says.
function isOpossum (library, from) {
  const folder = resolvePackage(library, from)
  return (folder === undefined ? library : readManifest(folder)?.name) === 'opossum'
}

function aboutCopies (copies, missing, root) {
  const ours = copies.filter(({ name }) => name === 'didelphis')
  const others = copies.filter(({ name }) => name === 'opossum')
  // Archives are seen only by a process that yarn has prepared.
  const hint = existsSync(join(root, '.pnp.cjs')) ? "in a project with yarn's Plug'n'Play: yarn didelphis doctor" : 'npm install'
  const found = missing.map(({ by, name, range }) => ({
    level: 'problem', kind: 'not-installed', message: `${by} requires ${name} (${range}), which is not installed`, hint
  }))
  if (copies.length === 0 && missing.length === 0) {
    found.push({ level: 'note', kind: 'no-copy', message: 'neither opossum nor didelphis is in this project', hint: 'npm install didelphis' })
  }
  if (ours.length > 1) {
    found.push({
      level: 'note',
      kind: 'several-copies',
      message: `there are ${ours.length} copies of didelphis: a breaker of one is no instance of the other's class`,
      hint: 'npm dedupe'
    })
  }
  if (ours.length > 0 && others.length > 0) {
    const users = others.flatMap(({ requiredBy }) => requiredBy.map(({ name }) => name))
    found.push({
      level: 'note',
      kind: 'opossum-too',
      message: `opossum is there, too${users.length > 0 ? ` (for ${[...new Set(users)].join(', ')})` : ''}: its timeouts blame the backend for stalls of your own process`,
      hint: 'docs/from-opossum.md says how to switch a whole tree'
    })
  }
  return found
}

function aboutBinary ({ error, forgivenMs, hasThread, mismatch, platform, packages, source }, copy) {
  if (error !== undefined) {
    const others = packages.filter(name => name !== `@didelphis/binding-${platform}`)
    return [{
      level: 'problem',
      kind: 'no-binary',
      message: `${copy}: ${error.message}${error.cause?.message ? ` (${error.cause.message})` : ''}`,
      hint: others.length > 0 ? `this is ${platform}; there are ${others.join(', ')}` : undefined
    }]
  }
  const found = []
  if (mismatch !== undefined) {
    found.push({
      level: 'problem',
      kind: 'other-version',
      message: `${copy}: its binary is of another version: ${source}`,
      hint: 'install both in one version, or remove node_modules and install again'
    })
  }
  if (!hasThread) {
    found.push({
      level: 'problem',
      kind: 'no-thread',
      message: `${copy}: no thread can be had; timeouts are told by the timers of the event loop`,
      hint: 'look at the limit of processes and threads: ulimit -u, pids.max of the container'
    })
  }
  if (!(forgivenMs > 0)) {
    found.push({
      level: 'problem',
      kind: 'stall-not-seen',
      message: `${copy}: a stall of the event loop was made, and not taken out of a timeout`,
      hint: undefined
    })
  }
  return found
}

function aboutQuota ({ processors, quota }) {
  if (quota === undefined || quota.processors >= processors) return []
  const { periodMs, processors: share, quotaMs, throttled, throttledMs } = quota
  const so = throttled > 0 ? `; it was stopped ${throttled} times by now, for ${Math.round(throttledMs)} ms in all` : ''
  return [{
    level: 'note',
    kind: 'quota',
    message: `${round(share)} of ${processors} ${processors === 1 ? 'processor' : 'processors'} may be used (${round(quotaMs)} ms in each ${round(periodMs)} ms)${so}`,
    hint: 'a process that has used its share is stopped until the next period; didelphis leaves that time out of timeouts'
  }]
}

function round (number) {
  return Number(number.toFixed(2))
}
