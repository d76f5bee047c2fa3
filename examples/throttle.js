'use strict'

// A backend that is asked for more than it can do, guarded by a circuit and by a throttle:
// node examples/throttle.js (6 s).
//
// For three seconds it answers 3 calls in each tenth of a second, and refuses the others. A circuit
// opens, and refuses all of them until it may try. A throttle refuses a share of the calls, by chance:
// some are always made, and more are answered.

const { once } = require('node:events')
const http = require('node:http')
const { setTimeout: sleep } = require('node:timers/promises')

const CircuitBreaker = require('..')

// For each of the two, in this tenth of a second.
let most = Infinity
let left = {}
const server = http.createServer((request, response) => {
  const caller = request.url.slice(1)
  left[caller] ??= most
  response.statusCode = left[caller]-- > 0 ? 200 : 503
  response.end()
})
setInterval(() => { left = {} }, 100).unref()

async function main () {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  const get = async caller => {
    const response = await fetch(`${url}/${caller}`)
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`status ${response.status}`)
  }
  const window = { rollingCountTimeout: 1000 }
  const breakers = {
    circuit: new CircuitBreaker(get, { ...window, volumeThreshold: 10, resetTimeout: 500 }),
    throttle: new CircuitBreaker(get, { ...window, throttle: true })
  }

  console.log('phase                    with a    answered  failed  refused')
  for (const [phase, share] of [['all is well', Infinity], ['3 in 100 ms', 3], ['all is well again', Infinity]]) {
    most = share
    left = {}
    const counts = Object.fromEntries(Object.keys(breakers).map(name => [name, { answered: 0, failed: 0, refused: 0 }]))
    const calls = []
    for (let call = 0; call < 400; call++) {
      for (const [name, breaker] of Object.entries(breakers)) {
        const counted = counts[name]
        calls.push(breaker.fire(name).then(() => counted.answered++, error => {
          CircuitBreaker.isOurError(error) ? counted.refused++ : counted.failed++
        }))
      }
      await sleep(5)
    }
    await Promise.all(calls)
    for (const [name, { answered, failed, refused }] of Object.entries(counts)) {
      console.log(`${phase.padEnd(24)} ${name.padEnd(9)} ${[answered, failed, refused].map(count => String(count).padStart(8)).join('')}`)
    }
    if (share < Infinity) console.log(`  throttle: ${breakers.throttle.explain()}`)
  }

  for (const breaker of Object.values(breakers)) breaker.shutdown()
  server.close()
  server.closeAllConnections()
}

main()
