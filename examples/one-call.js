'use strict'

// A call on terms of its own: node examples/one-call.js (1 s).
//
// A server asks a backend for each of its own requests. A caller who hangs up takes his request to
// the backend with him, and no other; a report may take longer than what the breaker allows
// otherwise; and a call that times out is cancelled at the backend.

const { once } = require('node:events')
const http = require('node:http')
const { setTimeout: sleep } = require('node:timers/promises')

const CircuitBreaker = require('..')

const seen = { answered: 0, cancelled: 0 }
const backend = http.createServer(async (request, response) => {
  response.on('close', () => response.writableFinished ? seen.answered++ : seen.cancelled++)
  await sleep(Number(request.url.slice(1)))
  response.end('done')
})

const breaker = new CircuitBreaker(async ms => {
  // The signal of this call: aborted by its timeout, or by whoever made it.
  const response = await fetch(`http://127.0.0.1:${backend.address().port}/${ms}`, { signal: breaker.getSignal() })
  return response.text()
}, { timeout: 200 })

const front = http.createServer(async (request, response) => {
  const caller = new AbortController()
  response.on('close', () => caller.abort(new Error('the caller hung up')))
  const isReport = request.url.startsWith('/report')
  try {
    response.end(await breaker.fireWith({ signal: caller.signal, timeout: isReport ? 1000 : 200 }, request.url.split('/').at(-1)))
  } catch (error) {
    console.log(`  ${request.url}: ${error.message}`)
    response.statusCode = 503
    response.end()
  }
})

async function main () {
  for (const server of [backend, front]) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  const ask = (path, signal) => fetch(`http://127.0.0.1:${front.address().port}${path}`, { signal }).then(({ status }) => status)

  console.log('One is quick, one is late, one is a report, and one hangs up:')
  const hangsUp = new AbortController()
  // Once its request has come to the backend.
  backend.on('request', ({ url }) => { if (url === '/900') setTimeout(() => hangsUp.abort(), 50) })
  const statuses = await Promise.all([
    ask('/orders/20'),
    ask('/orders/500'),
    ask('/report/500'),
    ask('/report/900', hangsUp.signal).catch(() => 'nobody waited')
  ])
  console.log(statuses.join(', '))
  // It hears of those who hang up a little later.
  while (seen.answered + seen.cancelled < statuses.length) await sleep(10)
  console.log(`The backend answered ${seen.answered}, and ${seen.cancelled} were cancelled. Failures: ${breaker.stats.failures}.`)

  breaker.shutdown()
  for (const server of [backend, front]) {
    server.close()
    server.closeAllConnections()
  }
}

main()
