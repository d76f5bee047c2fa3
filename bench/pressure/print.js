'use strict'

// What was found, as text.

const os = require('node:os')
const { SINGLES, STORMS } = require('./matrix')

const COLUMNS = ['calls', 'false timeouts', 'false openings', 'missed', 'late, ms']

function name ({ answer, early, length, phase, piece, share, timeout, transport, worker }) {
  return [
    phase, `${length} ms`, early ? 'at once' : 'under way', transport, answer > 10 ? '2 MB' : '10 B',
    `${Math.round(timeout * share)} of ${timeout} ms`, worker ? 'worker' : 'main', ...(piece ? [`pieces to ${piece}`] : [])
  ].join(', ')
}

/** A line of the matrix. Numbers are those of didelphis and of opossum. */
function cell (cell, first) {
  const [ours, theirs] = cell.results
  const both = key => `${ours[key]} / ${theirs[key]}`
  const row = [
    `${ours.judged} + ${ours.hung}`, both('falsely'), both('opened'), both('missed'),
    `${spread(ours.late)} / ${spread(theirs.late)}`
  ]
  const head = first ? [HEAD, ''] : []
  return [...head, `${name(cell).padEnd(NAME)}  ${row.map((text, i) => text.padStart(WIDTHS[i])).join('  ')}`].join('\n')
}

function experiment ({ cells, outages, seconds, shares }) {
  const sum = (place, key) => cells.reduce((sum, { results }) => sum + results[place][key], 0)
  const total = place => `${sum(place, 'falsely')} false timeouts of ${sum(place, 'judged')} answered calls, ` +
    `${sum(place, 'opened')} false openings, ${sum(place, 'missed')} of ${sum(place, 'hung')} true timeouts missed`
  const delayed = place => `${sum(place, 'delayedLate')} of ${sum(place, 'delayed')}`
  return [
    '',
    'In each column: didelphis / opossum. Calls: answered in time + hanging. Late: how long after its deadline, in',
    'loop time, a true timeout was told; median and greatest.',
    '',
    `didelphis  ${total(0)}`,
    `opossum    ${total(1)}`,
    '',
    'Not in the matrix: calls that the backend would have answered in time, had the loop not been late with the request',
    `itself, in pieces too short for a stall. Timed out: didelphis ${delayed(0)}, opossum ${delayed(1)}`,
    '',
    'A real outage: ms from its beginning to `open`, in loop time; and with the loop stalled for 100 of every 200 ms',
    ...Object.entries(outages).map(([name, { free, stalled, ratio }]) =>
      `${name.padEnd(9)}  ${show(free)}, stalled ${show(stalled)}: ${ratio.toFixed(2)} times`),
    '',
    'Loop time in each library, by V8\'s sampling profiler: µs a call, and share of the time the loop was busy with',
    'anything but the pressure',
    ...shares.map(share => `${share.phase.padEnd(9)}  ${shareOf(share).join(', ')}`),
    '',
    `${hostLine()}; ${Math.round(seconds)} s`
  ].join('\n')
}

function shareOf ({ results, took }) {
  const { idle, 'the pressure': pressure, ...work } = took
  const all = Object.values(work).reduce((a, b) => a + b)
  return results.map(({ name, calls }) => {
    const ms = work[name] ?? 0
    return `${name} ${(ms * 1000 / calls).toFixed(1)} µs (${(100 * ms / all).toFixed(1)} %)`
  })
}

function sweep ({ thresholds }) {
  const of = (cells, place) => {
    const results = cells.map(({ results }) => results[place])
    const count = (...keys) => keys.reduce((sum, key) => sum + results.reduce((sum, result) => sum + result[key], 0), 0)
    const falsely = `${count('falsely', 'delayedLate')} of ${count('judged', 'delayed')}`
    return (falsely.padStart(11) + spread(results.flatMap(({ after }) => after)).padStart(11)).padStart(SWEPT)
  }
  const columns = [
    ...STORMS.map(piece => [`storm to ${piece} ms`, cells => cells.filter(cell => cell.piece === piece)]),
    ...SINGLES.map(length => [`one of ${length} ms`, cells => cells.filter(cell => !cell.piece && cell.length === length)])
  ]
  const line = (head, pick) => [head.padEnd(15), ...pick].join('')
  const lines = thresholds.map(({ stallThreshold, cells }) =>
    line(`${stallThreshold} ms`, columns.map(([, pick]) => of(pick(cells), 0))))
  const theirs = thresholds.flatMap(({ cells }) => cells)
  return [
    'By stallThreshold: calls that timed out though the backend took less than their timeout; and how long after the',
    'deadline, by the wall clock, a true timeout is told (ms; median and greatest). A storm is a loop that is always busy,',
    'in pieces of random length; the others are single stalls.',
    '',
    line('stallThreshold', columns.map(([head]) => head.padStart(SWEPT))),
    ...lines,
    line('opossum', columns.map(([, pick]) => of(pick(theirs), 1))),
    '', hostLine()
  ].join('\n')
}

/** Medians of the outages, and how much longer they took under stalls. */
function ratios ({ free, stalled }) {
  const of = (runs, name) => median(runs.map(run => run[name]?.loop ?? NaN))
  return Object.fromEntries(Object.keys(free[0]).map(name => {
    const [a, b] = [of(free, name), of(stalled, name)]
    return [name, { free: a, stalled: b, ratio: b / a }]
  }))
}

function json (found) {
  return JSON.stringify({ host: hostLine(), ...found }, null, 2)
}

module.exports = { cell, experiment, hostLine, json, name, ratios, sweep }

const SWEPT = 23
const NAME = 72
const WIDTHS = COLUMNS.map(column => Math.max(column.length, 9))
WIDTHS[4] = 23
const HEAD = `${'phase, length, begun, transport, answer, answered after, thread'.padEnd(NAME)}  ` +
  COLUMNS.map((column, i) => column.padStart(WIDTHS[i])).join('  ')

function spread (numbers) {
  return numbers.length ? `${show(median(numbers))} ${show(Math.max(...numbers))}` : '–'
}

function median (numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
}

const show = number => number.toFixed(0)

function hostLine () {
  return `Node ${process.versions.node}, ${os.cpus()[0]?.model.trim() ?? 'unknown'}, ${os.cpus().length} cores, ${os.type()} ${os.release()} ${os.arch()}`
}
