'use strict'

// A backend that is never the trouble here: it answers after 20 ms, however many ask.

const http = require('node:http')
const { readOptions, number } = require('./lib/options')
const { endWithParent, tellParent } = require('./lib/parent')

const options = readOptions('backend', {
  port: { help: 'port to listen on; 0: any', value: '3001', read: number() }
})

const server = http.createServer((request, response) => {
  setTimeout(() => response.setHeader('Content-Type', 'application/json').end('{"left":7}'), 20)
})
server.keepAliveTimeout = 60_000
server.listen(options.port, '127.0.0.1', () => {
  endWithParent()
  tellParent({ url: `http://127.0.0.1:${server.address().port}` })
})
