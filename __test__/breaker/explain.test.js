'use strict'

// `breaker.explain()`: why the circuit stands as it does, with the figures that decided.

const assert = require('node:assert/strict')
const { test, afterEach } = require('node:test')

const CircuitBreaker = require('../..')
const { child } = require('../support/child')
const { until } = require('../support/wait')

const act = async fails => { if (fails) throw new Error('down') }
const calls = async (breaker, ...outcomes) => {
  for (const outcome of outcomes) await breaker.fire(outcome === 'fails').catch(() => {})
}

let breaker
const make = options => (breaker = new CircuitBreaker(act, options))

afterEach(() => breaker.shutdown())

test('closed: what the window holds, and what would open it', async () => {
  make({ errorThresholdPercentage: 40, volumeThreshold: 10, consecutiveFailures: 7 })
  assert.equal(breaker.explain(), 'Closed: calls go through. The window holds no call; it opens above 40 %, from 10 calls on, or at 7 failures in a row.')
  await calls(breaker, 'fails', 'well', 'well')
  assert.match(breaker.explain(), /The window holds 1 failures of 3 calls \(33\.3 %\);/)
})

test('closed: outcomes, the last of them, and a warm-up', async () => {
  make({ window: { calls: 50 }, rateOf: 'outcomes', allowWarmUp: true })
  assert.equal(breaker.explain(),
    'Closed: calls go through. The window holds no call; it opens above 50 % of the last 50 outcomes, from 50 calls on. It is warming up, and does not open yet.')
})

test('closed: the calls that are judged, and whatever else would open it', async () => {
  make({
    classify: ({ error }) => error ? undefined : 'ignore',
    maxFailures: 9,
    resetWindowOnClose: true,
    shouldTrip: () => false,
    slowCallDuration: 700,
    volumeThreshold: 2
  })
  await calls(breaker, 'well', 'well', 'fails')
  assert.match(breaker.explain(), /holds 1 failures of 1 calls \(100 %\); it opens above 50 %, from 2 calls on, or at 9 failures in a row \(maxFailures\), or above 50 % slower than 700 ms, or where shouldTrip says so\.$/)
  await calls(breaker, 'fails')
  assert.ok(breaker.opened)
  breaker.close()
  assert.match(breaker.explain(), /^Closed: calls go through\. The window holds no call;/, 'what was before says nothing')
})

test('closed: what share of the calls goes through', async () => {
  make({ rampUp: 1_000_000, random: () => 0.5 })
  breaker.open()
  breaker.close()
  await assert.rejects(breaker.fire(), { code: 'ERAMPUP' })
  assert.match(breaker.explain(), /^Closed: 10(\.\d)? % of the calls go through, more by and by \(rampUp\)\. /)
})

test('open: by what share of calls, and when one may try', async () => {
  make({ volumeThreshold: 3, resetTimeout: 30_000 })
  await calls(breaker, 'well', 'fails', 'fails')
  assert.match(breaker.explain(),
    /^Open for \d+ ms, because 2 of 3 calls had failed \(66\.7 %, above 50 %\)\. Calls are refused; in (30|29\.\d) s one may try\.$/)
})

test('open: by a row, by hand, by a call that tried, and for ever', async () => {
  make({ consecutiveFailures: 2, errorThresholdPercentage: 100, resetTimeout: 1 })
  await calls(breaker, 'fails', 'fails')
  assert.match(breaker.explain(), /because 2 calls in a row had failed \(consecutiveFailures: 2\)/)
  const alive = setInterval(() => {}, 1000)
  await until(() => breaker.halfOpen)
  clearInterval(alive)
  assert.equal(breaker.explain(), 'Half open: the next call may try. It had opened because 2 calls in a row had failed (consecutiveFailures: 2).')
  breaker.options.resetTimeout = Infinity
  const trying = breaker.fire(true)
  assert.match(breaker.explain(), /^Half open: a call is trying, and others are refused until it has ended\./)
  await trying.catch(() => {})
  assert.match(breaker.explain(), /^Open for \d+ ms, because a call that tried it had failed\. Every call is refused until close\(\)\.$/)
  breaker.close()
  breaker.open()
  assert.match(breaker.explain(), /, by open\(\) or a health check\./)
})

test('closed again: calls from before count for nothing, where the window is reset', async () => {
  make({ resetWindowOnClose: true, rateOf: 'outcomes' })
  assert.doesNotMatch(breaker.explain(), /from before/)
  await calls(breaker, 'fails')
  breaker.close()
  assert.match(breaker.explain(), /holds no call; it opens above 50 %, not counting those from before it closed\.$/)
})

test('whatever its mode is', () => {
  make()
  breaker.forceOpen()
  assert.equal(breaker.explain(), 'Forced open: every call is refused until close().')
  CircuitBreaker.disableAll()
  assert.match(breaker.explain(), /^All breakers of the process are disabled, by .* The circuit beneath is open\.$/)
  CircuitBreaker.enableAll()
  breaker.close()
  breaker.disable()
  assert.equal(breaker.explain(), 'Disabled: every call goes through, unguarded, until enable().')
  breaker.metricsOnly()
  assert.equal(breaker.explain(), 'Counting only: no call is refused. The window holds no call.')
  breaker.shutdown()
  assert.equal(breaker.explain(), 'Shut down: every call is refused for good.')
})

test('NODE_DEBUG writes each transition so, and nothing is written without', async () => {
  const written = async NODE_DEBUG => (await child(({ path, require }) => {
    const CircuitBreaker = require(path)
    const breaker = new CircuitBreaker(() => {}, { name: 'payments' })
    breaker.open()
    breaker.close()
  }, { env: { NODE_DEBUG } })).stderr
  assert.match(await written('didelphis'), /^DIDELPHIS \d+: payments: Open for \d+ ms, by open\(\).*\nDIDELPHIS \d+: payments: Closed: .*\n$/)
  assert.equal(await written(''), '')
  make()
})
