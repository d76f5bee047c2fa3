'use strict'

// The examples that are one file each run, and end by themselves.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const { readdirSync } = require('node:fs')
const { join } = require('node:path')
const { describe, test } = require('node:test')
const { promisify } = require('node:util')

const { hasThreads } = require('../support/needs')

const EXAMPLES = join(__dirname, '..', '..', 'examples')
const files = readdirSync(EXAMPLES).filter(name => name.endsWith('.js'))

describe('an example runs, and says something', () => {
  assert.ok(files.length > 0, 'examples are found')
  for (const name of files) {
    const asserted = isServed(name) && !hasThreads ? notServed : test
    asserted(name, async () => {
      const { stderr, stdout } = await promisify(execFile)(process.execPath, [join(EXAMPLES, name)], { timeout: 60_000 })
      assert.equal(stderr, '')
      assert.notEqual(stdout, '')
    })
  }
})

// Of the addon alone.
function isServed (name) {
  return name === 'metrics.js'
}

function notServed (name) {
  test(`not here: ${name}`, () => assert.rejects(promisify(execFile)(process.execPath, [join(EXAMPLES, name)]), /ENATIVE/))
}

test('the way back that one shows is that of its options', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(EXAMPLES, 'recovery.js')], { timeout: 60_000 })
  const waits = Array.from(stdout.matchAll(/half open after (\d+) ms/g), ([, ms]) => Number(ms))
  assert.ok(waits.length >= 3, stdout)
  waits.forEach((wait, attempt) => {
    const longest = Math.min(400, 50 * 2 ** attempt)
    assert.ok(wait >= Math.floor(0.9 * longest) && wait <= longest, stdout)
  })
  assert.match(stdout, /closed\n/)
  assert.match(stdout, /"ERAMPUP":\d/)
})

test('the end of a server that one shows loses no answer, and the queue no message', async () => {
  const outputOf = async name => (await promisify(execFile)(process.execPath, [join(EXAMPLES, name)], { timeout: 60_000 })).stdout
  const server = await outputOf('graceful-shutdown.js')
  const [, begun] = /^(\d+) calls had begun when the signal came, \1 were answered/.exec(server) ?? assert.fail(server)
  assert.ok(begun >= 300, server)
  assert.match(server, /, 0 lost\n/)
  assert.match(await outputOf('queue.js'), /^40 of 40 messages stored/)
})

test('the reasons to open that one shows are those of its options', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(EXAMPLES, 'when-to-open.js')], { timeout: 60_000 })
  const reasons = Array.from(stdout.matchAll(/opened by (\w+)/g), ([, reason]) => reason)
  assert.deepEqual(reasons, ['slowCallThresholdPercentage', 'consecutiveFailures', 'errorThresholdPercentage'], stdout)
  assert.match(stdout, /still closed: 0 failures/)
  assert.match(stdout, /because of Error: The result counts as a failure/)
})

test('the queue that one shows lets a burst through, at the pace of the backend', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(EXAMPLES, 'waiting.js')], { timeout: 60_000 })
  assert.match(stdout, /^plain: \{.*"ESEMLOCKED":\d+.*\}, at the most 4 at a time$/m)
  assert.match(stdout, /^queue: \{"answered":160\}, at the most 4 at a time$/m)
})

test('the throttle that one shows refuses a share and opens nothing', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(EXAMPLES, 'throttle.js')], { timeout: 60_000 })
  assert.match(stdout, /throttle: Closed: .* % of the calls are refused by chance \(throttle\)/)
})

test('the limit that one shows keeps a flooded service answering, and opens nothing', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(EXAMPLES, 'adaptive-capacity.js')], { timeout: 60_000 })
  const inTime = Array.from(stdout.matchAll(/: (\d+) answered within 500 ms/g), ([, calls]) => Number(calls))
  const [without, adaptive] = inTime.sort((a, b) => a - b)
  assert.match(stdout, new RegExp(`adaptive capacity: ${adaptive} answered`))
  assert.ok(adaptive > 2 * without, stdout)
  assert.match(stdout, /^Closed: .* Latencies allow \d+ calls at once/m)
})

test('the timeout that one shows is learned, and an outage is not', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(EXAMPLES, 'learned-timeout.js')], { timeout: 60_000 })
  const [first, learned, slower, outage] = Array.from(stdout.matchAll(/may take ([\d.]+) ms$/gm), ([, ms]) => Number(ms))
  assert.equal(first, 2000, stdout)
  assert.ok(learned < 2000 && slower < 2000, stdout)
  // It may have risen once before it was seen that the service is gone.
  assert.ok(outage <= 1.6 * slower, stdout)
})

test('the call on terms of its own that one shows is cancelled with its caller, and no other', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(EXAMPLES, 'one-call.js')], { timeout: 60_000 })
  assert.match(stdout, /^200, 503, 200, nobody waited$/m)
  assert.match(stdout, /^The backend answered 2, and 2 were cancelled\. Failures: 1\.$/m)
})

test('the circuit of the rare calls that one shows waits for as long as it is told, and lets one of its tries fail', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(EXAMPLES, 'rare-calls.js')], { timeout: 60_000 })
  assert.match(stdout, /open by shouldTrip, tried again in (?:1000|99\d) ms/)
  assert.match(stdout, /closed after 4 requests/)
})
