'use strict'

// What the server costs, and what it tells while the loop is stalled: `node bench/server`. Ratios
// to what runs beside it on the same machine; nothing here is a limit in milliseconds.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const prometheus = require('prom-client')

const CircuitBreaker = require('../..')
const { labels: { BOUNDS, OUTCOMES, REASONS, RESULTS, STATES } } = require('../../lib/native/metrics')

const BREAKERS = 1000
const SCRAPES = 20

main()

async function main () {
  const { url, close } = await CircuitBreaker.serve()
  const scraper = await startScraper(url)
  await stalled(scraper)
  await thousand(scraper)
  await firing(scraper)
  scraper.kill()
  await close()
}

// The loop is blocked for three seconds, and asked for sixty times from another process.
async function stalled (scraper) {
  const breaker = new CircuitBreaker(async () => {}, { name: 'stalled' })
  const answered = ask(scraper, { count: 60, every: 45, metric: 'didelphis_loop_lag_seconds{thread="main"}' })
  const until = performance.now() + 3000
  while (performance.now() < until);
  const answers = await answered
  const during = answers.filter(({ value }) => value > 0.05)
  const grows = during.every(({ value }, n) => n === 0 || value > during[n - 1].value)
  print(`loop blocked for 3 s, ${answers.length} scrapes: ${answers.filter(({ status }) => status === 200).length} answered, ` +
    `${during.length} of them while it was blocked, with a lag that ${grows ? 'grows' : 'does NOT grow'} to ${Math.max(...during.map(({ value }) => value)).toFixed(2)} s`)
  breaker.shutdown()
}

// A scrape of a thousand breakers, and prom-client's of as many series.
async function thousand (scraper) {
  const breakers = Array.from({ length: BREAKERS }, (_, n) => new CircuitBreaker(async () => {}, { name: `breaker ${n}` }))
  for (const breaker of breakers) await breaker.fire()
  // Buckets end, and latencies are put away.
  await ask(scraper, { count: 3, every: 1000 })
  const before = CircuitBreaker.loop.total.stalls
  let longest = 0
  let last = performance.now()
  const watch = setInterval(() => {
    longest = Math.max(longest, performance.now() - last - 1)
    last = performance.now()
  }, 1)
  await sleep(1000)
  const [idle] = [longest, longest = 0]
  const answers = await ask(scraper, { count: SCRAPES, every: 20 })
  clearInterval(watch)
  const ours = median(answers.map(({ ms }) => ms))
  const { size } = answers[0]
  const theirs = await ofPromClient(breakers.map(({ name }) => name))
  print(`a scrape of ${BREAKERS} breakers (${(size / 1e6).toFixed(1)} MB): ${ours.toFixed(1)} ms as the client sees it; ` +
    `prom-client ${theirs.ms.toFixed(1)} ms, of the loop, for as many series (${theirs.series}): ${(ours / theirs.ms).toFixed(2)} times`)
  print(`the longest a timer of the loop was late: ${idle.toFixed(1)} ms in a second without scrapes, ${longest.toFixed(1)} ms during ${SCRAPES}; ` +
    `stalls: ${CircuitBreaker.loop.total.stalls - before}`)
  breakers.forEach(breaker => breaker.shutdown())
}

async function ofPromClient (names) {
  const registry = new prometheus.Registry()
  const registers = [registry]
  const counter = (name, label, values) => {
    const metric = new prometheus.Counter({ name, help: name, labelNames: ['name', ...label], registers })
    for (const one of names) for (const value of values) metric.inc({ name: one, ...value && { [label[0]]: value } })
  }
  counter('calls_total', ['outcome'], OUTCOMES)
  for (const name of ['fires_total', 'timeouts_total', 'capacity_rejections_total', 'fallbacks_total', 'in_flight', 'queued', 'capacity']) counter(name, [], [undefined])
  for (const name of ['cache_requests_total', 'coalesce_requests_total']) counter(name, ['result'], RESULTS)
  counter('trips_total', ['reason'], REASONS)
  counter('state', ['state'], STATES)
  const histogram = new prometheus.Histogram({ name: 'call_duration_seconds', help: 'x', labelNames: ['name'], buckets: BOUNDS, registers })
  for (const name of names) histogram.observe({ name }, 0.01)
  const times = []
  let text
  for (let n = 0; n < 7; n++) {
    const began = performance.now()
    text = await registry.metrics()
    times.push(performance.now() - began)
  }
  return { ms: median(times), series: text.split('\n').filter(line => line && line[0] !== '#').length }
}

// Rounds without a server's being asked, and with ten scrapes a second, in turns.
async function firing (scraper) {
  const breaker = new CircuitBreaker(async () => {}, { name: 'fired' })
  const round = async () => {
    const began = performance.now()
    for (let n = 0; n < 200_000; n++) await breaker.fire()
    return (performance.now() - began) / 0.2
  }
  await round()
  const [alone, scraped] = [[], []]
  for (let n = 0; n < 9; n++) {
    alone.push(await round())
    scraper.send({ scrapes: true })
    await sleep(50)
    scraped.push(await round())
    scraper.send({ scrapes: false })
    await sleep(50)
  }
  const [a, s] = [median(alone), median(scraped)]
  print(`fire: ${a.toFixed(0)} ns with an idle server, ${s.toFixed(0)} ns while it is scraped ten times a second: ${(s / a).toFixed(3)} times; ` +
    `rounds alone differ by ${((Math.max(...alone) / Math.min(...alone) - 1) * 100).toFixed(0)} %`)
}

async function startScraper (url) {
  const scraper = fork(join(__dirname, 'scraper.js'), [url])
  await once(scraper, 'message')
  return scraper
}

async function ask (scraper, order) {
  scraper.send(order)
  const [answers] = await once(scraper, 'message')
  return answers
}

function median (numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]
}

function print (line) {
  process.stdout.write(`${line}\n`)
}
