'use strict'

// All of it in one command: how much each service can do, and then twice as much, without shedding,
// with a breaker at the backend alone, and with each of the doors. Prints a table, and writes a picture.

const { mkdir, writeFile } = require('node:fs/promises')
const { join, relative } = require('node:path')
const chart = require('./lib/chart')
const { number, readOptions, some } = require('./lib/options')
const { capacityOf, run } = require('./lib/run')
const { table } = require('./lib/summary')
const { FRAMEWORKS, VARIANTS } = require('./lib/variants')

const options = readOptions('compare', {
  framework: { help: 'express, fastify, or both', value: FRAMEWORKS.join(), read: some(...FRAMEWORKS) },
  variant: { help: 'which of them', value: Object.keys(VARIANTS).join(), read: some(...Object.keys(VARIANTS)) },
  times: { help: 'the rush, in times of what the service can do', value: '2', read: number(0.1) },
  seconds: { help: 'how long the rush is', value: '15', read: number(1) },
  calm: { help: 'how many seconds at half of what it can do are before it, and after', value: '5', read: number(1) },
  connections: { help: 'so many are kept open to the service, as by gateways; 0: one for each order', value: '400', read: number() },
  patience: { help: 'after how many ms customers hang up', value: '2000', read: number(1) },
  out: { help: 'where chart.svg and results.json go', value: join(__dirname, 'results') }
})

async function main () {
  const { framework: frameworks, out, variant: variants, ...about } = options
  const { connections, seconds, times } = about
  const runs = []
  for (const framework of frameworks) {
    const capacity = await capacityOf(framework, { connections, seconds: Math.max(2, seconds / 4) })
    console.log(`${framework} answers ${Math.round(capacity)} orders a second; now ${times} times as many come, for ${seconds} s`)
    const own = []
    for (const variant of variants) own.push(await run({ framework, variant, capacity, ...about }))
    console.log(`\n${table(own)}\n`)
    runs.push(...own)
  }
  await mkdir(out, { recursive: true })
  await write('chart.svg', chart(runs))
  await write('results.json', `${JSON.stringify(runs.map(({ framework, variant, summary }) => ({ framework, variant, ...summary })), null, 2)}\n`)
}

async function write (name, text) {
  const path = join(options.out, name)
  await writeFile(path, text)
  console.log(`written: ${relative(process.cwd(), path)}`)
}

// The programs that run end with this one.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

main().catch(error => {
  console.error(`compare: ${error.message}`)
  process.exitCode = 1
})
