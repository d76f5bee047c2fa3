'use strict'

// What was found, as text: tables for people, and the same as Markdown for docs/overload.md.

const { canDo, figuresOf, recovery, secondsOf, slotsIn } = require('./figures')

const COLUMNS = {
  flood: ['answered in time', 'of what it can do', 'refused', 'timed out', 'p50', 'p99', 'limit in the end', 'well again after s'],
  shift: ['answered in time', 'refused', 'timed out', 'of those made', 'p50', 'p99', 'slow class answered', 'timeout in the end']
}

/** A table for each phase of a run. */
function tables (run) {
  const { load, of } = run
  const columns = COLUMNS[of]
  return load.phases.map(({ name, seconds, ...phase }, i) => {
    const rows = run.guards.map(guard => [guard.name, ...rowOf(run, guard, i)])
    return { title: `${name}, ${seconds} s, ${asked(run, phase)}`, columns: ['', ...columns], rows }
  })
}

function markdown (run) {
  const row = cells => `| ${cells.join(' | ')} |`
  return tables(run).map(({ title, columns, rows }) => [
    `### ${title[0].toUpperCase()}${title.slice(1)}`, '',
    row(columns), row(columns.map((_, i) => i === 0 ? '---' : '--:')), ...rows.map(row), ''
  ].join('\n')).join('\n')
}

function text (run) {
  return tables(run).map(({ title, columns, rows }) => {
    const lines = [columns, ...rows].map(cells => cells.map((cell, i) => i === 0 ? cell.padEnd(42) : cell.padStart(columns[i].length)).join('  '))
    return [title, ...lines, ''].join('\n')
  }).join('\n')
}

function claims (found) {
  return found.map(({ what, found, holds }) => `${holds ? 'holds   ' : 'DOES NOT'}  ${what}: ${found}`).join('\n')
}

module.exports = { claims, markdown, text }

function asked ({ guards }, { rate, share }) {
  const each = guards.map(({ capacity }) => rate ?? share * capacity)
  const [least, most] = [Math.min(...each), Math.max(...each)].map(Math.round)
  return `${least === most ? least : `${least} to ${most}`} calls a second`
}

function rowOf (run, guard, phase) {
  const of = figuresOf(secondsOf(run, guard, phase))
  const losses = [number(of.refused), number(of.timedOut + of.failed)]
  const latencies = [number(of.p50), number(of.p99)]
  if (run.of === 'flood') {
    const { load } = run
    const isOver = phase > 0 && load.phases[phase].share === load.phases[0].share && slotsIn(load, phase) === load.slots
    return [
      number(of.goodput), percent(of.goodput / canDo(run, guard, phase), 0), ...losses, ...latencies, number(of.limit),
      number(isOver ? recovery(run, guard, phase) : NaN)
    ]
  }
  return [number(of.goodput), ...losses, percent(of.timedOutShare, 2), ...latencies, percent(of.slowShare, 0), number(of.timeout)]
}

// Nothing where there is nothing: no median of no latencies.
function number (value) {
  return Number.isFinite(value) ? value.toFixed(0) : '—'
}

function percent (share, digits) {
  return Number.isFinite(share) ? `${(100 * share).toFixed(digits)} %` : '—'
}
