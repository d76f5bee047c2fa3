'use strict'

// The service that the demo calls: an HTTP server in a process of its own that is as healthy
// as its parent tells it to be. The parent sends the name of a phase; the answer says, once
// the phase is in force, where the server is and how many requests it got. Each of its
// responses says how long the server took for it.

const http = require('node:http')
const { once } = require('node:events')

const HOST = '127.0.0.1'

// How long a reply takes, in ms. The power gives the healthy service the long tail that real
// ones have.
const DELAY = {
  well: () => 8 + 30 * Math.random() ** 4,
  slow: () => 500 + 200 * Math.random()
}

let phase
let port = 0
let seen = 0
// Requests that hang: they are answered when all is well again.
let hanging = []

const server = http.createServer((request, response) => {
  seen++
  const began = performance.now()
  const answer = () => {
    response.setHeader('x-took', Math.round(performance.now() - began))
    response.end('hello\n')
  }
  if (phase === 'hangs') hanging.push(answer)
  else setTimeout(answer, DELAY[phase]())
})

async function enter (next) {
  if (next === 'down') {
    // Being down is real: no port listens, so that new connections are refused.
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  } else if (!server.listening) {
    // The first time any port will do; after that callers know it.
    server.listen(port, HOST)
    await once(server, 'listening')
    port = server.address().port
  }
  phase = next
  if (phase === 'hangs') return
  for (const answer of hanging) answer()
  hanging = []
}

process.on('message', async next => {
  await enter(next)
  process.send({ url: `http://${HOST}:${port}/`, seen })
})

// No orphan stays behind, however the parent ended. Ctrl-C reaches both processes, and it is
// for the parent to say what happens then.
process.on('disconnect', () => process.exit())
process.on('SIGINT', () => {})
