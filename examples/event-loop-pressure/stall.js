'use strict'

// One stall, as two endpoints for Prometheus tell it: the one in JavaScript that most
// programs have, and the server of didelphis in the same process. Both are scraped by this
// program, whose own loop is free.

const { mkdir, writeFile } = require('node:fs/promises')
const { join, relative } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const Children = require('./lib/children')
const { setPressure } = require('./lib/client')
const { number, readOptions } = require('./lib/options')
const { scrape, table } = require('./lib/scrapes')
const stallChart = require('./lib/stall-chart')

const options = readOptions('stall', {
  stall: { help: 'for how long the loop is held, ms', value: '3000', read: number(500) },
  before: { help: 'for how long it is watched before that, and after it, ms', value: '2000', read: number(500) },
  every: { help: 'how often both are scraped, ms', value: '250', read: number(50) },
  limit: { help: 'how long an answer may take, ms', value: '1000', read: number(50) },
  rate: { help: 'requests a second', value: '40', read: number(1) },
  out: { help: 'where stall.svg and stall.json go', value: join(__dirname, 'results') }
})

const children = new Children()

async function main () {
  const { before, every, limit, out, rate, stall } = options
  const seconds = Math.ceil((2 * before + stall) / 1000) + 1
  const backend = await children.start('backend.js', '--port', 0)
  const proxy = await children.start('proxy.js', '--port', 0, '--backend', backend.url, '--server', 0)
  const load = await children.start('load-test.js', '--proxy', proxy.url, '--rate', rate, '--seconds', seconds)
  const loaded = load.next()
  // Until there is something to tell.
  await sleep(1000)
  const began = performance.now()
  const at = () => performance.now() - began
  const ends = 2 * before + stall
  const scrapes = { javascript: [], didelphis: [] }
  const pending = []
  // The pause before it is the time until the loop is held.
  await setPressure(proxy.url, { every: [before, before], phase: 'io', stall })
  const told = at()
  for (let n = 0; n * every < ends; n++) {
    await sleep(n * every - at())
    pending.push(scrape(`${proxy.url}/metrics`, scrapes.javascript, { at, limit, lag: 'nodejs_eventloop_lag_seconds' }))
    pending.push(scrape(`${proxy.server}metrics`, scrapes.didelphis, { at, limit, lag: 'didelphis_loop_lag_seconds' }))
    // It must not be held a second time.
    if (at() > before + stall && !pending.over) pending.over = setPressure(proxy.url, { every: [0, 0], stall: 0 })
  }
  await Promise.all([...pending, pending.over, loaded])
  const run = { from: told + before, stall, ends, limit, scrapes }
  console.log(`${table(run)}\n`)
  await mkdir(out, { recursive: true })
  for (const [name, text] of [['stall.svg', stallChart(run)], ['stall.json', `${JSON.stringify(run, null, 2)}\n`]]) {
    await writeFile(join(out, name), text)
    console.log(`written: ${relative(process.cwd(), join(out, name))}`)
  }
  await children.stop()
}

async function end (code, message) {
  console.error(message)
  await children.stop()
  process.exit(code)
}

process.once('SIGINT', () => end(130, 'Interrupted'))
process.once('SIGTERM', () => end(143, 'Terminated'))

Promise.race([main(), children.failure]).catch(error => end(1, `stall failed: ${error.message}`))
