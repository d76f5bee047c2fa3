'use strict'

// A backend in a process of its own, which no stall of the test reaches. `/N` answers
// after N milliseconds with the moment of the answer; `/hang` never does. Tells its
// port to whoever forked it, and ends with him.

const http = require('node:http')

const server = http.createServer((request, response) => {
  if (request.url === '/hang') return
  setTimeout(() => response.end(String(performance.timeOrigin + performance.now())), Number(request.url.slice(1)))
})

server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
process.on('disconnect', () => process.exit())
