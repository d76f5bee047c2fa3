'use strict'

// The backend, a process of its own: an HTTP server that fails as often as it is told to, and
// counts what reaches it.

const http = require('node:http')

let failing = 0
let requests = 0

const server = http.createServer((request, response) => {
  requests++
  if (Math.random() < failing) response.statusCode = 503
  response.end()
})

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))

process.on('message', ({ share }) => {
  // Without one it is a question.
  if (share !== undefined) failing = share
  process.send({ requests })
})

process.on('disconnect', () => process.exit())
