'use strict'

// The backend, a process of its own: an HTTP server with so many slots, and before them one queue
// without an end, first in, first out. A call, `/ms/class`, takes a slot for so long; a slot sleeps,
// it does not burn. It does not know that a caller has gone, and works for them, too. Ends with
// whoever forked it.

const http = require('node:http')

// `slowness` is that of usual calls; those of the slow class take as long as ever.
let condition = { slots: 0, slowness: 1, hangs: false }
let busy = 0
const queue = []
let first = 0

const server = http.createServer((request, response) => {
  const [, ms, kind] = request.url.split('/')
  const job = { ms: Number(ms), isSlow: kind === 'slow', response }
  // Of one whose caller has gone, the work is left.
  response.on('close', () => { job.response = null })
  queue.push(job)
  work()
})

function work () {
  while (!condition.hangs && busy < condition.slots && first < queue.length) {
    const job = queue[first]
    queue[first++] = null
    busy++
    setTimeout(end, job.isSlow ? job.ms : job.ms * condition.slowness, job)
  }
  if (first === queue.length) queue.length = first = 0
}

function end ({ response }) {
  busy--
  response?.end('done')
  work()
}

// Sockets stay open for as long as the caller likes.
server.keepAliveTimeout = server.requestTimeout = server.headersTimeout = 0
server.listen(0, '127.0.0.1', 4096, () => process.send({ port: server.address().port }))

process.on('message', message => {
  condition = { ...condition, ...message }
  work()
})
process.on('disconnect', () => process.exit())
