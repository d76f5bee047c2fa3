'use strict'

// A program of its own, which loads one copy of didelphis and prints what came of it, as
// JSON. Whatever loading does to a process, it does not do it to the doctor. Run by `binary.js`.

const { readFileSync, readdirSync } = require('node:fs')

const TIMEOUT_MS = 100
const STALL_MS = 120

const warnings = []
process.on('warning', ({ code }) => warnings.push(code))

main(process.argv[2]).then(told => process.stdout.write(JSON.stringify(told)))

async function main (folder) {
  let CircuitBreaker
  try {
    CircuitBreaker = require(folder)
  } catch (error) {
    return { error: told(error) }
  }
  const file = Object.keys(require.cache).find(path => path.endsWith('.node'))
  try {
    return { file, ...await timeOut(CircuitBreaker) }
  } catch (error) {
    return { file, error: told(error) }
  }
}

// A call that hangs, and a stall of the loop while it waits: its timeout says how much of that
// was taken out, and the thread that tells it can be seen.
async function timeOut (CircuitBreaker) {
  const breaker = new CircuitBreaker(() => new Promise(() => {}), { timeout: TIMEOUT_MS })
  const told = breaker.fire().then(() => undefined, error => error)
  await new Promise(resolve => setImmediate(resolve))
  const until = performance.now() + STALL_MS
  while (performance.now() < until);
  const thread = threadNamed('didelphis')
  const { code, stalled } = await told
  breaker.shutdown()
  return { code, thread, hasThread: !warnings.includes('DIDELPHIS_NO_THREAD'), stallMs: STALL_MS, forgivenMs: stalled }
}

// On Linux threads have names that can be read.
function threadNamed (name) {
  try {
    return readdirSync('/proc/self/task').find(id => readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim() === name)
  } catch {
    return undefined
  }
}

function told ({ cause, code, message }) {
  return { message, code, cause: cause && { message: cause.message, code: cause.code } }
}
