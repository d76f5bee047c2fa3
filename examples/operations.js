'use strict'

// A breaker in the hands of its operators: node examples/operations.js (1 s).
//
// It is tried out before it may refuse anybody, gets other options while it lives, is held open
// during maintenance, and is switched off with all others when it does harm itself.

const { once } = require('node:events')
const http = require('node:http')

const CircuitBreaker = require('..')

let isUp = false
const server = http.createServer((request, response) => {
  response.statusCode = isUp ? 200 : 503
  response.end()
})

async function main () {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  const get = async path => {
    const response = await fetch(url + path)
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`status ${response.status}`)
  }
  const breaker = new CircuitBreaker(get, { name: 'orders', preset: 'modern', metricsOnly: true })
  const fire = async times => {
    const all = await Promise.allSettled(Array.from({ length: times }, () => breaker.fire('/orders')))
    return all.filter(({ reason }) => CircuitBreaker.isOurError(reason)).length
  }
  const show = title => console.log(`${title}\n  ${breaker.state}: ${breaker.explain()}\n`)

  breaker.on('wouldOpen', () => console.log('It would open now.'))
  console.log(`Of 50 calls to a backend that is down ${await fire(50)} are refused.`)
  show('Tried out')

  breaker.update({ metricsOnly: false, volumeThreshold: 5 })
  console.log(`Of 50 more, one after the other, ${await inTurn(50, () => fire(1))} are refused.`)
  show('In earnest')

  isUp = true
  const maintenance = breaker.forceOpen()
  console.log(`During maintenance ${await fire(50)} of 50 are refused.`)
  show('Held open')
  maintenance.dispose()
  show('After it')

  breaker.open()
  CircuitBreaker.disableAll()
  console.log(`With all breakers off ${await fire(50)} of 50 are refused.`)
  show('Off')
  CircuitBreaker.enableAll()
  show('On again')

  breaker.shutdown()
  server.close()
  server.closeAllConnections()
}

async function inTurn (times, act) {
  let sum = 0
  for (let time = 0; time < times; time++) sum += await act()
  return sum
}

main()
