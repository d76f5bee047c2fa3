'use strict'

// Customers, in a process of their own. They come by chance and do not wait for each other: a slow
// answer to one keeps no other from asking, as with people, and unlike with a fixed number of
// connections that ask again when they have been answered. Whoever has waited for too long hangs up,
// and the connection is closed, as a gateway does it. Nobody comes again.
//
// With `--clients` it is those connections, which find out how much the service can do.

const http = require('node:http')
const { setTimeout: sleep } = require('node:timers/promises')
const { number, readOptions } = require('./lib/options')
const { endWithParent, tellParent } = require('./lib/parent')

const options = readOptions('load', {
  url: { help: 'where the service is', value: 'http://127.0.0.1:3000' },
  clients: { help: 'so many that ask again once they have been answered; 0: by rate', value: '0', read: number() },
  phases: { help: 'orders a second, and for how many seconds; one after another', value: '50x5,200x10,50x5', read: readPhases },
  connections: { help: 'so many are kept open, as by gateways; 0: one for each order', value: '400', read: number() },
  patience: { help: 'after how many ms they hang up', value: '2000', read: number(1) },
  paying: { help: 'how many of them pay, %', value: '20', read: number() },
  seed: { help: 'where the chances begin', value: '1', read: number() }
})

const BODY = JSON.stringify({ items: Array.from({ length: 100 }, (_, i) => ({ id: i, name: `item ${i}`, count: 1 + i % 3 })) })
// As kubelet has it: a connection for each check, and a second until it has failed.
const HEALTH = { every: 250, patience: 1000 }

const agent = new http.Agent({ keepAlive: options.connections > 0, scheduling: 'fifo' })
let began = 0
const now = () => performance.now() - began
const random = draws(options.seed)
const calls = []
const checks = []

async function main () {
  endWithParent()
  tellParent({ ready: true })
  const { clients, connections, phases } = options
  await Promise.all(Array.from({ length: connections }, () => ask('/health', { agent, patience: 10_000 })))
  began = performance.now()
  if (clients > 0) await saturate(clients, phases)
  else await come(phases)
  if (!tellParent({ calls, checks })) console.log(`${calls.length} orders, ${calls.filter(({ outcome }) => outcome === 'answered').length} answered in time`)
  agent.destroy()
}

/** Orders come by chance, so many a second in each phase; all the while somebody asks for the health. */
async function come (phases) {
  const due = []
  let from = 0
  for (const { rate, seconds } of phases) {
    const end = from + 1000 * seconds
    for (let at = from + gap(rate); at < end; at += gap(rate)) due.push({ at, act: () => order(at) })
    from = end
  }
  for (let at = 0; at < from; at += HEALTH.every) due.push({ at, act: () => check(at) })
  due.sort((one, other) => one.at - other.at)
  const going = []
  for (const { act, at } of due) {
    if (at > now()) await sleep(at - now())
    going.push(act())
  }
  await Promise.all(going)
}

async function saturate (clients, phases) {
  const end = phases.reduce((sum, { seconds }) => sum + 1000 * seconds, 0)
  await Promise.all(Array.from({ length: clients }, async () => {
    while (now() < end) await order(now())
  }))
}

/** Orders. How long it takes is reckoned from when it was to begin. */
async function order (at) {
  const isPaying = 100 * random() < options.paying
  const outcome = await ask('/orders', {
    agent,
    body: BODY,
    headers: { 'Content-Type': 'application/json', 'Content-Length': BODY.length, ...(isPaying && { 'X-Plan': 'paying' }) },
    method: 'POST',
    patience: options.patience
  })
  calls.push({ at, isPaying, ms: now() - at, outcome })
}

async function check (at) {
  const outcome = await ask('/health', { agent: false, patience: HEALTH.patience })
  checks.push({ at, ms: now() - at, outcome })
}

/** What came of a request: answered, refused, failed, or hung up. */
function ask (path, { body, patience, ...about }) {
  return new Promise(resolve => {
    const request = http.request(`${options.url}${path}`, about, response => {
      response.resume()
      response.once('end', () => end({ 200: 'answered', 503: 'refused' }[response.statusCode] ?? 'failed'))
      response.once('error', () => end('failed'))
    })
    const patient = setTimeout(() => {
      end('hungUp')
      request.destroy()
    }, patience)
    const end = outcome => {
      clearTimeout(patient)
      resolve(outcome)
    }
    request.once('error', () => end('failed'))
    request.end(body)
  })
}

// Between two who come by chance.
function gap (rate) {
  return -1000 * Math.log(1 - random()) / rate
}

// Always the same chance.
function draws (seed) {
  let state = seed + 1
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

function readPhases (text) {
  return text.split(',').map(phase => {
    const [rate, seconds = ''] = phase.split('x')
    return { rate: number()(rate), seconds: number()(seconds) }
  })
}

main().catch(error => {
  console.error(`load: ${error.message}`)
  process.exitCode = 1
})
