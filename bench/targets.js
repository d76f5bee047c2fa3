'use strict'

// What ours is to reach, measured by a peer or by itself in the same run.

const { COCKATIEL_ALONE, FLOOR, OURS, RIVAL, WEBASSEMBLY } = require('./contestants')
const { digits } = require('./print')

const timesFaster = peer => by => by[peer]?.ratio.median
const timesSlower = peer => by => 1 / by[peer]?.ratio.median
const wasmTimesFaster = by => by[RIVAL]?.ratio.median / by[WEBASSEMBLY]?.ratio.median
const growth = by => by[OURS].growth.median
const value = by => by[OURS].value

// A burst costs O(1) a call or ten times as much as a peer's: no machine makes that up, so
// it is held to by every check.
const burst = ['50000', '200000', '50000-with-work', '200000-with-work'].map(key => ({
  row: `burst/${key}`, than: `times faster than ${RIVAL}`, of: timesFaster(RIVAL), least: 1, always: true
}))

const TARGETS = [
  { row: 'success/in-turn', than: `times faster than ${RIVAL}`, of: timesFaster(RIVAL), least: 5 },
  { row: 'success/in-turn', than: `times faster than ${COCKATIEL_ALONE}`, of: timesFaster(COCKATIEL_ALONE), least: 1 },
  { row: 'success/in-turn', than: `times the ${FLOOR}`, of: timesSlower(FLOOR), most: 1.6 },
  { row: 'success/in-turn', than: `times faster than ${RIVAL}, its WebAssembly`, of: wasmTimesFaster, least: 2.5 },
  { row: 'success/in-turn', than: 'times the addon, its WebAssembly', of: by => by[WEBASSEMBLY]?.ratio.median, most: 1.7 },
  { row: 'success/at-once/100', than: `times faster than ${RIVAL}`, of: timesFaster(RIVAL), least: 3.5 },
  { row: 'success/breakers/1000', than: 'times what one takes', of: growth, most: 1.5 },
  { row: 'refusal/open', than: `times faster than ${RIVAL}`, of: timesFaster(RIVAL), least: 8 },
  { row: 'failure/window/100000', than: `times faster than ${RIVAL}`, of: timesFaster(RIVAL), least: 1_000 },
  { row: 'failure/window/1000000', than: 'times what it takes with none', of: growth, most: 1.5 },
  { row: 'stats/read/100000', than: `times faster than ${RIVAL}`, of: timesFaster(RIVAL), least: 1_000 },
  { row: 'stats/read/1000000', than: 'times what it takes with none', of: growth, most: 1.5 },
  { row: 'idle/share', than: '%', of: by => value(by) * 100, most: 0.5 },
  { row: 'memory/heap', than: 'KB', of: by => value(by) / 1e3, most: 4.5 },
  { row: 'memory/resident', than: 'KB', of: by => value(by) / 1e3, most: 4.5 },
  { row: 'memory-full/heap', than: 'KB', of: by => value(by) / 1e3, most: 16 },
  { row: 'memory-full/resident', than: 'KB', of: by => value(by) / 1e3, most: 16 },
  { row: 'hour/growth', than: 'times what it was', of: value, most: 1.1 },
  { row: 'lateness/p99', than: 'ms', of: value, most: 0.5 },
  ...burst
]

/** The targets of which there are results, each met or not; `always`: to be met in every check. */
function judged (rows) {
  return TARGETS.flatMap(({ row: id, than, of, least = -Infinity, most = Infinity, always = false }) => {
    const row = rows.find(row => row.id === id)
    const measured = row && of(row.by)
    if (measured === undefined || isNaN(measured)) return []
    return [{
      what: `${row.what}: ${than}`,
      target: least > 0 ? `≥ ${least}` : `≤ ${most}`,
      measured: measured < 10 ? measured.toFixed(2) : digits(measured),
      always,
      met: measured >= least && measured <= most
    }]
  })
}

module.exports = { judged }
