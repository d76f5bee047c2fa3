'use strict'

// What a service does that is guarded by didelphis, or, without the name of a module, one that
// is not: calls over HTTP that succeed, fail and hang, and a loop that stalls. `serve` besides
// listens as CircuitBreaker.serve, and asks it.

const { once } = require('node:events')
const { createServer, get } = require('node:http')
const { setTimeout: sleep } = require('node:timers/promises')

const [name, serve] = process.argv.slice(2)
// Without it a call is its action, which ends as late as a guarded one.
const CircuitBreaker = name ? require(name) : class { constructor (action) { this.fire = action } shutdown () {} }

main()

async function main () {
  const backend = createServer((request, response) => {
    if (request.url === '/hang') return
    response.statusCode = request.url === '/fail' ? 500 : 200
    response.end('answered')
  }).listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const ask = path => new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port: backend.address().port, path }, response => {
      response.resume().on('end', () => response.statusCode === 200 ? resolve() : reject(new Error('failed')))
    }).on('error', reject)
    setTimeout(() => request.destroy(), 400)
  })

  const server = serve && await CircuitBreaker.serve({ port: 0 })
  const breaker = new CircuitBreaker(ask, { timeout: 150, resetTimeout: 200, volumeThreshold: 3 })
  for (const path of ['/', '/', '/fail', '/hang', '/hang', '/']) await breaker.fire(path).catch(() => {})
  const end = Date.now() + 120
  while (Date.now() < end);
  await sleep(300)
  await breaker.fire('/')
  if (server) {
    for (const path of ['/metrics', '/api/breakers', '/healthz']) await (await fetch(new URL(path, server.url))).text()
    await server.close()
  }
  breaker.shutdown()
  backend.closeAllConnections()
  backend.close()
  console.log(`ended${name ? `: ${breaker.status.stats.timeouts} timeouts` : ''}`)
}
