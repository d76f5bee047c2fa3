'use strict'

// The load of a server, in a process of its own: so many clients, each of whom asks for the
// next page once it has one; or arrivals at random, at a share of what the server can do.

const http = require('node:http')
const { dice } = require('../clock')

const { clients, page, port, share } = JSON.parse(process.argv[2])
const agent = new http.Agent({ keepAlive: true })
const roll = dice(1)

function ask (then) {
  http.get({ agent, host: '127.0.0.1', port }, response => {
    response.resume()
    response.on('end', then)
  }).on('error', () => process.exit())
}

function again () {
  ask(again)
}

// Of which the gaps are exponential.
function arrive () {
  ask(() => {})
  setTimeout(arrive, -Math.log(1 - roll()) * page / share)
}

if (share) arrive()
else for (let i = 0; i < clients; i++) again()

process.on('disconnect', () => process.exit())
