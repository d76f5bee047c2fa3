'use strict'

// A stream is guarded from its beginning to its end, by a permit:
//
//   node examples/stream.js
//
// A backend sends a long file, and does not always come to its end: it breaks off, or hangs. Who has
// asked for the file may go before it is whole, which is nobody's fault.

const { once } = require('node:events')
const http = require('node:http')
const { Writable } = require('node:stream')
const { pipeline } = require('node:stream/promises')
const { setTimeout: sleep } = require('node:timers/promises')

const CircuitBreaker = require('..')

const PARTS = 10

/** Sends a file in parts: whole, in part, or ever more slowly. */
async function send (request, response) {
  for (let part = 0; part < PARTS; part++) {
    if (part === 5 && request.url === '/broken') return response.destroy()
    if (part === 5 && request.url === '/hanging') return
    response.write('x'.repeat(1000))
    await sleep(5)
  }
  response.end()
}

async function main () {
  const backend = http.createServer(send).listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const { port } = backend.address()

  // The action is not asked where permits are. The timeout is that of the whole stream.
  const breaker = new CircuitBreaker(() => {}, { name: 'files', timeout: 500, volumeThreshold: 3, errorThresholdPercentage: 60 })

  /** Copies a file to where it is wanted. */
  const copy = async (path, target, signal) => {
    const permit = breaker.acquire({ signal })
    try {
      const request = http.get({ port, path, signal: permit.signal })
      const [response] = await once(request, 'response', { signal: permit.signal })
      await pipeline(response, target, { signal: permit.signal })
      permit.success()
    } catch (error) {
      // What has been given up, or has timed out, is settled already.
      permit.failure(error)
      throw error
    }
  }

  const read = async (path, signal) => {
    let length = 0
    const target = new Writable({
      write (part, _, done) {
        length += part.length
        done()
      }
    })
    const how = await copy(path, target, signal).then(() => 'whole', error => {
      // What was aborted has the reason as its cause.
      const { code, name } = error.name === 'AbortError' ? error.cause ?? error : error
      return typeof code === 'string' ? code : name
    })
    console.log(`${path}: ${length} bytes, ${how}`)
  }

  await read('/whole')
  await read('/whole', AbortSignal.timeout(25))
  await read('/broken')
  await read('/hanging')
  await read('/broken')
  await read('/whole')
  const { fires, successes, failures, timeouts, rejects } = breaker.stats
  console.log({ fires, successes, failures, timeouts, rejects, state: breaker.state })

  breaker.shutdown()
  backend.closeAllConnections()
  backend.close()
}

main()
