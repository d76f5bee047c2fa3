'use strict'

// Asks the proxy at a steady rate, and tells how long that took and what came of it.

const autocannon = require('autocannon')
const { once } = require('node:events')
const { setTimeout: sleep } = require('node:timers/promises')
const { number, readOptions } = require('./lib/options')
const { endWithParent, tellParent } = require('./lib/parent')
const { percentiles } = require('./lib/percentiles')

const options = readOptions('load-test', {
  proxy: { help: 'where the proxy is', value: 'http://127.0.0.1:3000' },
  rate: { help: 'requests a second', value: '40', read: number(1) },
  seconds: { help: 'for how long', value: '30', read: number(1) }
})

// autocannon sends what is due in a second at the beginning of it. Ten of them, begun one
// after another, come to a steady rate.
const PARTS = 10

async function main () {
  endWithParent()
  const { proxy, rate, seconds } = options
  if (!tellParent({ ready: true })) console.log(`load-test: ${proxy}, ${rate} requests a second, ${seconds} s`)
  const answers = []
  const parts = await Promise.all(Array.from({ length: PARTS }, async (_, part) => {
    const share = Math.floor((part + 1) * rate / PARTS) - Math.floor(part * rate / PARTS)
    await sleep(1000 * part / PARTS)
    return share > 0 && load(`${proxy}/api/data`, share, seconds, answers)
  }))
  const errors = parts.reduce((sum, part) => sum + (part ? part.errors + part.timeouts : 0), 0)
  const result = { answers, errors }
  if (!tellParent(result)) print(result)
  if (process.connected) process.disconnect()
}

async function load (url, rate, seconds, answers) {
  // A connection for each request of a second: none waits for the one before it.
  const cannon = autocannon({ url, overallRate: rate, connections: rate, duration: seconds })
  cannon.on('response', (client, status, bytes, ms) => answers.push({ status, ms }))
  const [result] = await once(cannon, 'done')
  return result
}

function print ({ answers, errors }) {
  const statuses = [...new Set(answers.map(({ status }) => status))].sort()
  for (const status of statuses) {
    const times = answers.filter(answer => answer.status === status).map(({ ms }) => ms)
    const { max, p50, p95 } = percentiles(times)
    const ms = value => `${Math.round(value)} ms`
    console.log(`  ${status}  ${String(times.length).padStart(6)} answers, p50 ${ms(p50)}, p95 ${ms(p95)}, max ${ms(max)}`)
  }
  console.log(`load-test: ${answers.length} answers, ${errors} errors`)
}

main().catch(error => {
  console.error(`load-test: ${error.message}`)
  process.exitCode = 1
})
