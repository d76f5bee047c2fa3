'use strict'

// Puts a proxy that runs under pressure, until it is told to stop or its time is over.

const { setTimeout: sleep } = require('node:timers/promises')
const { setPressure } = require('./lib/client')
const { number, one, range, readOptions } = require('./lib/options')
const { PHASES } = require('./lib/pressure')

const options = readOptions('pressure', {
  proxy: { help: 'where the proxy is', value: 'http://127.0.0.1:3000' },
  stall: { help: 'for how long its event loop is held each time, ms', value: '100', read: number(1) },
  every: { help: 'pauses between that, shortest and longest, ms', value: '1000-2000', read: range },
  phase: { help: `where in the loop's turn: ${PHASES.join(', ')}`, value: 'io', read: one(...PHASES) },
  seconds: { help: 'for how long together; without it: until Ctrl-C', read: number() }
})

async function main () {
  const { every: [from, to], proxy, seconds, stall } = options
  await setPressure(proxy, options)
  console.log(`pressure: ${proxy} is held for ${stall} ms after every ${from} to ${to} ms`)
  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopped.abort())
  // A timer of a month is as good as none, and keeps the process alive.
  await sleep(seconds === undefined ? 2 ** 31 - 1 : 1000 * seconds, undefined, { signal: stopped.signal })
    .catch(() => {})
  await setPressure(proxy, { ...options, stall: 0 })
  console.log('pressure: let go')
}

main().catch(error => {
  console.error(`pressure: ${error.cause?.message ?? error.message}`)
  process.exitCode = 1
})
