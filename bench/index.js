'use strict'

// didelphis beside opossum and beside an unguarded call, measured in one run:
//
//   npm run bench -- [--quick] [--json | --markdown] [--check]

const { parseArgs } = require('node:util')
const { cases, contestants } = require('./cases')
const { run } = require('./paired')
const print = require('./print')

// Rounds that count and, before them, rounds that do not; and for how many milliseconds
// each of them runs in and is timed.
const FULL = { rounds: 31, warmUp: 15, runIn: 10, timed: 30 }
const QUICK = { rounds: 15, warmUp: 8, runIn: 5, timed: 15 }

// How many times faster than opossum a case has to be for `--check`: three quarters of
// what the README states, for a machine that others use too.
const FLOORS = {
  'in-turn': 3,
  'at-once': 1.9,
  'failing-100k': 750
}

const [OURS, RIVAL] = contestants.map(({ name }) => name)

main(parseArgs({
  options: {
    check: { type: 'boolean' },
    json: { type: 'boolean' },
    markdown: { type: 'boolean' },
    quick: { type: 'boolean' }
  }
}).values)

async function main ({ check, json, markdown, quick }) {
  if (!globalThis.gc) throw new Error('run it as "npm run bench", or with --expose-gc')
  const results = []
  for (const { id, what, ...steps } of cases) {
    if (process.stderr.isTTY) console.error(`${what} ...`)
    results.push({ id, what, by: await run(steps, contestants, quick ? QUICK : FULL) })
  }
  const write = json ? print.json : markdown ? print.markdown : print.plain
  console.log(write(results, { names: contestants.map(({ name }) => name).reverse(), rival: RIVAL }))
  for (const message of check ? tooSlow(results) : []) {
    console.error(message)
    process.exitCode = 1
  }
}

function tooSlow (results) {
  return Object.entries(FLOORS).flatMap(([id, floor]) => {
    const { what, by } = results.find(result => result.id === id)
    const { median } = by[RIVAL].ratio
    return median < floor ? [`${what}: ${OURS} is ${median.toFixed(1)} times faster than ${RIVAL}, not ${floor}`] : []
  })
}
