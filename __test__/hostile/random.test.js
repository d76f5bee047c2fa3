'use strict'

// A random program in a process of its own: it crashes nowhere, leaves nothing pending, and
// ends. A failure names the seed of its round; `DIDELPHIS_SEED` begins with that one, and
// `DIDELPHIS_HOSTILE_SECONDS` says for how long to go on.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { join } = require('node:path')
const { createInterface } = require('node:readline')
const { test } = require('node:test')

const PROGRAM = join(__dirname, 'random.js')
const SEED = Number(process.env.DIDELPHIS_SEED ?? Math.floor(Math.random() * 2 ** 32))
const SECONDS = Number(process.env.DIDELPHIS_HOSTILE_SECONDS ?? 10)

// No round takes that long, and no process stays that long when all are done.
const SILENT_MS = 60_000
// So many failures are enough, and so many steps before a crash.
const ENOUGH = 5
const LAST = 25

test(`a random program, from seed ${SEED} for ${SECONDS} s`, async () => {
  const failures = []
  const end = performance.now() + SECONDS * 1000
  let rounds = 0
  for (let seed = SEED; failures.length < ENOUGH;) {
    const left = (end - performance.now()) / 1000
    const run = await runFrom(seed, left)
    failures.push(...run.failures)
    rounds += run.rounds
    if (run.done || performance.now() > end) break
    // It crashed: the next one.
    seed = (run.seed + 1) % 2 ** 32
  }
  assert.deepEqual(failures, [])
  assert(rounds > 0)
})

function runFrom (seed, seconds) {
  const run = { done: false, failures: [], last: [], rounds: 0, seed }
  const child = spawn(process.execPath, ['--expose-gc', PROGRAM, String(seed), String(Math.max(0, seconds))], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  let watchdog
  const watch = () => {
    clearTimeout(watchdog)
    watchdog = setTimeout(() => child.kill('SIGKILL'), SILENT_MS)
  }
  watch()
  child.stderr.setEncoding('utf8').on('data', text => { stderr = (stderr + text).slice(-1_000) })
  createInterface({ input: child.stdout }).on('line', line => {
    const told = JSON.parse(line)
    if (told.op !== undefined) run.last.push(told.op)
    else watch()
    if (told.seed !== undefined) Object.assign(run, { seed: told.seed, last: [] })
    if (told.done !== undefined) run.done = true
    if (told.ended === undefined) return
    run.rounds++
    if (told.problems.length > 0) run.failures.push({ seed: run.seed, problems: told.problems, steps: run.last })
  })
  return new Promise(resolve => {
    child.on('close', (code, signal) => {
      clearTimeout(watchdog)
      if (signal && run.done) run.failures.push(`from seed ${seed}: the process does not exit after ${run.rounds} rounds`)
      else if (signal || code !== 0 || !run.done) {
        run.failures.push({ seed: run.seed, how: signal ?? `code ${code}`, last: run.last.slice(-LAST), stderr })
      }
      resolve(run)
    })
  })
}
