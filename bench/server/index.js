'use strict'

// What the server costs, and what it tells while the loop is stalled: `node bench/server`, or only
// `stall`, `scrape`, `lag` or `fire` of it. Ratios to what runs beside it on the same machine;
// nothing here is a limit in milliseconds.

const { fork } = require('node:child_process')
const { readFileSync } = require('node:fs')
const { once } = require('node:events')
const { join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const prometheus = require('prom-client')

const CircuitBreaker = require('../..')
const { labels: { BOUNDS, OUTCOMES, REASONS, RESULTS, STATES } } = require('../../lib/native/metrics')

const BREAKERS = 1000
const SCRAPES = 20
const PARTS = { stall: stalled, scrape: thousand, lag: lagging, fire: firing }

main(process.argv.slice(2))

async function main (parts) {
  const { url, close } = await CircuitBreaker.serve()
  const scraper = await startScraper(url)
  for (const [name, part] of Object.entries(PARTS)) {
    if (parts.length === 0 || parts.includes(name)) await part(scraper)
  }
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
  const answers = await ask(scraper, { count: SCRAPES, every: 20 })
  const ours = median(answers.map(({ ms }) => ms))
  const { size } = answers[0]
  const theirs = await ofPromClient(breakers.map(({ name }) => name))
  print(`a scrape of ${BREAKERS} breakers (${(size / 1e6).toFixed(1)} MB): ${ours.toFixed(1)} ms as the client sees it; ` +
    `prom-client ${theirs.ms.toFixed(1)} ms, of the loop, for as many series (${theirs.series}): ${(ours / theirs.ms).toFixed(2)} times`)
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

// How late timers of the loop are while a thousand breakers are scraped ten times a second, beside
// seconds in which nobody asks, and beside seconds in which those of another process are scraped: that
// takes processors, too, and this loop has no part in it. The loop has a little to do, as one that serves has.
async function lagging (scraper) {
  const other = fork(join(__dirname, 'other.js'), [String(BREAKERS)])
  const [{ url }] = await once(other, 'message')
  const elsewhere = await startScraper(url)
  const breakers = Array.from({ length: BREAKERS }, (_, n) => new CircuitBreaker(async () => {}, { name: `breaker ${n}` }))
  const round = async () => {
    const late = []
    const busy = onProcessor()
    for (const until = performance.now() + 1000; performance.now() < until;) {
      const began = performance.now()
      await sleep(1)
      late.push(performance.now() - began - 1)
      breakers[late.length % BREAKERS].fire()
    }
    late.sort((a, b) => a - b)
    return { p50: late[late.length >> 1], p99: late[Math.floor(late.length * 0.99)], longest: late.at(-1), busy: (onProcessor() - busy) / late.length }
  }
  const before = CircuitBreaker.loop.total.stalls
  const blocks = await inTurns(scraper, 15, round)
  const beside = await inTurns(scraper, 15, round, elsewhere)
  elsewhere.kill()
  other.kill()
  for (const what of ['p50', 'p99', 'longest']) {
    const of = name => median(blocks.map(block => block[name][what]))
    print(`timers late, ${what}: ${of('first').toFixed(2)} ms alone, ${of('scraped').toFixed(2)} ms while ${BREAKERS} breakers are scraped ten times a second: ` +
      compared(blocks, round => round[what]))
    print(`  beside as many scrapes of another process: ${compared(beside, round => round[what])}`)
  }
  print(`time of a processor that the loop's thread takes for a turn: ${compared(blocks, round => round.busy)}`)
  print(`stalls of the loop meanwhile: ${CircuitBreaker.loop.total.stalls - before}`)
  breakers.forEach(breaker => breaker.shutdown())
}

// Calls in rounds in which nobody asks the server, and with ten scrapes a second, in turns.
async function firing (scraper) {
  const breaker = new CircuitBreaker(async () => {}, { name: 'fired' })
  const round = async () => {
    const began = onProcessor()
    for (let n = 0; n < 300_000; n++) await breaker.fire()
    return (onProcessor() - began) / 0.3
  }
  for (let n = 0; n < 3; n++) await round()
  const blocks = await inTurns(scraper, 25, round)
  const of = name => median(blocks.map(block => block[name]))
  print(`fire: ${of('first').toFixed(0)} ns with an idle server, ${of('scraped').toFixed(0)} ns while it is scraped ten times a second: ${compared(blocks, ns => ns)}`)
  breaker.shutdown()
}

// Blocks of three rounds, the middle one while the server is scraped: what drifts meanwhile drifts
// for both, and the two without tell how much that is. In these, something else may be scraped.
async function inTurns (scraper, count, round, elsewhere) {
  const whileScraped = async by => {
    by?.send({ scrapes: true })
    await sleep(150)
    const result = await round()
    by?.send({ scrapes: false })
    await sleep(150)
    return result
  }
  const blocks = []
  for (let n = 0; n < count; n++) {
    blocks.push({ first: await whileScraped(elsewhere), scraped: await whileScraped(scraper), last: await whileScraped(elsewhere) })
  }
  return blocks
}

// How long this thread has been on a processor, in ms: that others are does not count. Where the
// system does not tell, the clock on the wall.
function onProcessor () {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e6
  } catch {
    return performance.now()
  }
}

// The ratio to the neighbours, and that of the neighbours to each other: medians, and the middle half.
function compared (blocks, number) {
  const spread = ratios => {
    const sorted = [...ratios].sort((a, b) => a - b)
    const at = share => sorted[Math.floor(share * (sorted.length - 1))].toFixed(3)
    return `${at(0.5)} (${at(0.25)} to ${at(0.75)})`
  }
  const all = blocks.map(({ first, last, scraped }) => [first, last, scraped].map(number))
  return `${spread(all.map(([first, last, scraped]) => 2 * scraped / (first + last)))} times; ` +
    `the others beside each other ${spread(all.map(([first, last]) => last / first))}`
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
