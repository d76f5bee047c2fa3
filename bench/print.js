'use strict'

// The results as text: a plain table, the table of the README, or JSON.

const os = require('node:os')

const host = {
  node: process.versions.node,
  cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
  os: `${os.type()} ${os.release()} ${os.arch()}`
}

function json (results) {
  return JSON.stringify({ ...host, results }, null, 2)
}

function plain (results, columns) {
  const rows = table(results, columns, ({ median, min, max }) => `${digits(median)}  (${digits(min)} to ${digits(max)})`)
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)))
  const pad = (cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])
  const lines = rows.map(row => row.map(pad).join('   '))
  return [...lines, '', hostLine()].join('\n')
}

function markdown (results, columns) {
  const [head, ...rows] = table(results, columns, ({ median }) => digits(median))
  const rule = head.map((_, column) => column === 0 ? '---' : '---:')
  return [...[head, rule, ...rows].map(row => `| ${row.join(' | ')} |`), '', hostLine()].join('\n')
}

module.exports = { json, markdown, plain }

// The first line names the columns. Of the ratios only that of the rival is shown.
function table (results, { names, rival }, showRatio) {
  return [
    ['what', ...names, 'times faster'],
    ...results.map(({ what, by }) => [
      what,
      ...names.map(name => by[name] ? span(by[name].nanos) : '–'),
      by[rival] ? showRatio(by[rival].ratio) : '–'
    ])
  ]
}

function hostLine () {
  return `Node ${host.node}, ${host.cpu}, ${host.os}`
}

function span (nanos) {
  if (nanos < 1e3) return `${digits(nanos)} ns`
  return nanos < 1e6 ? `${digits(nanos / 1e3)} µs` : `${digits(nanos / 1e6)} ms`
}

// Two digits, or as many as stand before the point.
function digits (number) {
  return number < 10 ? number.toFixed(1) : Math.round(number).toLocaleString('en')
}
