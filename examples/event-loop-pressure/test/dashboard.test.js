'use strict'

// The dashboard asks for what the proxy exports. A name that is wrong would show in
// Grafana as an empty panel.

const assert = require('node:assert/strict')
const { after, before, describe, test } = require('node:test')
const Children = require('../lib/children')
const { dashboard, isThere, queries, samplesIn, selectorsIn } = require('./support/queries')

describe('the dashboard', () => {
  const children = new Children()
  let samples

  before(async () => {
    const backend = await children.start('backend.js', '--port', 0, '--errors', 50, '--delay', '1-2')
    const proxy = await children.start('proxy.js', '--port', 0, '--backend', backend.url)
    // Until there has been an error too: its status is in the metrics from then on.
    for (let status = 200; status === 200;) status = (await fetch(`${proxy.url}/api/data`)).status
    samples = samplesIn(await (await fetch(`${proxy.url}/metrics`)).text())
  })
  after(() => children.stop())

  for (const { expr, title } of queries) {
    test(`${title}: ${expr}`, () => {
      const selectors = selectorsIn(expr)
      assert.ok(selectors.length > 0, 'it asks for nothing')
      for (const selector of selectors) {
        assert.ok(isThere(selector, samples), `${selector.name} with such labels is not exported`)
      }
      for (const [, labels] of expr.matchAll(/\bby \(([^)]*)\)/g)) {
        for (const label of labels.split(', ')) {
          assert.ok(selectors.every(({ name }) => samples.some(sample => sample.name === name && label in sample.labels)),
            `not all of them have the label ${label}`)
        }
      }
    })
  }

  test('panels do not overlap, and each has an id of its own', () => {
    const taken = new Set()
    for (const { gridPos: { h, w, x, y } } of dashboard.panels) {
      for (let column = x; column < x + w; column++) {
        for (let row = y; row < y + h; row++) {
          assert.ok(column < 24 && !taken.has(`${column} ${row}`), `column ${column}, row ${row}`)
          taken.add(`${column} ${row}`)
        }
      }
    }
    assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length)
  })

  test('its data source is the one that is provided to Grafana', () => {
    const { readFileSync } = require('node:fs')
    const { join } = require('node:path')
    const provided = readFileSync(join(__dirname, '../grafana/provisioning/datasources/prometheus.yml'), 'utf8')
    const [, uid] = /uid: (\w+)/.exec(provided)
    for (const { datasource, targets = [] } of [...dashboard.panels, ...dashboard.annotations.list]) {
      for (const source of [datasource, ...targets.map(target => target.datasource)]) assert.equal(source.uid, uid)
    }
  })
})

test('a query that is wrong would be noticed', () => {
  const samples = samplesIn('calls_total{outcome="late",breaker="x"} 1\nload{breaker="x"} 2\n')
  const holds = expr => selectorsIn(expr).every(selector => isThere(selector, samples))
  assert.ok(holds('sum by (outcome) (rate(calls_total{outcome="late"}[20s])) / max(load) > 0'))
  assert.ok(holds('calls_total{outcome=~"l.+"} and load == 2'))
  assert.ok(!holds('rate(calls[20s])'))
  assert.ok(!holds('sum(rate(calls_total{outcome="early"}[20s]))'))
  assert.ok(!holds('max(load) / max(loads)'))
})
