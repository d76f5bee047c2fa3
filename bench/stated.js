'use strict'

// What docs/performance.md states: its table, and beside it the ratios, to which `--check`
// holds later runs. Both are written by the bench.

const { readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { OURS, NAMES, RIVAL } = require('./contestants')
const { digits, hostLine, markdown } = require('./print')

const PAGE = join(__dirname, '..', 'docs', 'performance.md')
const STATED = join(__dirname, 'stated.json')
const [BEGIN, END] = ['<!-- bench -->', '<!-- /bench -->']

// The rows of the table. The ratios of those that are nanoseconds are held to.
const ROWS = [
  'success/in-turn', 'success/at-once/100', 'refusal/open', 'failure/window/100000', 'stats/read/100000',
  'memory/resident', 'memory-full/resident', 'idle/share', 'lateness/p99', 'server/rate'
]
const COLUMNS = NAMES.filter(name => /unguarded|cockatiel \d+$|opossum|didelphis/.test(name))

// Of what is stated; a machine that others use varies by so much.
const SHARE = 0.75

/** Writes the table, and the ratios of this version of Node. */
function writeStated (rows) {
  const chosen = ROWS.map(id => rows.find(row => row.id === id) ?? missing(id))
  const text = readFileSync(PAGE, 'utf8')
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (before < 0 || after < before) throw new Error(`docs/performance.md has no ${BEGIN} followed by ${END}`)
  const table = `${markdown(chosen, COLUMNS)}\n\nMedians of paired rounds: ${hostLine()}.\n`
  writeFileSync(PAGE, `${text.slice(0, before + BEGIN.length)}\n${table}${text.slice(after)}`)

  const ratios = chosen.filter(({ unit, by }) => unit === 'nanos' && by[RIVAL])
    .map(({ id, by }) => [id, Number(by[RIVAL].ratio.median.toPrecision(2))])
  writeFileSync(STATED, `${JSON.stringify({ ...stated(), [MAJOR]: Object.fromEntries(ratios) }, null, 2)}\n`)
}

/** What of the rows is too slow for what is stated of this version of Node: messages. */
function tooSlow (rows) {
  const ratios = stated()[MAJOR]
  if (!ratios) return [`nothing is stated of Node ${MAJOR}: run "npm run bench -- --state" with it`]
  return Object.entries(ratios).flatMap(([id, ratio]) => {
    const [group] = id.split('/')
    // Groups may have been chosen.
    if (!rows.some(row => row.group === group)) return []
    const row = rows.find(row => row.id === id) ?? missing(id)
    const { median } = row.by[RIVAL].ratio
    const floor = ratio * SHARE
    return median < floor ? [`${row.what}: ${OURS} is ${digits(median)} times faster than ${RIVAL}, not ${digits(floor)}`] : []
  })
}

module.exports = { tooSlow, writeStated }

const [MAJOR] = process.versions.node.split('.')

function missing (id) {
  throw new Error(`${id} has not been measured, but is stated in docs/performance.md`)
}

function stated () {
  return JSON.parse(readFileSync(STATED, 'utf8'))
}
