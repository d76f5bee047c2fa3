'use strict'

// Runs the experiments in another runtime, whose command is given as arguments, and holds
// them to what is promised: no false timeout, and true ones in time.

const assert = require('node:assert/strict')
const { execFile, fork } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')
const { promisify } = require('node:util')

const [command, ...args] = process.argv.slice(2)

async function main () {
  const backend = fork(join(__dirname, 'backend.js'), { execArgv: [] })
  const [port] = await once(backend, 'message')
  try {
    const program = [...args, join(__dirname, 'runtime.js'), String(port)]
    const { stdout } = await promisify(execFile)(command, program, { timeout: 120_000 })
    check(JSON.parse(stdout))
  } finally {
    backend.disconnect()
  }
}

function check ({ stalled, late, amidEvents, seen }) {
  for (const [name, [ours, theirs]] of Object.entries(stalled)) {
    const beside = theirs ? `; opossum ${theirs.falsely} of ${theirs.hit}` : ''
    console.log(`${name}: didelphis ${ours.falsely} of ${ours.hit} false${beside}`)
    assert.deepEqual({ errors: ours.errors, falsely: ours.falsely }, { errors: 0, falsely: 0 }, name)
  }
  const worst = [...late].sort((a, b) => a - b).at(-1)
  console.log(`true timeouts: at most ${worst.toFixed(1)} ms late; stalls seen: ${seen}`)
  assert(late.every(Number.isFinite), 'a call that hangs must time out')
  assert(Math.min(...late) >= -1, 'never before its deadline')
  // The machine may be late as well; the median is ours.
  assert([...late].sort((a, b) => a - b)[late.length >> 1] <= 40, 'a true timeout comes in time')
  assert(seen > 0, 'the stalls were not seen')
  assert.equal(amidEvents, 'ETIMEDOUT', 'a call that hangs while events have no end')
}

main()
