'use strict'

// Timeouts are judged in loop time: real HTTP, a backend in another process, real
// stalls. opossum runs beside, to show that the experiment tells the two apart.

const assert = require('node:assert/strict')
const { fork } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')
const { after, before, test } = require('node:test')
const { Worker } = require('node:worker_threads')

const CircuitBreaker = require('../..')
const Opossum = require('opossum')
const {
  CALLS, Client, PHASES, busy, now, sleep, turn, underShortTurns, underStalls
} = require('./support/experiment')

const BOTH = [CircuitBreaker, Opossum]

let backend, port

before(async () => {
  backend = fork(join(__dirname, 'support', 'backend.js'), { execArgv: [] })
  ;[port] = await once(backend, 'message')
})

after(() => backend.disconnect())

test('a call that was answered during a stall has not timed out', async t => {
  let falselyByOpossum = 0
  for (const phase of PHASES) {
    await t.test(`a stall in ${phase}`, async t => {
      const [ours, theirs] = await underStalls(BOTH, phase, port)
      falselyByOpossum += theirs.falsely
      report(t, ours, theirs)
      assertNoFalseTimeout(ours)
    })
  }
  assert.notEqual(falselyByOpossum, 0, 'the experiment has no teeth')
})

test('a call that was answered during short turns has not timed out', async t => {
  const [ours, theirs] = await underShortTurns(BOTH, port)
  report(t, ours, theirs)
  assertNoFalseTimeout(ours)
  assert.notEqual(theirs.falsely, 0, 'the experiment has no teeth')
})

test('a call that was answered during a stall of a worker has not timed out', { timeout: 30_000 }, async t => {
  const workerData = { phase: 'an I/O callback', port }
  const worker = new Worker(join(__dirname, 'support', 'worker.js'), { workerData })
  const [[ours]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')])
  report(t, ours)
  assertNoFalseTimeout(ours)
})

// What the machine does only ever makes timeouts later: it may hold up the timer thread,
// which nothing in this process can measure. A breaker that is late by itself is late
// every time. So one good attempt tells, and a few are made. What timers of the same
// length suffer beside the calls, if it is more than the few milliseconds that are the
// price of any timer, is allowed on top, for a machine that is never quiet.
test('an idle loop hears of a timeout when it is due', { timeout: 60_000 }, async t => {
  const timeout = 200
  let inTime = false
  for (let attempt = 1; !inTime && attempt <= 5; attempt++) {
    const plain = []
    const calls = hang(t, timeout)
    for (let i = 0; i < 50; i++) {
      calls.fire()
      plain.push(delay(timeout))
      await sleep(1 + i % 5)
    }
    const late = (await calls.timedOut()).map(took => took - timeout)
    const worst = Math.max(...late)
    const worstPlain = Math.max(...await Promise.all(plain)) - timeout
    t.diagnostic(`at most ${worst.toFixed(1)} ms late, setTimeout ${worstPlain.toFixed(1)} ms`)
    assert(Math.min(...late) >= -1, 'never before its deadline')
    inTime = worst <= 40 + (worstPlain > 10 ? worstPlain : 0)
  }
  assert(inTime)
})

test('a loop that is busy in short turns still times out its calls', { timeout: 60_000 }, async t => {
  const timeout = 250
  const calls = hang(t, timeout)
  for (let i = 0; i < 20; i++) calls.fire()
  let turns = 0
  for (; calls.waiting > 0 && turns < 300; turns++) {
    busy(5 + turns % 16)
    await turn()
  }
  const took = Math.max(...await calls.timedOut())
  t.diagnostic(`after ${took.toFixed(0)} ms and ${turns} turns`)
  assert(took <= 3 * timeout + 1000)
})

test('a stall puts off a timeout by its length', { timeout: 60_000 }, async t => {
  const timeout = 300
  const calls = hang(t, timeout)
  for (let i = 0; i < 10; i++) calls.fire()
  await sleep(100)
  const stallBegan = now()
  busy(700)
  const stall = now() - stallBegan
  const took = (await calls.timedOut()).map(took => took - stall)
  t.diagnostic(`without the stall: ${Math.min(...took).toFixed(0)} to ${Math.max(...took).toFixed(0)} ms`)
  assert(Math.min(...took) >= timeout - 1, 'it is not counted')
  // What the machine adds, and a turn that was busy before the stall began.
  assert(Math.max(...took) <= timeout + 200, 'nothing else is put off')
})

function report (t, ours, theirs) {
  const told = theirs ? `, opossum ${theirs.falsely} of ${theirs.hit}` : ''
  t.diagnostic(`false timeouts: didelphis ${ours.falsely} of ${ours.hit}${told}`)
}

function assertNoFalseTimeout ({ errors, falsely, hit }) {
  assert(hit >= CALLS, `only ${hit} calls were hit`)
  assert.deepEqual({ errors, falsely }, { errors: 0, falsely: 0 })
}

// Calls to a backend that never answers, until the test is over: a timeout that is
// missing is to fail the test and not to keep it waiting.
function hang (t, timeout) {
  const client = new Client(port)
  t.after(() => client.close())
  const breaker = new CircuitBreaker(() => client.get('/hang'), { timeout, errorThresholdPercentage: 100 })
  const all = []
  return {
    waiting: 0,
    fire () {
      const fired = now()
      this.waiting++
      all.push(breaker.fire().then(
        () => assert.fail('it has answered'),
        error => {
          this.waiting--
          assert.equal(error.code, 'ETIMEDOUT')
          return now() - fired
        }
      ))
    },
    // How long each took.
    timedOut: () => Promise.all(all)
  }
}

async function delay (ms) {
  const began = now()
  await sleep(ms)
  return now() - began
}
