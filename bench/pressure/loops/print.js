'use strict'

// What the phases found, as text: a table for each.

const { wrong } = require('./verdict')

/** What a cell is, in words. */
function name (cell) {
  const { backend, legs, library, node, phase, share, timeout, transport, warm, worker } = cell
  return [
    NAMES[phase](cell),
    backend === 'hangs' ? `hangs, ${timeout} ms` : `${Math.round(timeout * share)} of ${timeout} ms`,
    transport,
    ...(legs > 1 ? [`${legs} legs`] : []),
    ...(warm ? ['warm'] : []),
    ...(worker ? ['worker'] : []),
    ...(node ? [node < 100 ? `Node ${node}` : node] : []),
    ...(library === 'both' ? [] : [library])
  ].join(', ')
}

const NAMES = {
  saturated: ({ turn, rest }) => `turns of ${turn} ms, rest ${rest}`,
  server: ({ load, page }) => `pages of ${page} ms, ${load.share ? `load of ${load.share * 100} %` : `clients: ${load.clients}`}`,
  throttled: ({ loop, throttle }) => `stopped ${throttle.stopped} of ${throttle.every} ms, ${loop}`,
  frozen: ({ freeze, loop }) => `stopped for ${freeze.stopped} ms, ${loop}`,
  profiled: ({ loop, profiler }) => `${sampling(profiler)}, ${loop}`
}

function sampling (profiler) {
  if (typeof profiler === 'string') return `--${profiler}`
  return profiler % 1000 === 0 ? `every ${profiler / 1000} ms` : `at ${Math.round(1e6 / profiler)} Hz`
}

/** A line of the table of a phase; what is not as it should be stands below. */
function line (cell, heading) {
  const { error, results } = cell
  const head = heading ? ['', row(heading, COLUMNS)] : []
  if (error) return [...head, row(name(cell), [error])].join('\n')
  const both = show => results.map(show).join(' / ')
  const hangs = cell.backend === 'hangs'
  const late = result => result.late.length ? `${median(result.late)} ${Math.max(...result.late).toFixed(0)}` : '–'
  const bound = results[0].bound
  return [...head, row(name(cell), [
    hangs ? both(({ hung }) => hung) : both(({ judged }) => judged),
    hangs ? '' : both(({ falsely }) => falsely),
    hangs ? '' : both(({ opened }) => opened),
    hangs ? both(({ missed }) => missed) : '',
    hangs ? both(late) : '',
    bound.length ? Math.max(...bound).toFixed(0) : '',
    cell.phase === 'server' && hangs ? both(({ found }) => found === undefined ? 'never' : found.toFixed(0)) : ''
  ]), ...wrong(cell).map(text => `  ^ ${text}`)].join('\n')
}

/** The sums of what was run. */
function summary (cells) {
  const sum = (place, key) => cells.reduce((sum, { results }) => sum + (results?.[place]?.[key] ?? 0), 0)
  const total = place => `${sum(place, 'falsely')} false timeouts of ${sum(place, 'judged')} answered calls, ` +
    `${sum(place, 'opened')} false openings, ${sum(place, 'missed')} of ${sum(place, 'hung')} true timeouts missed`
  const late = cells.filter(({ results }) => results?.[0].over.some(ms => ms > 0))
  return [
    '',
    'In each column: didelphis / opossum. Calls: answered in time, or hanging. Late: how long after its timeout, by the wall',
    'clock, a true timeout was told; median and greatest. Bound: the greatest that is allowed to ours. Found: after how many ms',
    'the circuit was open.',
    '',
    `didelphis  ${total(0)}; in ${late.length} of ${cells.length} cells told too late`,
    `opossum    ${total(1)}`
  ].join('\n')
}

module.exports = { line, name, summary }

const COLUMNS = ['calls', 'false', 'openings', 'missed', 'late, ms', 'bound', 'found, ms']
const WIDTHS = [9, 9, 9, 9, 23, 6, 13]
const NAME = 78

function row (name, columns) {
  return `${name.padEnd(NAME)}  ${columns.map((text, i) => text.padStart(WIDTHS[i])).join('  ')}`.trimEnd()
}

function median (numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1].toFixed(0)
}
