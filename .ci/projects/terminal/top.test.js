'use strict'

// `didelphis top` in a real terminal, tmux's: `.ci/terminal` runs this, for not everybody has one.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const { join } = require('node:path')
const { afterEach, beforeEach, test } = require('node:test')
const { setTimeout: wait } = require('node:timers/promises')
const { promisify } = require('node:util')

const CircuitBreaker = require('../../..')

const run = promisify(execFile)
const SOCKET = `didelphis-${process.pid}`
const COMMAND = join(__dirname, '..', '..', '..', 'bin', 'didelphis.js')

const tmux = async (...args) => (await run('tmux', ['-L', SOCKET, '-f', '/dev/null', ...args])).stdout
const screen = () => tmux('capture-pane', '-p')

/** Waits until the screen shows that, and gives it. */
async function shown (pattern) {
  for (let tries = 0; tries < 300; tries++) {
    const text = await screen()
    if (pattern.test(text)) return text
    await wait(100)
  }
  assert.fail(`no ${pattern} on the screen:\n${await screen()}`)
}

let breaker, isIll, server
beforeEach(async () => {
  isIll = false
  breaker = new CircuitBreaker(async () => { if (isIll) throw new Error('ill') }, { name: 'backend' })
  server = await CircuitBreaker.serve()
  const line = `echo begun; '${process.execPath}' '${COMMAND}' top ${server.url}; echo "ended $?"; stty -a | grep -o -- '-\\?icanon'; sleep 60`
  await tmux('new-session', '-d', '-x', '150', '-y', '10', line)
})
afterEach(async () => {
  await tmux('kill-server').catch(() => {})
  breaker.shutdown()
  await server.close()
})

test('it is live, and leaves the terminal as it was', async () => {
  const text = await shown(/^backend +closed/m)
  assert.match(text, /^didelphis {2}http:\/\/127\.0\.0\.1:\d+\/ {2}\d\d:\d\d:\d\dZ {2}q: quit$/m)
  assert.ok(!text.includes('begun'))
  isIll = true
  await breaker.fire().catch(() => {})
  await shown(/^backend +open .*errorThresholdPercentage, tries in/m)
  await tmux('send-keys', 'q')
  // What stty says comes last.
  const after = await shown(/^-?icanon$/m)
  assert.match(after, /^ended 0$/m)
  assert.match(after, /^begun$/m)
  assert.match(after, /^icanon$/m)
  assert.ok(!after.includes('backend'))
})

test('it fits a terminal that is made smaller and larger, and ends with Ctrl+C', async () => {
  const more = Array.from({ length: 20 }, (_, index) => new CircuitBreaker(async () => {}, { name: `more-${index}` }))
  await shown(/^… and 16 more$/m)
  await tmux('resize-window', '-x', '60', '-y', '30')
  const large = await shown(/^more-19/m)
  assert.ok(!large.includes('… and'))
  await tmux('resize-window', '-x', '30', '-y', '6')
  const small = await shown(/^… and 20 more$/m)
  assert.ok(small.split('\n').every(line => line.length <= 30), small)
  await tmux('send-keys', 'C-c')
  await shown(/^ended 0$/m)
  for (const breaker of more) breaker.shutdown()
})

test('it goes on while the server is away, and says so', async () => {
  await shown(/^backend +closed/m)
  const { port } = new URL(server.url)
  await server.close()
  await shown(/^didelphis|nobody listens at/m)
  await shown(/nobody listens at http:\/\/127\.0\.0\.1:\d+\//)
  server = await CircuitBreaker.serve({ port: Number(port) })
  await shown(/^didelphis {2}http[^]*^backend +closed/m)
})
