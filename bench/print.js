'use strict'

// Results as text: tables, and JSON.

const os = require('node:os')
const { NAMES, OURS, RIVAL } = require('./contestants')

const HOST = {
  node: process.versions.node,
  cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
  cores: os.availableParallelism(),
  os: `${os.type()} ${os.release()} ${os.arch()}`
}

function json (rows, targets) {
  return JSON.stringify({ ...HOST, rows, targets }, null, 2)
}

/** A table of the rows of a group, for reading on a terminal. */
function plain (rows) {
  return aligned(table(rows, { spread: true }))
}

/** Which targets are met. */
function targets (judgements) {
  return aligned([
    [`targets of ${OURS}`, 'target', 'measured', ''],
    ...judgements.map(({ what, target, measured, met }) => [what, target, measured, met ? 'met' : 'missed'])
  ])
}

/** A table of some rows, whatever their group. */
function markdown (rows, names = NAMES) {
  const [head, ...lines] = table(rows, { names })
  const rule = head.map((_, column) => column === 0 ? '---' : '---:')
  return [head, rule, ...lines].map(line => `| ${line.join(' | ')} |`).join('\n')
}

function hostLine () {
  return `Node ${HOST.node}, ${HOST.cpu}, ${HOST.cores} cores, ${HOST.os}`
}

/** Two digits, or as many as stand before the point. */
function digits (number) {
  return Math.abs(number) < 10 ? number.toFixed(1) : Math.round(number).toLocaleString('en')
}

module.exports = { digits, hostLine, json, markdown, plain, targets }

// The first line names the columns: those who took part and, where that makes sense, how
// many times better ours did than the rival. Less is better, but of requests.
function table (rows, { names = NAMES.filter(name => rows.some(({ by }) => by[name])), spread }) {
  const showRatio = ({ median, min, max }) => spread ? `${digits(median)}  (${digits(min)} to ${digits(max)})` : digits(median)
  return [
    ['what', ...names, 'times better'],
    ...rows.map(({ what, unit, by }) => [
      what,
      ...names.map(name => by[name] ? UNITS[unit](by[name].value) : '–'),
      by[RIVAL] && COMPARED.includes(unit) ? showRatio(better(unit, by)) : '–'
    ])
  ]
}

function better (unit, { [RIVAL]: { ratio } }) {
  return unit === 'rate' ? { median: 1 / ratio.median, min: 1 / ratio.max, max: 1 / ratio.min } : ratio
}

const COMPARED = ['nanos', 'bytes', 'rate']

const UNITS = {
  nanos: nanos => nanos < 1e3 ? `${digits(nanos)} ns` : nanos < 1e6 ? `${digits(nanos / 1e3)} µs` : `${digits(nanos / 1e6)} ms`,
  bytes: bytes => bytes < 1e6 ? `${digits(bytes / 1e3)} KB` : `${digits(bytes / 1e6)} MB`,
  ms: ms => `${ms.toFixed(2)} ms`,
  share: share => `${digits(share * 100)} %`,
  times: times => times.toFixed(2),
  rate: digits,
  count: digits
}

function aligned (lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map(line => line[column].length)))
  const pad = (cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])
  return lines.map(line => line.map(pad).join('   ').trimEnd()).join('\n')
}
