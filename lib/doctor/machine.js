'use strict'

// What the program runs on: the runtime, the processors, and the share of them that its
// container may use. Used by `examination.js`.

const { availableParallelism, release, type } = require('node:os')
const { readQuota } = require('./quota')

/** The facts; `root` is where the file system begins. */
function describeMachine (root) {
  return {
    runtime: runtime(),
    platform: `${process.platform} ${process.arch}`,
    system: `${type()} ${release()}`,
    libc: libc(),
    processors: availableParallelism(),
    quota: readQuota(root)
  }
}

/** How the loop's stalls are seen in this runtime. */
function clockOf () {
  const { bun, deno, uv } = process.versions
  if (bun || deno) return 'loop time, by a heartbeat through the event loop'
  return `loop time, by what libuv ${uv} counts as waiting`
}

module.exports = { clockOf, describeMachine }

function runtime () {
  const { bun, deno, node } = process.versions
  return bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node.js ${node}`
}

function libc () {
  if (process.platform !== 'linux') return undefined
  const { header } = process.report?.getReport?.() ?? {}
  if (header === undefined) return undefined
  return header.glibcVersionRuntime ? `glibc ${header.glibcVersionRuntime}` : 'musl'
}
