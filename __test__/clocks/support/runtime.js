'use strict'

// The experiments in whichever runtime runs this file, with the backend at the port that is
// its argument. What came out goes to standard output, as one line of JSON: for each
// experiment what became of ours and, beside it, of opossum's; by how much the timeouts of calls
// that hang are late while nothing stalls; and what becomes of one while events have no end.

const { once } = require('node:events')
const { join } = require('node:path')
const { Worker } = require('node:worker_threads')

const CircuitBreaker = require('../../..')
const Opossum = require('opossum')
const { Client, PHASES, now, sleep, underShortTurns, underStalls } = require('./experiment')

const BOTH = [CircuitBreaker, Opossum]
const TIMEOUT = 200

async function main (port) {
  const stalled = {}
  for (const phase of PHASES) stalled[`a stall in ${phase}`] = await underStalls(BOTH, phase, port)
  // Deno reads no socket while each setImmediate callback leaves another one: there the
  // loop has had no look, and nothing shows that.
  stalled['short turns'] = await underShortTurns(BOTH, port, () => sleep(0))
  stalled['a stall of a worker'] = [await inWorker({ phase: 'an I/O callback', port })]
  const late = await idle(port)
  const amidEvents = await underEvents(port)
  console.log(JSON.stringify({ stalled, late, amidEvents, seen: CircuitBreaker.loop.total.stalls }))
  process.exit()
}

async function inWorker (workerData) {
  const worker = new Worker(join(__dirname, 'worker.js'), { workerData })
  const [ours] = await once(worker, 'message')
  worker.terminate()
  return ours
}

async function idle (port) {
  const client = new Client(port)
  const breaker = new CircuitBreaker(() => client.get('/hang'), { timeout: TIMEOUT, errorThresholdPercentage: 100 })
  const late = []
  for (let i = 0; i < 30; i++) {
    const fired = now()
    late.push(breaker.fire().catch(({ code }) => code === 'ETIMEDOUT' ? now() - fired - TIMEOUT : NaN))
    await sleep(5)
  }
  return Promise.all(late)
}

// Listeners that set each other off without an end: what becomes of a call that hangs meanwhile.
async function underEvents (port) {
  const client = new Client(port)
  let over = false
  const [one, another] = [0, 1].map(() => new CircuitBreaker(async () => 'well', { resetTimeout: 0 }))
  for (const [breaker, next] of [[one, another], [another, one]]) {
    breaker.on('open', () => { if (!over) [next, breaker].forEach(each => { each.close(); each.open() }) })
  }
  const hanging = new CircuitBreaker(() => client.get('/hang'), { timeout: TIMEOUT })
  one.open()
  const outcome = await Promise.race([hanging.fire().catch(({ code }) => code), sleep(20_000).then(() => 'none in 20 s')])
  over = true
  return outcome
}

main(Number(process.argv[2]))
