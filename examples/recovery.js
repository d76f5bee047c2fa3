'use strict'

// How a circuit finds its way back: node examples/recovery.js (3 s).
//
// A backend goes down and comes back. The circuit waits longer each time that it is tried in vain;
// a probe finds out that the backend is back, so that no caller has to; and the load returns a few
// calls at a time.

const { once } = require('node:events')
const http = require('node:http')
const { setTimeout: sleep } = require('node:timers/promises')

const CircuitBreaker = require('..')

const backend = { isUp: true, requests: 0 }
const server = http.createServer((request, response) => {
  backend.requests++
  response.statusCode = backend.isUp ? 200 : 503
  response.end()
})

async function main () {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  const get = async (path, signal) => {
    const response = await fetch(url + path, { signal })
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`status ${response.status}`)
  }

  const breaker = new CircuitBreaker(() => get('/orders'), {
    timeout: 500,
    // 50, 100, 200, 400, 400, ... ms, each up to a tenth shorter.
    resetTimeout: { initial: 50, max: 400, jitter: 0.1 },
    // In place of a caller's call, as soon as the circuit is half open. Two have to succeed.
    probe: signal => get('/health', signal),
    halfOpenCalls: 2,
    // Then a tenth of the calls pass at first, and all of them after a second.
    rampUp: 1000
  })

  const began = Date.now()
  const say = text => console.log(`${String(Date.now() - began).padStart(5)} ms  ${text}`)
  breaker.on('open', () => say(`open, next attempt in ${Math.round(breaker.nextAttemptAt - Date.now())} ms`))
  breaker.on('halfOpen', waited => say(`half open after ${Math.round(waited)} ms`))
  breaker.on('close', () => say('closed'))

  const counts = { well: 0 }
  const call = () => breaker.fire().then(() => counts.well++, ({ code, message }) => {
    counts[code ?? message] = (counts[code ?? message] ?? 0) + 1
  })
  const load = setInterval(call, 5)

  await sleep(300)
  backend.isUp = false
  say('the backend goes down')
  await sleep(900)
  backend.isUp = true
  say('the backend is back')
  await once(breaker, 'close')
  await sleep(1200)

  clearInterval(load)
  say(`calls: ${JSON.stringify(counts)}`)
  breaker.shutdown()
  server.close()
  server.closeAllConnections()
}

main()
