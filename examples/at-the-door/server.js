'use strict'

// The service, in a process of its own.

const { number, one, readOptions } = require('./lib/options')
const { createOrder } = require('./lib/order')
const { endWithParent, tellParent } = require('./lib/parent')
const { DOORS, FRAMEWORKS } = require('./lib/variants')

const options = readOptions('server', {
  framework: { help: FRAMEWORKS.join(' or '), value: 'express', read: one(...FRAMEWORKS) },
  door: { help: DOORS.join(', '), value: 'lag', read: one(...DOORS) },
  places: { help: 'how many orders may ask the backend at a time', value: 'Infinity', read: number(1) },
  backend: { help: 'where the backend is', value: 'http://127.0.0.1:3001' },
  port: { help: 'port to listen on; 0: any', value: '3000', read: number() }
})

async function main () {
  const { backend, door, framework, places, port } = options
  const { listen } = require(`./${framework}/app`)
  const order = createOrder({ backend, places: Number.isFinite(places) ? places : undefined })
  const server = await listen({ door, order, port })
  // A client that keeps its connections must not find one closed under its request.
  server.keepAliveTimeout = 60_000
  const url = `http://127.0.0.1:${server.address().port}`
  endWithParent()
  if (!tellParent({ url })) console.log(`${framework}, door: ${door}: ${url}`)
}

main().catch(error => {
  console.error(`server: ${error.message}`)
  process.exitCode = 1
})
