'use strict'

// Loop time where there is no libuv: in the main thread of a page and in workers. The server has
// answered while the thread was blocked; who hangs is found all the same.

const { test } = require('node:test')
const assert = require('node:assert/strict')

const BLOCKED_MS = 800
const TIMEOUT_MS = 300
const CALLS = 20

const block = ms => { for (const end = performance.now() + ms; performance.now() < end;); }
const sleep = ms => new Promise(resolve => { setTimeout(resolve, ms) })

const BREAKER = { timeout: TIMEOUT_MS, volumeThreshold: 5, errorThresholdPercentage: 50, resetTimeout: 200 }

test('a thread that is blocked while answers come takes none of them for late', async () => {
  const breaker = new globalThis.CircuitBreaker((answer, address) => answer.of(address), { ...BREAKER, volumeThreshold: 1000 })
  let judged = 0
  // On a machine that is busy itself some answers are late by right: the browser's network says which.
  for (let round = 0; round < 10 && judged < 12; round++) {
    // Six at once: more a browser holds back on its own.
    const calls = Array.from({ length: 6 }, () => begin(breaker))
    // They are on their way.
    await sleep(20)
    block(BLOCKED_MS)
    const freedAt = performance.now()
    for (const { answer, outcome, url } of calls) {
      const told = await outcome
      await answer.promise
      const [entry] = performance.getEntriesByName(url)
      if (!(entry?.responseEnd < freedAt)) continue
      assert.equal(told, 'answered')
      judged++
    }
    performance.clearResourceTimings()
  }
  assert.ok(judged >= 12, `${judged} answers were there`)
  breaker.shutdown()
})

function begin (breaker) {
  const url = new URL(`/answer?after=50&${Math.random()}`, globalThis.location.href).href
  const answer = {
    of: address => (answer.promise = fetch(address).then(response => response.text()))
  }
  const outcome = breaker.fire(answer, url).catch(({ code }) => code)
  return { answer, outcome, url }
}

test('a backend that hangs is found, also by a thread that was blocked meanwhile', async () => {
  for (const isBlocked of [false, true]) {
    const breaker = new globalThis.CircuitBreaker(() => new Promise(() => {}), BREAKER)
    const began = performance.now()
    const calls = Array.from({ length: CALLS }, () => breaker.fire().catch(({ code }) => code))
    await sleep(20)
    if (isBlocked) block(BLOCKED_MS)
    assert.deepEqual([...new Set(await Promise.all(calls))], ['ETIMEDOUT'])
    assert.ok(performance.now() - began < 20_000)
    assert.equal(breaker.state, 'open')
    breaker.shutdown()
  }
})

test('what was stalled is told', async () => {
  const { loop } = globalThis.CircuitBreaker
  const before = loop.total.stalls
  const stalls = []
  const hear = length => stalls.push(length)
  loop.on('stall', hear)
  const breaker = new globalThis.CircuitBreaker(() => sleep(1500), { timeout: 3000 })
  const call = breaker.fire()
  await sleep(50)
  block(BLOCKED_MS)
  await call
  loop.off('stall', hear)
  assert.ok(loop.total.stalls > before, 'a stall is counted')
  assert.ok(stalls.some(length => length > BLOCKED_MS / 2), `heard of ${stalls}`)
  breaker.shutdown()
})
