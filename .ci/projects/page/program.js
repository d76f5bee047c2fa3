'use strict'

// A process with breakers that serves itself, for the tests of its page. It is told by messages what
// to do, and answers each; its parent waits for the first, which says where it is served.

const { once } = require('node:events')
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads')
const CircuitBreaker = require('../../..')

// As a worker it has breakers, and stalls, alone.
const { breakers: names, token, port, host } = workerData ?? JSON.parse(process.argv[2])

class Failure extends Error {}

const breakers = new Map()
const all = names.map(({ name, ...options }) => {
  const breaker = new CircuitBreaker(async fails => {
    if (fails) throw new Failure('told to fail')
  }, { name, resetTimeout: 600_000, ...options })
  breakers.set(name, breaker)
  return breaker
})

let server, worker
let stalledAt = Date.now()
CircuitBreaker.loop.on('stall', () => { stalledAt = Date.now() })

const DEEDS = {
  async serve () {
    server = await CircuitBreaker.serve({ port, host, token })
    return server.url
  },
  close: () => server.close(),
  async fire ({ name, calls = 1, fails = false }) {
    for (let call = 0; call < calls; call++) await breakers.get(name).fire(fails).catch(() => {})
    return breakers.get(name).state
  },
  /** Opens a breaker by calls that fail, and at once holds the loop: `[opened, freed]`. */
  async openAndStall ({ name, ms }) {
    const breaker = breakers.get(name)
    while (!breaker.opened) await breaker.fire(true).catch(() => {})
    return [breaker.lastTrip.at, hold(ms)]
  },
  /** Waits until the loop has not been stalled for so long. */
  async calm ({ ms }) {
    while (Date.now() - stalledAt < ms) await new Promise(resolve => setTimeout(resolve, 50))
  },
  stall: ({ ms }) => hold(ms),
  put: ({ name, method }) => { breakers.get(name)[method]() },
  /** Begins a worker with a breaker; it holds its own loop when `stallWorker` says so. */
  async work ({ name }) {
    worker = new Worker(__filename, { workerData: { breakers: [{ name }] } })
    await once(worker, 'message')
    return worker.threadId
  },
  stallWorker: ({ ms }) => { worker.postMessage({ deed: 'stall', ms }) },
  endWorker: () => worker.terminate(),
  shutdown: ({ name }) => breakers.get(name).shutdown(),
  state: ({ name }) => breakers.get(name).state,
  /** Some calls for everybody, again and again. */
  traffic () {
    setInterval(() => {
      for (const breaker of all) breaker.fire(false).catch(() => {})
    }, 200)
  }
}

function hold (ms) {
  const until = Date.now() + ms
  while (Date.now() < until);
  return Date.now()
}

if (isMainThread) {
  process.on('message', async ({ id, deed, ...what }) => {
    process.send({ id, result: await DEEDS[deed](what) })
  })
  process.on('disconnect', () => process.exit())
  process.send({ ready: true })
} else {
  parentPort.on('message', ({ deed, ...what }) => DEEDS[deed](what))
  parentPort.postMessage({ ready: true })
}
