'use strict'

// didelphis beside opossum and beside an unguarded call, measured in one run:
//
//   npm run bench -- [--quick] [--json | --markdown] [--check]

const { parseArgs } = require('node:util')
const { cases, contestants } = require('./cases')
const { run } = require('./paired')
const print = require('./print')

const FULL = { rounds: 31, warmUp: 8, ms: 30 }
const QUICK = { rounds: 11, warmUp: 4, ms: 20 }

// How many times faster than opossum a case has to be for `--check`.
const FLOORS = {
  'in-turn': 4,
  'at-once': 3,
  'failing-100k': 1000
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
  for (const one of cases) {
    const { id, what } = one
    if (process.stderr.isTTY) process.stderr.write(`${what} ...\n`)
    results.push({ id, what, by: await run(one, contestants, quick ? QUICK : FULL) })
  }
  const write = json ? print.json : markdown ? print.markdown : print.plain
  console.log(write(results, { names: contestants.map(({ name }) => name).reverse(), rival: RIVAL }))
  if (check) for (const defect of tooSlow(results)) complain(defect)
}

function tooSlow (results) {
  return Object.entries(FLOORS).flatMap(([id, floor]) => {
    const { what, by } = results.find(result => result.id === id)
    const { median } = by[RIVAL].ratio
    return median < floor ? [`${what}: ${OURS} is ${median.toFixed(1)} times faster than ${RIVAL}, not ${floor}`] : []
  })
}

function complain (message) {
  console.error(message)
  process.exitCode = 1
}
