'use strict'

// A timeout that follows the service: node examples/learned-timeout.js (9 s).
//
// It begins with the longest a call may take, learns that the service answers in 20 ms, sees it become
// three times slower, and does not learn the outage that follows.

const { setTimeout: sleep } = require('node:timers/promises')

const CircuitBreaker = require('..')

const service = { latency: 20, hangs: false }
const ask = async () => {
  if (service.hangs) await sleep(5000, undefined, { ref: false })
  await sleep(service.latency + Math.random() * 5)
}

const breaker = new CircuitBreaker(ask, { timeout: { adaptive: true, max: 2000 }, volumeThreshold: 50, resetTimeout: 500 })

async function load (ms) {
  let timedOut = 0
  const began = Date.now()
  for (let fired = 0, passed = 0; passed < ms; passed = Date.now() - began) {
    for (; fired < passed * 0.6; fired++) breaker.fire().catch(({ code }) => { if (code === 'ETIMEDOUT') timedOut++ })
    await sleep(5)
  }
  return timedOut
}

async function act (what, ms) {
  const timedOut = await load(ms)
  const { learnedTimeout } = breaker.stats
  console.log(`${what}: ${timedOut} calls timed out, a call may take ${learnedTimeout} ms`)
}

async function main () {
  await act('nothing is known yet', 500)
  await act('it answers in 20 ms', 2500)
  service.latency = 60
  await act('it answers in 60 ms', 3000)
  service.hangs = true
  await act('it hangs', 1500)
  service.hangs = false
  await act('it is back', 1500)
  console.log(breaker.explain())
  breaker.shutdown()
}

main()
