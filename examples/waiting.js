'use strict'

// A healthy backend that is asked in bursts, with a queue before its places and without:
// node examples/waiting.js (2 s).
//
// It takes 10 ms for a call, and four at a time are enough for what comes: 20 calls every 100 ms.
// Without a queue all of a burst but the first four are refused. With one they wait, for 40 ms at
// the most, and the backend has never more than four to do.

const { once } = require('node:events')
const http = require('node:http')
const { setTimeout: sleep } = require('node:timers/promises')

const CircuitBreaker = require('..')

const underWay = {}
const most = {}
const server = http.createServer((request, response) => {
  const caller = request.url.slice(1)
  underWay[caller] = (underWay[caller] ?? 0) + 1
  most[caller] = Math.max(most[caller] ?? 0, underWay[caller])
  setTimeout(() => {
    underWay[caller]--
    response.end('ok')
  }, 10)
})

async function main () {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  const get = async caller => {
    const response = await fetch(`${url}/${caller}`)
    return response.text()
  }
  // Refusals for want of a place are no reason to open: the service is well.
  const options = { capacity: 4, rateOf: 'outcomes', errorThresholdPercentage: 100 }
  const breakers = {
    plain: new CircuitBreaker(get, options),
    queue: new CircuitBreaker(get, { ...options, queue: { size: 50, timeout: 500 } })
  }

  for (const [name, breaker] of Object.entries(breakers)) {
    const outcomes = {}
    const calls = []
    for (let burst = 0; burst < 8; burst++) {
      for (let call = 0; call < 20; call++) {
        calls.push(breaker.fire(name).then(() => 'answered', error => error.code).then(outcome => {
          outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
        }))
      }
      if (burst === 0) console.log(`${name}: ${breaker.explain()}`)
      await sleep(100)
    }
    await Promise.all(calls)
    console.log(`${name}: ${JSON.stringify(outcomes)}, at the most ${most[name]} at a time`)
  }

  for (const breaker of Object.values(breakers)) breaker.shutdown()
  server.close()
  server.closeAllConnections()
}

main()
