'use strict'

// A breaker for each host: node examples/registry.js (1 s).
//
// One host that is down is no reason to refuse calls to another. Breakers are made as hosts come
// up, and forgotten when there are too many, but for those that know of trouble.

const { once } = require('node:events')
const http = require('node:http')

const CircuitBreaker = require('..')

async function startHost (status) {
  const server = http.createServer((request, response) => {
    response.statusCode = status
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, url: new URL(`http://127.0.0.1:${server.address().port}/`) }
}

const hosts = CircuitBreaker.registry({
  action: async url => {
    const response = await fetch(url)
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`status ${response.status}`)
  },
  defaults: { preset: 'modern', volumeThreshold: 5, timeout: 1000 },
  max: 3
})

const get = url => hosts.for(url.host).fire(url)

async function main () {
  const all = await Promise.all([503, 200, 200, 200, 200].map(startHost))
  for (const { url } of all) {
    for (let time = 0; time < 10; time++) await get(url).catch(() => {})
  }
  console.log(`${all.length} hosts, and ${hosts.size} breakers:`)
  for (const [host, breaker] of hosts) console.log(`  ${host} is ${breaker.state}`)
  for (const { server } of all) server.close()
}

main()
