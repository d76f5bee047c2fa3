'use strict'

// A server that is told to end answers whoever has asked:
//
//   node examples/graceful-shutdown.js
//
// Clients ask until they are refused, and would then ask another server. In the midst of that the
// process gets a SIGTERM, as from an orchestrator. (It sends that to itself here.)

const { once } = require('node:events')
const http = require('node:http')
const { setTimeout: sleep } = require('node:timers/promises')

const CircuitBreaker = require('..')

const CLIENTS = 40

async function listening (server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

async function main () {
  const backend = http.createServer((request, response) => setTimeout(() => response.end('well'), 5 + Math.random() * 30))
  const backendPort = await listening(backend)

  const breaker = new CircuitBreaker(async () => {
    const response = await fetch(`http://127.0.0.1:${backendPort}`, { signal: breaker.getSignal() })
    return response.text()
  }, { name: 'backend', timeout: 2000 })

  const server = http.createServer(async (request, response) => {
    try {
      response.end(await breaker.fire())
    } catch (error) {
      response.writeHead(503, { connection: 'close' }).end(error.code)
    }
  })
  const port = await listening(server)

  const answers = { well: 0, refused: 0, lost: 0 }
  const ask = () => new Promise((resolve, reject) => {
    http.get({ port, agent: false }, response => {
      response.resume().on('end', () => resolve(response.statusCode === 200 ? 'well' : 'refused')).on('error', reject)
    }).on('error', reject)
  })
  const client = async () => {
    for (let how = 'well'; how === 'well';) {
      how = await ask().catch(() => 'lost')
      answers[how]++
    }
  }
  const clients = Array.from({ length: CLIENTS }, client)

  process.once('SIGTERM', async () => {
    const { fires } = breaker.stats
    // Whoever still comes is refused at once; whoever has come is answered.
    await breaker.drain({ timeout: 5000 })
    const { successes } = breaker.stats
    await Promise.all(clients)
    server.close()
    await once(server, 'close')
    backend.closeAllConnections()
    backend.close()
    console.log(`${fires} calls had begun when the signal came, ${successes} were answered, in the end`)
    console.log(`the clients got ${answers.well} answers; ${answers.refused} were refused, ${answers.lost} lost`)
    if (answers.lost > 0 || answers.well !== successes) process.exitCode = 1
  })

  while (breaker.stats.successes < 300) await sleep(10)
  process.kill(process.pid, 'SIGTERM')
}

main()
