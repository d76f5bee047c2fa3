'use strict'

// The service under examination: it asks the backend through a circuit breaker, and can
// be made to hold its own event loop. `/journal` tells the comparison what happened.

const express = require('express')
const BackendClient = require('./lib/backend-client')
const { BREAKERS, createBreaker, OPTIONS } = require('./lib/breaker')
const Journal = require('./lib/journal')
const Metrics = require('./lib/metrics')
const { number, one, range, readOptions } = require('./lib/options')
const { PHASES, Pressure } = require('./lib/pressure')
const serve = require('./lib/serve')

const options = readOptions('proxy', {
  backend: { help: 'where the backend is', value: 'http://127.0.0.1:3001' },
  breaker: { help: BREAKERS.join(' or '), value: 'didelphis', read: one(...BREAKERS) },
  stall: { help: 'hold the event loop for so long each time, ms; 0: not', value: '0', read: number() },
  every: { help: 'pauses between that, shortest and longest, ms', value: '1000-2000', read: range },
  phase: { help: `where in its turn: ${PHASES.join(', ')}`, value: 'io', read: one(...PHASES) },
  host: { help: 'address to listen on', value: '127.0.0.1' },
  port: { help: 'port to listen on; 0: any', value: '3000', read: number() },
  server: { help: "port of didelphis' own server, which answers while the loop is held; 0: any; without it: none", read: number() }
})
if (options.server !== undefined && options.breaker !== 'didelphis') {
  console.error('proxy: --server is for --breaker didelphis')
  process.exit(2)
}

const client = new BackendClient(options.backend)
const journal = new Journal()
const pressure = new Pressure()
if (options.stall > 0) pressure.start(options)

const { breaker, loop, serve: serveBreakers } = createBreaker(options.breaker, (call, follow) => follow(client.get(call)))
const metrics = new Metrics({ breaker, loop, name: options.breaker, pressure })
for (const name of ['open', 'halfOpen', 'close']) breaker.on(name, () => journal.note(name, breaker.stats))
journal.onOver = call => metrics.count(call)

const stateOf = () => breaker.opened ? 'open' : breaker.halfOpen ? 'halfOpen' : 'closed'

// What the caller is told of an error, by its code.
const STATUS = { EOPENBREAKER: 503, ETIMEDOUT: 504 }

const app = express()
app.disable('x-powered-by')

app.get('/api/data', async (request, response) => {
  const began = performance.now()
  try {
    response.json(await journal.follow((call, follow) => breaker.fire(call, follow)))
  } catch (error) {
    response.status(STATUS[error.code] ?? 502).json({ error: error.message, code: error.code, stalled: error.stalled })
  }
  metrics.respond(response.statusCode, performance.now() - began)
})

app.get('/circuit-status', (request, response) => {
  const { latencyTimes, ...stats } = breaker.stats
  response.json({
    breaker: options.breaker,
    state: stateOf(),
    stats,
    options: OPTIONS,
    pressure: pressure.settings,
    loop
  })
})

app.get('/metrics', async (request, response) => {
  const { text, type } = await metrics.read()
  response.type(type).send(text)
})

app.route('/pressure')
  .get((request, response) => response.json(pressure.settings))
  .post(({ query: { every = '1000-2000', phase = 'io', seed = '1', stall = '100' } }, response) => {
    try {
      pressure.start({
        every: range(every),
        phase: one(...PHASES)(phase),
        seed: number()(seed),
        stall: number(1)(stall)
      })
      journal.notePressure(pressure.settings.stall)
      response.json(pressure.settings)
    } catch (error) {
      response.status(400).json({ error: error.message })
    }
  })
  .delete((request, response) => {
    pressure.stop()
    journal.notePressure(0)
    response.json(null)
  })

app.get('/journal', async (request, response) => response.json(await journal.read()))

async function main () {
  const { breaker, host, server } = options
  // On an address that others reach it wants a token: they read by it, too.
  const own = server !== undefined && await serveBreakers({ host, port: server, token: process.env.DIDELPHIS_TOKEN })
  serve(app, `proxy with ${breaker}`, options, own && { server: own.url })
}

main().catch(error => {
  console.error(`proxy: ${error.message}`)
  process.exit(1)
})
