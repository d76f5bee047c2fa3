'use strict'

// The whole system in one command: for each breaker a backend, the proxy, pressure in
// stages and a load test, and then what came of it, side by side.

const { mkdir, writeFile } = require('node:fs/promises')
const { join, relative } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { BREAKERS } = require('./lib/breaker')
const chart = require('./lib/chart')
const Children = require('./lib/children')
const { ask, setPressure } = require('./lib/client')
const { number, numbers, one, range, readOptions, some } = require('./lib/options')
const { PHASES } = require('./lib/pressure')
const { summarize, table } = require('./lib/summary')
const picture = require('./lib/terminal')

const options = readOptions('compare', {
  breaker: { help: 'opossum, didelphis, or both', value: BREAKERS.join(), read: some(...BREAKERS) },
  stages: { help: 'stalls of the stages, ms, one stage after another', value: '0,100,600', read: numbers },
  every: { help: 'pauses between stalls, shortest and longest, ms', value: '1000-2000', read: range },
  phase: { help: `where in the loop's turn: ${PHASES.join(', ')}`, value: 'io', read: one(...PHASES) },
  seconds: { help: 'how long a stage lasts', value: '20', read: number(1) },
  rate: { help: 'requests a second', value: '40', read: number(1) },
  seed: { help: 'where the chances begin', value: '1', read: number() },
  out: { help: 'where chart.svg and results.json go', value: join(__dirname, 'results') }
})

const children = new Children()

async function main () {
  const runs = []
  for (const breaker of options.breaker) {
    console.log(`${breaker}:`)
    runs.push(await run(breaker))
    await children.stop()
  }
  console.log(`\n${runs.map(run => picture(run, isColoured())).join('\n\n')}`)
  console.log(`\n${table(runs)}\n`)
  await write('chart.svg', chart(runs))
  await write('results.json', `${JSON.stringify(runs.map(({ breaker, summary }) => ({ breaker, ...summary })), null, 2)}\n`)
  const failed = runs.flatMap(complaints)
  for (const complaint of failed) console.error(`compare failed: ${complaint}`)
  if (failed.length > 0) process.exitCode = 1
}

/** Runs the system with one breaker; what it left behind, and that in numbers. */
async function run (breaker) {
  const { every, phase, rate, seconds, seed } = options
  const backend = await children.start('backend.js', '--port', 0, '--seed', seed)
  const proxy = await children.start('proxy.js', '--port', 0, '--backend', backend.url, '--breaker', breaker)
  const load = await children.start('load-test.js', '--proxy', proxy.url, '--rate', rate,
    '--seconds', options.stages.length * seconds)
  const loaded = load.next()
  for (const [i, stall] of options.stages.entries()) {
    console.log(`  ${stall > 0 ? `stalls of ${stall} ms, after every ${every.join(' to ')} ms` : 'no pressure'}, for ${seconds} s`)
    await setPressure(proxy.url, { every, phase, seed: seed + i, stall })
    await Promise.race([sleep(1000 * seconds), children.failure])
  }
  await setPressure(proxy.url, { every, stall: 0 })
  const answered = await loaded
  const journal = await ask(`${proxy.url}/journal`)
  const stages = journal.pressure.slice(0, -1).map(({ at, stall }, i) => ({ stall, from: at, to: journal.pressure[i + 1].at }))
  const result = { breaker, journal, load: answered, stages }
  return { ...result, summary: summarize(result) }
}

/** What must not be, whatever the machine does meanwhile. */
function complaints ({ breaker, load, summary: { outcomes, requests } }) {
  const counted = Object.values(outcomes).reduce((sum, count) => sum + count)
  return [
    load.answers.length === 0 && `${breaker}: the load test got no answers`,
    load.answers.length > requests && `${breaker}: more answers than requests`,
    counted !== requests && `${breaker}: ${requests} requests, but ${counted} outcomes`,
    load.errors > 0 && `${breaker}: ${load.errors} requests got no answer`
  ].filter(Boolean)
}

async function write (name, text) {
  await mkdir(options.out, { recursive: true })
  const path = join(options.out, name)
  await writeFile(path, text)
  console.log(`written: ${relative(process.cwd(), path)}`)
}

function isColoured () {
  return process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
}

let quitting = false

// The first reason counts: what fails because the others are being ended is none.
async function quit (code, message) {
  if (quitting) return
  quitting = true
  console.error(message)
  await children.stop()
  process.exit(code)
}

// A request that fails may be the first sign of a program that has ended.
async function explain (error) {
  const { message } = await Promise.race([children.failure.catch(failure => failure), sleep(500, error)])
  return quit(1, `compare failed: ${message}`)
}

process.once('SIGINT', () => quit(130, 'Interrupted'))
process.once('SIGTERM', () => quit(143, 'Terminated'))

main().catch(explain)
