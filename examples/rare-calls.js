'use strict'

// A backend that is asked rarely, and says itself when it may be asked again:
// node examples/rare-calls.js (3 s).
//
// It lets so many calls pass, and then none for a second (`429`, `Retry-After`). The circuit looks
// at the last calls, however long ago they were, waits for as long as it was told, and lets five
// calls try, of which two may fail.

const { once } = require('node:events')
const http = require('node:http')
const { setTimeout: sleep } = require('node:timers/promises')

const CircuitBreaker = require('..')

let quota = 8
let isShaky = false
let requests = 0
const server = http.createServer((request, response) => {
  requests++
  if (quota-- > 0) {
    // Fresh from its rest it loses every third request.
    response.statusCode = isShaky && requests % 3 === 0 ? 503 : 200
  } else {
    response.statusCode = 429
    response.setHeader('Retry-After', 1)
  }
  response.end()
})

async function main () {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  const get = async path => {
    const response = await fetch(url + path)
    await response.arrayBuffer()
    if (!response.ok) {
      const retryAfter = Number(response.headers.get('retry-after')) * 1000
      throw Object.assign(new Error(`status ${response.status}`), { status: response.status, retryAfter })
    }
  }

  let isOverQuota = false
  const breaker = new CircuitBreaker(get, {
    name: 'quota',
    // The last ten calls, of today or of yesterday, judged from the fourth on.
    window: { calls: 10 },
    volumeThreshold: 4,
    // One answer that says "no more" is enough.
    classify: ({ error }) => {
      isOverQuota = error?.status === 429
      return undefined
    },
    shouldTrip: () => isOverQuota,
    // For as long as it says.
    resetTimeout: (attempt, { error }) => error?.retryAfter || 5000,
    // Five calls try, and two of them may fail; one that hangs is not waited for.
    halfOpenCalls: 5,
    halfOpenThresholdPercentage: 40,
    halfOpenTimeout: 1000
  })

  const began = Date.now()
  const say = text => console.log(`${String(Date.now() - began).padStart(5)} ms  ${text}`)
  breaker.on('open', ({ reason }) => say(`open by ${reason}, tried again in ${Math.round(breaker.nextAttemptAt - Date.now())} ms`))
  breaker.on('halfOpen', () => {
    quota = Infinity
    isShaky = true
    requests = 0
    say('half open: five calls may try')
  })
  breaker.on('close', () => say(`closed after ${requests} requests`))

  while (!breaker.opened) {
    await breaker.fire('/report').then(() => say('well'), error => say(error.message))
    await sleep(50)
  }
  while (!breaker.closed) {
    await breaker.fire('/report').catch(() => {})
    await sleep(50)
  }

  breaker.shutdown()
  server.close()
  server.closeAllConnections()
}

main()
