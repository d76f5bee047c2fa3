'use strict'

// The experiments: calls are in flight through a breaker while the loop is held, and
// their answers lie in the sockets when it is let go. They run in whichever thread
// loads this file, with several breakers side by side under the same stalls.

const http = require('node:http')

const CALLS = 30
const STALL = 700
const STALLS = 3

// Milliseconds by a clock that all threads and processes of the machine share, whatever
// runtime they run.
const now = () => performance.timeOrigin + performance.now()

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

const immediate = () => new Promise(resolve => setImmediate(resolve))

function busy (ms) {
  const until = now() + ms
  while (now() < until);
}

/** A client of the backend, with connections that are kept. */
class Client {
  constructor (port) {
    this.agent = new http.Agent({ keepAlive: true })
    this.port = port
  }

  get (path, onResponse = () => {}) {
    const { agent, port } = this
    return new Promise((resolve, reject) => {
      http.get({ agent, host: '127.0.0.1', path, port }, response => {
        onResponse()
        let body = ''
        response.on('data', data => { body += data })
        response.on('end', () => resolve(body))
        response.on('error', reject)
      }).on('error', reject)
    })
  }

  /** Opens connections, so that what is asked next is sent at once. */
  async warmUp (connections) {
    await Promise.all(Array.from({ length: connections }, () => this.get('/20')))
  }

  close () {
    this.agent.destroy()
  }
}

// Where a stall begins, while the calls that were just fired are on their way: the
// backend has them and has not answered.
const PHASES = {
  'a timer callback': stall => setTimeout(stall, 25),
  'a setImmediate callback': stall => setTimeout(() => setImmediate(stall), 25),
  'an I/O callback': (stall, client) => client.get('/25', stall),
  'a microtask': (stall, client) => client.get('/25').then(stall)
}

/**
 * Long stalls in one phase of the loop. Half of the calls ask once, half need the
 * loop again after the stall, to ask a second time. The backend answers after 50 ms.
 */
async function underStalls (Breakers, phase, port) {
  const client = new Client(port)
  const subjects = Breakers.map(Breaker => new Subject(Breaker, client, { path: '/50', timeout: 500 }))
  await client.warmUp(subjects.length * CALLS + 1)
  for (let i = 0; i < STALLS; i++) {
    for (const subject of subjects) subject.fire(CALLS)
    await new Promise(resolve => PHASES[phase](() => resolve(busy(STALL)), client))
    for (const subject of subjects) await subject.settled()
  }
  client.close()
  return subjects.map(subject => subject.result)
}

/**
 * A loop that is busy in turns each too short to be called a stall, yet longer than
 * the calls may take. The backend answers after 2 ms.
 */
async function underShortTurns (Breakers, port, turn = immediate) {
  const client = new Client(port)
  const subjects = Breakers.map(Breaker => new Subject(Breaker, client, { path: '/2', timeout: 30 }))
  await client.warmUp(subjects.length * CALLS)
  for (let i = 0; i < 20; i++) {
    for (const subject of subjects) subject.fire(CALLS / 3, 1)
    await turn()
    busy(40)
    await turn()
  }
  for (const subject of subjects) await subject.settled()
  client.close()
  return subjects.map(subject => subject.result)
}

/** A breaker under experiment, and what became of its calls. */
class Subject {
  constructor (Breaker, client, { path, timeout }) {
    const ask = async call => {
      const sent = now()
      call.waited += Number(await client.get(path)) - sent
    }
    const action = call => {
      call.action = ask(call)
      return call.asks === 2 ? (call.action = call.action.then(() => ask(call))) : call.action
    }
    this.breaker = new Breaker(action, { timeout, errorThresholdPercentage: 100 })
    this.timeout = timeout
    this.calls = []
    // `hit`: the calls that tell something, for by the wall clock they were late, and
    // the backend took less than half of the timeout. `falsely`: those of them that
    // timed out.
    this.result = { hit: 0, falsely: 0, errors: 0 }
  }

  fire (calls, asks) {
    for (let i = 0; i < calls; i++) {
      this.calls.push(this.follow({ asks: asks ?? 1 + i % 2, waited: 0 }))
    }
  }

  async settled () {
    await Promise.all(this.calls)
    this.calls = []
  }

  async follow (call) {
    const { breaker, result, timeout } = this
    const fired = now()
    const code = await breaker.fire(call).then(() => 'OK', error => error.code)
    const took = now() - fired
    await call.action
    const hit = took > timeout && call.waited < timeout / 2
    result.hit += Number(hit)
    result.falsely += Number(hit && code === 'ETIMEDOUT')
    result.errors += Number(code !== 'OK' && code !== 'ETIMEDOUT')
  }
}

module.exports = { CALLS, Client, PHASES: Object.keys(PHASES), busy, now, sleep, turn: immediate, underShortTurns, underStalls }
