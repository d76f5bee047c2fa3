'use strict'

// A real Prometheus, with the configuration that is committed, watches a proxy at work,
// and is asked what the dashboard asks. Needs `prometheus` on the PATH.

const { cp, mkdtemp, rm, writeFile } = require('node:fs/promises')
const { createServer } = require('node:net')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const Children = require('../lib/children')
const { ask } = require('../lib/client')
const { queries } = require('./support/queries')

const SECONDS = 16

async function main (children, folder) {
  // An ill backend, so that the circuit opens.
  const backend = await children.start('backend.js', '--port', 0, '--errors', 70)
  const proxy = await children.start('proxy.js', '--port', 0, '--backend', backend.url, '--stall', 100)
  await cp(join(__dirname, '../prometheus.yml'), join(folder, 'prometheus.yml'))
  await writeFile(join(folder, 'targets.json'), JSON.stringify([{ targets: [new URL(proxy.url).host] }]))
  const url = `http://127.0.0.1:${await freePort()}`
  children.spawn('prometheus', '--log.level=warn', `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${new URL(url).host}`)

  const began = Date.now() / 1000
  await until(async () => (await ask(`${url}/api/v1/query?query=up`)).data.result[0]?.value[1] === '1')
  const load = await children.start('load-test.js', '--proxy', proxy.url, '--seconds', SECONDS)
  await load.next()

  const range = `start=${began}&end=${Date.now() / 1000}&step=1`
  let silent = 0
  for (const { expr, title } of queries) {
    const { data: { result } } = await ask(`${url}/api/v1/query_range?query=${encodeURIComponent(expr)}&${range}`)
    const values = result.flatMap(({ values }) => values).map(([, value]) => Number(value)).filter(value => !Number.isNaN(value))
    if (values.length === 0) silent++
    const said = values.length > 0 ? `${result.length} series, up to ${Math.max(...values)}` : 'NO ANSWER'
    console.log(`prometheus: ${title}: ${said}   ${expr}`)
  }
  if (silent > 0) throw new Error(`${silent} of ${queries.length} queries have no answer`)
  console.log(`prometheus: all ${queries.length} queries of the dashboard are answered`)
}

async function until (holds) {
  for (const deadline = Date.now() + 30_000; !await holds().catch(() => false);) {
    if (Date.now() > deadline) throw new Error('Prometheus does not see the proxy')
    await sleep(200)
  }
}

function freePort () {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function run () {
  const children = new Children()
  const folder = await mkdtemp(join(tmpdir(), 'pressure-'))
  const end = async () => {
    await children.stop()
    await rm(folder, { recursive: true, force: true })
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end().then(() => process.exit(1)))
  try {
    await Promise.race([main(children, folder), children.failure])
  } finally {
    await end()
  }
}

run().catch(error => {
  console.error(`prometheus: ${error.message}`)
  // What was to come next must not begin.
  process.exit(1)
})
