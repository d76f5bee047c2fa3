'use strict'

// Counts under load: none is torn, and none goes back, while breakers are called, come and go.
// For half a minute; SCRAPE_SECONDS for longer, as `.ci/full` does.

const assert = require('node:assert/strict')
const { Worker } = require('node:worker_threads')

const CircuitBreaker = require('../..')
const { sleep } = require('../support/wait')
const { withServer } = require('../support/needs')
const { elsewhere } = require('./support/client')

const { test } = withServer()

const SECONDS = Number(process.env.SCRAPE_SECONDS ?? 30)

test('no count goes back, and none is torn', async t => {
  const { url, close } = await CircuitBreaker.serve()
  t.after(close)
  // On this loop and on a worker's, some with the same names.
  const load = `
    const CircuitBreaker = require(${JSON.stringify(require.resolve('../..'))})
    const action = async n => { if (n % 7 === 0) throw new Error('down') }
    const make = name => new CircuitBreaker(action, { name, volumeThreshold: 1e9, rollingCountTimeout: 400, rollingCountBuckets: 4 })
    const all = Array.from({ length: 8 }, (_, n) => make('load ' + n))
    let n = 0
    setInterval(() => {
      for (const breaker of all) for (let m = 0; m < 20; m++) breaker.fire(n++).catch(() => {})
      if (n % 1000 < 160) {
        const place = 4 + n % 4
        all[place].shutdown()
        all[place] = make('load ' + place)
      }
    }, 1)`
  const worker = new Worker(load, { eval: true })
  t.after(() => worker.terminate())
  const main = new Worker(load, { eval: true })
  t.after(() => main.terminate())
  const mine = Array.from({ length: 4 }, (_, n) => new CircuitBreaker(async () => {}, { name: `load ${n}` }))
  const calls = setInterval(() => mine.forEach(breaker => breaker.fire()), 1)
  t.after(() => clearInterval(calls))
  const { result } = elsewhere(url, `async ({ ask, url }) => {
    const until = Date.now() + ${SECONDS * 1000}
    const last = new Map()
    const wrong = []
    let scrapes = 0
    for (; Date.now() < until && wrong.length < 10; scrapes++) {
      const { text } = await ask(url, 'metrics')
      const kinds = new Map([...text.matchAll(/^# TYPE (\\S+) (\\S+)$/gm)].map(([, name, kind]) => [name, kind]))
      let below
      const counts = new Map()
      for (const line of text.split('\\n')) {
        if (!line || line[0] === '#') continue
        const at = line.lastIndexOf(' ')
        const [series, value] = [line.slice(0, at), Number(line.slice(at + 1).replace('+Inf', 'Infinity'))]
        const name = series.split('{')[0]
        const isCount = kinds.get(name) === 'counter' || /_(bucket|sum|count)$/.test(name)
        if (!isCount) continue
        if (!(value >= 0)) wrong.push(line)
        if (value < last.get(series)) wrong.push(line + ' after ' + last.get(series))
        counts.set(series, value)
        if (name.endsWith('_bucket')) {
          if (!series.includes('le="0.001"') && value < below) wrong.push(line + ' below ' + below)
          below = value
        }
        if (name.endsWith('_count') && value !== below) wrong.push(line + ' of ' + below)
      }
      // A series that is gone begins anew.
      last.clear()
      counts.forEach((value, series) => last.set(series, value))
    }
    return { scrapes, wrong, series: last.size, most: Math.max(...last.values()) }
  }`)
  const { scrapes, wrong, series, most } = await result
  assert.deepEqual(wrong, [])
  assert.ok(scrapes > SECONDS, `${scrapes} scrapes`)
  assert.ok(series >= 8 * 20 && most > 1000, `${series} series up to ${most}`)
  await sleep(0)
})
