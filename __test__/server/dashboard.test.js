'use strict'

// The dashboard for Grafana and the alerts for Prometheus ask for what the server tells. A name
// that is wrong would be an empty panel there, and an alert that never comes.

const assert = require('node:assert/strict')
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { test } = require('node:test')
const { setTimeout: sleep } = require('node:timers/promises')

const CircuitBreaker = require('../..')
const dashboard = require('../../docs/grafana/dashboard.json')
const { withServer } = require('../support/needs')
const { ask, stall } = require('./support/client')
const { groupsIn, prometheus, promtool, samples, selectorsIn } = require('./support/prometheus')

const served = withServer()

const ALERTS = join(__dirname, '../../docs/prometheus/alerts.yml')
const alerts = [...readFileSync(ALERTS, 'utf8').matchAll(/^ +- alert: (\w+)\n +expr: (.*)$/gm)].map(([, title, expr]) => ({ title: `alert ${title}`, expr }))

const { list: variables } = dashboard.templating
const panels = dashboard.panels.filter(({ type }) => type !== 'row')

/** What the dashboard asks, with what Grafana makes of its variables. */
const filled = expr => expr.replaceAll('$__rate_interval', '5s').replaceAll(/\$(?:instance|name)\b/g, '.*')
const questions = [
  ...panels.flatMap(({ targets, title }) => targets.map(({ expr }) => ({ title, expr }))),
  ...dashboard.annotations.list.map(({ expr, name: title }) => ({ title, expr }))
].map(({ title, expr }) => ({ title, expr: filled(expr) }))

// Labels that Prometheus gives.
const GIVEN = ['instance', 'job']

served.describe('what is asked for is told', () => {
  let told

  served.before(async () => {
    const breaker = new CircuitBreaker(async () => {}, { name: 'backend' })
    await breaker.fire()
    const server = await CircuitBreaker.serve()
    told = samples((await ask(server.url, 'metrics')).text)
    await server.close()
    breaker.shutdown()
  })

  const labelsOf = name => told.filter(sample => sample.name === name).map(({ labels }) => labels)

  for (const { title, expr } of [...questions, ...alerts]) {
    test(`${title}: ${expr}`, () => {
      const selectors = selectorsIn(expr)
      assert.ok(selectors.length > 0, 'it asks for nothing')
      for (const { name, labels } of selectors) {
        assert.ok(labelsOf(name).length > 0, `${name} is not told`)
        for (const [label, values] of labels.filter(([label]) => !GIVEN.includes(label))) {
          for (const value of values) {
            assert.ok(labelsOf(name).some(labels => label in labels && (value === '.*' || labels[label] === value)), `${name} with ${label}="${value}" is not told`)
          }
        }
        for (const label of groupsIn(expr).filter(label => !GIVEN.includes(label))) {
          assert.ok(labelsOf(name).every(labels => label in labels), `${name} has no ${label}`)
        }
      }
    })
  }

  test('the variables', () => {
    const asked = variables.filter(({ type }) => type === 'query').map(({ name, query: { query } }) => {
      const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(query)
      assert.ok(labelsOf(selectorsIn(selector)[0].name).some(labels => GIVEN.includes(label) || label in labels), query)
      return name
    })
    assert.deepEqual(asked, ['instance', 'name'])
  })
})

test('a question that is wrong would be noticed', () => {
  assert.deepEqual(selectorsIn('sum by (le) (rate(a_total{x=~"b|c", y!="d"}[5m])) / max(e) > bool 0'), [
    { name: 'a_total', labels: [['x', ['b', 'c']], ['y', ['d']]] }, { name: 'e', labels: [] }
  ])
  assert.deepEqual(groupsIn('sum by (name, le) (a) / sum without (reason) (b)'), ['name', 'le', 'reason'])
})

test('every alert and every panel is looked at', () => {
  assert.equal(alerts.length, readFileSync(ALERTS, 'utf8').split('alert:').length - 1)
  assert.ok(alerts.length >= 7 && panels.length >= 19)
  for (const { title, expr } of questions) assert.doesNotMatch(expr, /\$/, title)
})

test('panels do not overlap, have ids of their own, and ask the source that was chosen', () => {
  const taken = new Set()
  for (const { gridPos: { h, w, x, y }, title } of dashboard.panels) {
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        assert.ok(column < 24 && !taken.has(`${column} ${row}`), title)
        taken.add(`${column} ${row}`)
      }
    }
  }
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length)
  assert.equal(variables[0].name, 'datasource')
  const asking = [...panels, ...panels.flatMap(({ targets }) => targets), ...dashboard.annotations.list, ...variables.slice(1)]
  for (const { datasource, title } of asking) assert.deepEqual(datasource, { type: 'prometheus', uid: '$' + '{datasource}' }, title)
})

test('promtool understands the alerts and the questions of the dashboard', t => {
  promtool(['check', 'rules', ALERTS], '', [/^Checking /, new RegExp(`^SUCCESS: ${alerts.length} rules found$`)])
  const folder = mkdtempSync(join(tmpdir(), 'didelphis-rules-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const rules = questions.map(({ expr }, n) => ({ record: `panel_${n}`, expr }))
  const file = join(folder, 'rules.yml')
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
  promtool(['check', 'rules', file], '', [/^Checking /, new RegExp(`^SUCCESS: ${rules.length} rules found$`)])
})

test('each alert comes when it should, and does not when it should not', () => {
  const file = join(__dirname, 'support', 'alerts.yml')
  promtool(['test', 'rules', file], '', [/^Unit Testing: /, /^SUCCESS$/])
  const tried = new Set([...readFileSync(file, 'utf8').matchAll(/alertname: (\w+)/g)].map(([, name]) => `alert ${name}`))
  assert.deepEqual([...tried].sort(), alerts.map(({ title }) => title).sort())
})

served.test('a real Prometheus has an answer to each question, and tells of a stall', async t => {
  const server = await CircuitBreaker.serve()
  t.after(() => server.close())
  const fetch = await prometheus(t, server.url, ALERTS)
  if (!fetch) return
  const settled = async holds => {
    for (const deadline = Date.now() + 30_000; !await holds().catch(() => false);) {
      assert.ok(Date.now() < deadline, 'Prometheus does not come to it')
      await sleep(100)
    }
  }
  const asked = async query => (await fetch('query', { query })).result
  const began = Date.now() / 1000
  const breaker = new CircuitBreaker(async how => {
    if (how === 'fail') throw new Error('down')
  }, { name: 'backend', capacity: 5, rollingCountTimeout: 1000 })
  const full = new CircuitBreaker(() => new Promise(() => {}), { name: 'full', timeout: false, capacity: 1, queue: { size: 1, timeout: 60_000 } })
  for (let n = 0; n < 2; n++) full.fire().catch(() => {})
  t.after(() => [breaker, full].forEach(breaker => breaker.shutdown()))
  await settled(async () => (await asked('didelphis_breakers')).length > 0)
  const load = setInterval(() => {
    for (const how of ['', 'fail', 'fail']) breaker.fire(how).catch(() => {})
  }, 20)
  t.after(() => clearInterval(load))
  await settled(async () => (await asked('didelphis_trips_total > 0')).length > 0)
  stall(8000)
  await settled(async () => (await asked('increase(didelphis_loop_stalls_total[5s]) > 0')).length > 0)
  clearInterval(load)
  // What has just been seen is to be seen in steps, too.
  await sleep(1000)
  const range = { start: began, end: Date.now() / 1000, step: 0.5 }
  const quiet = []
  for (const { title, expr } of questions) {
    const { result } = await fetch('query_range', { query: expr, ...range })
    if (!result.some(({ values }) => values.some(([, value]) => value !== 'NaN'))) quiet.push(title)
  }
  // What is shown only where there is something: breakers past a thousand.
  assert.deepEqual(quiet, ['Breakers'])
  const { groups } = await fetch('rules')
  assert.deepEqual(groups.flatMap(({ rules }) => rules).map(({ health }) => health), alerts.map(() => 'ok'))
  const firing = await fetch('query_range', { query: 'ALERTS{alertname="LoopStalled"}', ...range })
  const [{ metric, values }] = firing.result
  assert.deepEqual([metric.thread, metric.severity, metric.alertstate], ['main', 'critical', 'firing'])
  // While it lasted, not when it was over: that was its last half second at the latest.
  assert.ok(values.length >= 2, `${values.length} times`)
})
