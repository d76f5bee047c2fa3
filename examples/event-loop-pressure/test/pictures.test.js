'use strict'

// The table and the pictures, of a run that never was.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const chart = require('../lib/chart')
const { summarize, table } = require('../lib/summary')
const picture = require('../lib/terminal')

function run (breaker, code) {
  const call = (at, more) => ({ at, took: 10, code: 'OK', answeredAfter: 10, backendFailed: false, ...more })
  const result = {
    breaker,
    journal: {
      calls: [call(100), call(300), call(1500, { took: 500, code, answeredAfter: 100 }), call(2500, { code: 'EOPENBREAKER', answeredAfter: undefined })],
      circuit: [{ at: 2001, name: 'open', failures: 2, fires: 3 }],
      lags: [[100, 0], [1900, 600]],
      pressure: []
    },
    load: { answers: [{ status: 200, ms: 10 }, { status: 200, ms: 30 }, { status: 504, ms: 510 }], errors: 0 },
    stages: [{ stall: 0, from: 0, to: 1000 }, { stall: 600, from: 1000, to: 3000 }]
  }
  return { ...result, summary: summarize(result) }
}

const runs = [run('opossum', 'ETIMEDOUT'), run('didelphis', 'OK')]

test('the table has a row for each number and a column for each run', () => {
  const lines = table(runs).split('\n')
  const cells = title => lines.find(line => line.startsWith(title))?.split(/ {2,}/).slice(-2)
  assert.deepEqual(lines[0].trim().split(/ +/), ['opossum', 'didelphis'])
  assert.deepEqual(cells('requests'), ['4', '4'])
  assert.deepEqual(cells('  good answers'), ['2', '3'])
  assert.deepEqual(cells('  timeouts, false'), ['1', '0'])
  assert.deepEqual(cells('    without pressure'), ['0', '0'])
  assert.deepEqual(cells('    with stalls of 600 ms'), ['1', '0'])
  assert.deepEqual(cells('openings'), ['1', '1'])
  assert.deepEqual(cells('  false'), ['1', '0'])
  assert.deepEqual(cells('  max'), ['30 ms', '30 ms'])
  assert.equal(new Set(lines.map(line => line.length)).size, 1)
})

test('the picture for terminals is as wide as the narrowest of them', () => {
  const lines = picture(runs[0], false).split('\n')
  for (const line of lines) assert.ok(line.length <= 80, line)
  const row = label => lines.find(line => line.includes(label)).slice(20)
  assert.match(row('circuit'), /^━{40}╌{20}$/)
  assert.match(row('FALSE timeouts'), /^ {40}█ {19}$/)
  assert.match(row('no pressure'), /^\|no pressure {8}\|stalls 600 ms/)
})

test('the chart says what is in it', () => {
  const svg = chart(runs)
  for (const [open] of svg.matchAll(/<(?!\/)[^>]*[^/]>/g)) {
    const name = /\w+/.exec(open)[0]
    assert.equal(svg.split(`<${name}`).length - 1 - svg.split(new RegExp(`<${name}[^>]*/>`)).length + 1,
      svg.split(`</${name}>`).length - 1, `${name} is not closed`)
  }
  assert.match(svg, /opossum: false timeouts: 1, openings: 1, 1 of them false, good answers: 2/)
  assert.match(svg, /<title>1 false timeout<\/title>/)
  assert.match(svg, /<title>open<\/title>/)
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/)
})
