'use strict'

// What Prometheus is told: by its own tool, and by hand.

const assert = require('node:assert/strict')
const nodeTest = require('node:test')

const CircuitBreaker = require('../..')
const { metrics, labels } = require('../../lib/native/metrics')
const { TOKEN, ask } = require('./support/client')
const { withServer } = require('../support/needs')
const { promtool, samples } = require('./support/prometheus')

const { test } = withServer()

const OPEN = { accept: 'application/openmetrics-text; version=1.0.0' }

async function serve (t) {
  const server = await CircuitBreaker.serve({ token: TOKEN })
  t.after(() => server.close())
  return server.url
}

const HOSTILE = ['<script>alert(1)</script>', '../', 'a\nb"c\\', '', 'ü 🦝', 'x'.repeat(5000), '__proto__', '{le="1"} 7\n# EOF']

test('promtool finds nothing to complain of, whatever breakers are called', async t => {
  const url = await serve(t)
  const breakers = HOSTILE.map(name => new CircuitBreaker(async () => {}, { name, labels: { zone: name.slice(0, 200) } }))
  for (const breaker of breakers) await breaker.fire()
  const { text } = await ask(url, 'metrics')
  promtool(['check', 'metrics'], text)
  const names = samples(text).filter(({ name }) => name === 'didelphis_fires_total').map(({ labels }) => labels.name)
  // One without a name of its own has a UUID.
  for (const name of HOSTILE.filter(Boolean)) assert.ok(names.includes(name.slice(0, 200)), name)
})

test('both formats say the same, each in its way', async t => {
  const url = await serve(t)
  const breaker = new CircuitBreaker(async () => {}, { name: 'both', labels: { zone: 'a' } })
  await breaker.fire()
  const plain = await ask(url, 'metrics')
  assert.equal(plain.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  const open = await ask(url, 'metrics', { headers: OPEN })
  assert.equal(open.headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8')
  assert.ok(open.text.endsWith('\n# EOF\n'))
  const of = text => samples(text).filter(({ labels }) => labels.name === 'both').map(({ name, labels, value }) => [name, { ...labels, le: Number(labels.le) }, value])
  assert.deepEqual(of(open.text), of(plain.text))
  const told = new Set(samples(plain.text).map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')))
  assert.deepEqual([...told].sort(), Object.values(metrics).map(({ name }) => name).sort())
  for (const { name, kind } of Object.values(metrics)) {
    assert.match(plain.text, new RegExp(`^# TYPE ${name} ${kind}$`, 'm'))
    assert.match(open.text, new RegExp(`^# TYPE ${name.replace(/_total$/, '')} ${kind}$`, 'm'))
  }
})

test('counts are those of the breaker, and outcomes add up', async t => {
  const url = await serve(t)
  const options = { name: 'counts', timeout: 20, volumeThreshold: 6, resetTimeout: 60_000 }
  const breaker = new CircuitBreaker(async how => {
    if (how === 'fail') throw new Error('down')
    if (how === 'hang') await new Promise(() => {})
  }, options)
  breaker.fallback(() => {})
  for (const how of ['', '', 'fail', 'hang', 'fail', 'fail', '']) await breaker.fire(how).catch(() => {})
  const { stats } = breaker
  const value = (name, more = {}) => samples(text).find(sample => sample.name === name && Object.entries({ name: 'counts', ...more }).every(([key, value]) => sample.labels[key] === value)).value
  const { text } = await ask(url, 'metrics')
  assert.deepEqual(labels.OUTCOMES.map(outcome => value(metrics.CALLS.name, { outcome })), [stats.successes, stats.failures, stats.rejects])
  assert.equal(stats.rejects, 1)
  assert.equal(value(metrics.FIRES.name), stats.successes + stats.failures + stats.rejects)
  assert.equal(value(metrics.TIMEOUTS.name), 1)
  assert.equal(value(metrics.FALLBACKS.name), stats.fallbacks)
  assert.deepEqual(labels.REASONS.map(reason => value(metrics.TRIPS.name, { reason })), [1, 0, 0, 0, 0, 0, 0])
  assert.deepEqual(labels.STATES.map(state => value(metrics.STATE.name, { state })), [0, 1, 0, 0, 0, 0])
  assert.equal(value(metrics.CAPACITY.name), Infinity)
})

test('past a thousand names the rest is one series, and says so', async t => {
  const url = await serve(t)
  const before = samples((await ask(url, 'metrics')).text).find(({ name }) => name === metrics.BREAKERS.name).value
  const all = Array.from({ length: 1100 }, (_, n) => new CircuitBreaker(async () => {}, { name: `n ${n}` }))
  for (const breaker of all) await breaker.fire()
  const { text } = await ask(url, 'metrics')
  const told = samples(text)
  const fires = told.filter(({ name }) => name === metrics.FIRES.name)
  assert.equal(fires.length, labels.MOST_SERIES + 1)
  const alone = ({ name }) => told.find(sample => sample.name === name).value
  assert.equal(alone(metrics.BREAKERS), before + 1100)
  const { value } = fires.find(({ labels }) => labels.name === 'other')
  assert.ok(value > 0 && value <= alone(metrics.BREAKERS_IN_OTHER), `${value}`)
  all.forEach(breaker => breaker.shutdown())
  assert.equal(samples((await ask(url, 'metrics')).text).filter(({ labels }) => labels.name?.startsWith('n ')).length, 0)
})

nodeTest.test('labels that no metric may have are refused', () => {
  const action = async () => {}
  const bad = [{ le: 'x' }, { name: 'x' }, { 'a-b': 'x' }, { __a: 'x' }, { '1a': 'x' }, { a: 1 }, { a: 'x'.repeat(201) }, ['x'], 'x', 7,
    Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`l${n}`, '']))]
  for (const labels of bad) {
    assert.throws(() => new CircuitBreaker(action, { labels }), { name: 'TypeError', message: /^options\.labels must be an object with up to 10 strings/ })
  }
  for (const labels of [undefined, {}, { a_1: '', B: 'ü' }]) assert.ok(new CircuitBreaker(action, { labels }))
})
