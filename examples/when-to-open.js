'use strict'

// When a circuit opens, and why: node examples/when-to-open.js (2 s).
//
// A backend that is asked for things which are not there, then answers slowly, then fails, then
// says with `200 OK` that it is overloaded. One breaker notices each of these.

const { once } = require('node:events')
const http = require('node:http')
const { setTimeout: sleep } = require('node:timers/promises')

const CircuitBreaker = require('..')

// What the backend does: a status, how long that takes in ms, and a body.
let answer = [200, 0, 'well']
const server = http.createServer(async (request, response) => {
  const [status, ms, body] = answer
  await sleep(ms)
  response.statusCode = status
  response.end(body)
})

async function main () {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  const get = async path => {
    const response = await fetch(url + path)
    const body = await response.text()
    if (!response.ok) throw Object.assign(new Error(`status ${response.status}`), { status: response.status })
    return body
  }

  const breaker = new CircuitBreaker(get, {
    resetTimeout: 60_000,
    // A share of what the service answered: no refusals, no calls under way.
    rateOf: 'outcomes',
    volumeThreshold: 10,
    // What failed before the circuit closed does not open it again.
    resetWindowOnClose: true,
    // A dead backend is noticed after five calls, whatever the volume.
    consecutiveFailures: 5,
    // One that drags, though it does not fail.
    slowCallDuration: 50,
    slowCallThresholdPercentage: 30,
    // Nobody's failure, and a failure that looks well.
    classify: ({ error, result }) => error?.status === 404 ? 'ignore' : result === 'overloaded' ? 'failure' : undefined
  })
  breaker.on('open', ({ reason, ...figures }) => {
    const { at, ...counts } = figures
    console.log(`  opened by ${reason}: ${JSON.stringify(counts)}`)
  })

  for (const [what, ...how] of [
    ['things that are not there, between good answers', 404, 0, ''],
    ['slow answers', 200, 80, 'well'],
    ['failures', 503, 0, ''],
    ['results that are failures', 200, 0, 'overloaded']
  ]) {
    console.log(what)
    breaker.close()
    for (let call = 0; call < 20 && !breaker.opened; call++) {
      answer = call % 2 === 0 || what === 'failures' ? how : [200, 0, 'well']
      await breaker.fire('/orders').catch(() => {})
    }
    if (!breaker.opened) console.log(`  still closed: ${breaker.stats.failures} failures`)
  }

  const refused = await breaker.fire('/orders').catch(error => error)
  console.log(`\nrefused: ${refused.message}, because of ${refused.cause}`)

  breaker.shutdown()
  server.close()
  server.closeAllConnections()
}

main()
