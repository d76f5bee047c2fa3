'use strict'

// The other half of `parent.js`: runs cases inside their process and tells what became of
// them, in writes that are through before the next step, for that may be the last.

const { writeSync } = require('node:fs')
const { setImmediate: turn, setTimeout: sleep } = require('node:timers/promises')

// Cases replace these.
const { clearTimeout: stop, setTimeout: start } = globalThis

// Long for what takes a few milliseconds, on the slowest machine.
const PENDING_MS = 2_000

// What nobody caught since it was last looked at.
const surfaced = new Set()

/**
 * Runs cases, by name: functions which resolve to a list of what is wrong. The first argument
 * of the process is the place of the case to begin with, and how many there are to be.
 */
async function runInside (cases) {
  process.on('uncaughtException', error => surfaced.add(error))
  const names = Object.keys(cases)
  tell({ names })
  const [from, count = Infinity] = process.argv[2].split(':').map(Number)
  for (let place = from; place < Math.min(names.length, from + count); place++) {
    tell({ begun: place })
    let problems
    try {
      problems = await cases[names[place]]()
    } catch (error) {
      problems = [`the case itself: ${told(error)}`]
    }
    tell({ ended: place, problems: problems.slice(0, MOST_PROBLEMS) })
  }
  tell({ done: true })
}

const MOST_PROBLEMS = 40

function tell (message) {
  let text = Buffer.from(JSON.stringify(message) + '\n')
  while (text.length > 0) {
    try {
      text = text.subarray(writeSync(1, text))
    } catch (error) {
      // The pipe is full, and the parent reads on.
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

/** An outcome in a word, whatever was thrown. */
function told (error) {
  try {
    return String(error?.code ?? error?.message ?? error)
  } catch {
    return 'something that cannot be told'
  }
}

/**
 * What a promise came to: `{ value }` or `{ error }`, and `{ pending: true }` when it took
 * too long.
 */
function outcome (promise, ms = PENDING_MS) {
  return new Promise(resolve => {
    const timer = start(() => resolve({ pending: true }), ms)
    const answer = what => {
      stop(timer)
      resolve(what)
    }
    promise.then(value => answer({ value }), error => answer({ error }))
  })
}

module.exports = { outcome, runInside, sleep, surfaced, tell, told, turn }
