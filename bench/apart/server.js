'use strict'

// A server whose handler makes one guarded call for every request, under autocannon.

const { execFile } = require('node:child_process')
const { once } = require('node:events')
const { createServer } = require('node:http')
const { promisify } = require('node:util')

const run = promisify(execFile)

const CONNECTIONS = 50

module.exports = {
  rows: {
    rate: { what: 'requests a second of an HTTP server', unit: 'rate' },
    p99: { what: 'latency of an HTTP server, p99', unit: 'ms' }
  },
  takesPart: () => true,
  rounds: 3,
  thorough: true,
  measure: async ({ guard }) => {
    const guarded = guard(async url => `answer to ${url}`, {})
    const server = createServer((request, response) => {
      guarded.fire(request.url).then(answer => response.end(answer), error => response.writeHead(500).end(error.message))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${server.address().port}/`
    await cannonade(url, 1)
    const { errors, latency, non2xx, requests } = await cannonade(url, 5)
    server.close()
    server.closeAllConnections()
    guarded.shutdown?.()
    if (errors + non2xx > 0) throw new Error(`${errors + non2xx} requests failed`)
    return { rate: requests.average, p99: latency.p99 }
  }
}

async function cannonade (url, seconds) {
  const program = require.resolve('autocannon')
  const { stdout } = await run(process.execPath, [program, '--json', '--connections', CONNECTIONS, '--duration', seconds, url])
  return JSON.parse(stdout)
}
