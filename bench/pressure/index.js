'use strict'

// Whom do timeouts blame when the event loop is under pressure? opossum and didelphis
// side by side, at a backend that no stall reaches:
//
//   npm run experiment -- [--quick | --sweep] [--json] [--check] [--chart file.svg] [--stall-threshold ms]
//   npm run experiment -- --phases all [--quick] [--cells text] [--jobs n] [--check] [--chart file.svg]
//
// The phases are those whose pressure lasts: saturated, server, throttled, frozen, profiled and
// heartbeat, of which some can be named, with commas between them, and cells by a part of their
// name. `--check` fails unless didelphis blamed nobody falsely, missed nothing and was in time.

const { writeFileSync } = require('node:fs')
const { parseArgs } = require('node:util')
const { chart } = require('./chart')
const { Host } = require('./host')
const { runPhases } = require('./loops')
const { matrix, quickMatrix, shareCells, sweepCells } = require('./matrix')
const print = require('./print')

const THRESHOLDS = [10, 20, 50, 100, 200]

// How much longer, in loop time, an outage may take to be seen under stalls.
const OUTAGE_LIMIT = 1.1

main(parseArgs({
  options: {
    cells: { type: 'string' },
    chart: { type: 'string' },
    check: { type: 'boolean' },
    jobs: { type: 'string' },
    json: { type: 'boolean' },
    phases: { type: 'string' },
    quick: { type: 'boolean' },
    'stall-threshold': { type: 'string' },
    sweep: { type: 'boolean' }
  }
}).values)

async function main (flags) {
  const stallThreshold = Number(flags['stall-threshold'] ?? 50)
  const host = await new Host().start()
  try {
    if (flags.phases) {
      const jobs = Number(flags.jobs ?? 1)
      const messages = await runPhases(host, { ...flags, jobs }, { hostLine: print.hostLine(), options: { stallThreshold } })
      return complain(flags.check ? messages : [])
    }
    const found = flags.sweep ? await sweep(host) : await experiment(host, flags, { stallThreshold })
    console.log(flags.json ? print.json(found) : flags.sweep ? print.sweep(found) : print.experiment(found))
    if (flags.chart) writeFileSync(flags.chart, chart(found.cells))
    complain(flags.check ? wrong(found) : [])
  } finally {
    host.end()
  }
}

function complain (messages) {
  for (const message of messages) {
    console.error(message)
    process.exitCode = 1
  }
}

async function experiment (host, { json, quick }, options) {
  const began = Date.now()
  const cells = []
  for (const cell of quick ? quickMatrix() : matrix()) {
    cells.push({ ...cell, ...await host.run('cell', cell, options) })
    if (!json) console.log(print.cell(cells.at(-1), cells.length === 1))
  }
  const outages = { free: [], stalled: [] }
  for (let i = 0; i < (quick ? 3 : 5); i++) {
    for (const stalled of [false, true]) {
      const task = { run: `outage${i}${stalled}`, stalled }
      outages[stalled ? 'stalled' : 'free'].push(await host.run('outage', task, options))
    }
  }
  const shares = []
  for (const cell of shareCells(quick ? 1000 : 5000)) {
    shares.push({ ...cell, ...await host.run('cell', cell, options) })
  }
  return { seconds: (Date.now() - began) / 1000, cells, outages: print.ratios(outages), shares }
}

async function sweep (host) {
  const thresholds = []
  for (const stallThreshold of THRESHOLDS) {
    const cells = []
    for (const cell of sweepCells(2500)) cells.push({ ...cell, ...await host.run('cell', cell, { stallThreshold }) })
    thresholds.push({ stallThreshold, cells })
  }
  return { thresholds }
}

// What must not be, of didelphis.
function * wrong ({ cells, outages }) {
  for (const { results: [ours], ...cell } of cells) {
    const { errors, falsely, missed, opened } = ours
    if (falsely + opened + missed + errors.length === 0) continue
    yield `${print.name(cell)}: ${falsely} false timeouts, ${opened} false openings, ${missed} missed, errors: ${errors}`
  }
  if (!cells.some(({ results: [, theirs] }) => theirs.falsely > 0)) yield 'the experiment has no teeth'
  const { ratio } = outages.didelphis
  if (!(ratio <= OUTAGE_LIMIT)) yield `an outage took ${ratio} times longer to be seen under stalls`
}
