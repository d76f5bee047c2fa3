'use strict'

// One cell by hand, or for the runner:
//
//   node bench/pressure/loops/cell.js '{"phase":"saturated","turn":70,"rest":10,"timeout":500,"backend":"hangs"}'
//
// prints what became of it as JSON. A cell says what it is by:
//
//   phase      saturated, server, throttled, frozen, profiled: sets what follows from it
//   loop       idle, busy (turns of `turn` ms with `rest` ms between them) or stalling (one of `turn` ms now and then)
//   throttle   { stopped, every }: the process is stopped for a part of every period
//   freeze     { stopped, after, rounds }: it is stopped, so long after calls were fired
//   profiler   µs between samples, or 'cpu-prof' or 'prof' for node's own flags
//   node       the version of Node.js, 'bun' or 'deno', if another one
//   backend    answers (after `share` of the timeout) or hangs
//   timeout, legs, warm (ms of pressure before the first call), worker, transport
//   budget     ms in which calls are fired, `gust` at once, `every` so many ms
//   load       of a server: { clients } or { share }, of what it can do; its pages take `page` ms
//   library    didelphis, opossum or both, side by side in one loop
//   apart      each of both in a process of its own, at once
//   forgiven   how many stalls and suspensions a call leaves out, at most

const { Host } = require('../host')
const { commandOf } = require('./runtimes')

const DEFAULTS = {
  loop: 'idle',
  turn: 0,
  rest: 0,
  backend: 'answers',
  timeout: 500,
  share: 0.4,
  legs: 1,
  warm: 0,
  worker: false,
  transport: 'net',
  budget: 2000,
  gust: 1,
  library: 'both',
  apart: false,
  forgiven: 8,
  seed: 1
}

const PHASES = {
  saturated: { loop: 'busy' },
  server: { page: 60, load: { clients: 4 }, transport: 'fresh', share: 0.2, lasts: 5000, limit: 30_000, apart: true },
  throttled: { throttle: { stopped: 80, every: 100 }, turn: 5 },
  frozen: { freeze: { stopped: 3000, after: 100, rounds: 2 }, gust: 4 },
  profiled: { profiler: 10_000, transport: 'http' }
}

let runs = 0

/** A cell with all that it leaves to be understood. */
function complete (cell) {
  return { run: `cell${process.pid}x${runs++}`, ...DEFAULTS, ...PHASES[cell.phase], ...cell }
}

/** Runs a cell in a process of its own, or in two. */
async function runIn (host, cell, options) {
  if (cell.apart && cell.library === 'both') return inTwo(host, cell, options)
  const { execPath, execArgv } = commandOf(cell.node)
  const found = await host.run(cell.phase === 'server' ? 'server' : 'pressed', cell, options, {
    execPath, execArgv: [...execArgv, ...(FLAGS[cell.profiler]?.(host.directory) ?? [])], limit: 120_000
  })
  return { ...cell, ...found }
}

async function inTwo (host, cell, options) {
  const begin = library => runIn(host, { ...cell, run: cell.run + library, library }, options)
  // A server takes a processor for itself.
  const ours = begin('didelphis')
  if (cell.phase === 'server') await ours
  const [found, theirs] = await Promise.all([ours, begin('opossum')])
  return { ...found, run: cell.run, library: 'both', results: [...found.results, ...theirs.results] }
}

const FLAGS = {
  'cpu-prof': directory => ['--cpu-prof', `--cpu-prof-dir=${directory}`],
  prof: directory => ['--prof', `--logfile=${directory}/v8-%p.log`]
}

module.exports = { complete, runIn }

if (require.main === module) main(JSON.parse(process.argv[2] ?? '{}'))

async function main (cell) {
  const host = await new Host().start()
  try {
    const { results, ...rest } = await runIn(host, complete(cell), cell.options)
    console.log(JSON.stringify({ ...rest, results: results.map(summary) }, null, 2))
  } finally {
    host.end()
  }
}

function summary (result) {
  const { late, bound, over, ...rest } = result
  const of = numbers => numbers.length ? numbers.toSorted((a, b) => a - b).map(Math.round) : []
  return { ...rest, late: of(late).join(' '), bound: of(bound).at(-1), over: of(over).at(-1) }
}
