'use strict'

// The backend, in a process of its own, which no stall reaches. It answers a request,
// `/id/delay/size`, after so many milliseconds with so many bytes, and notes when it
// had it and when it answered; with a delay of -1 it does not answer before it is told
// to. The same over HTTP, HTTPS and plain TCP. Ends with whoever forked it.

const http = require('node:http')
const https = require('node:https')
const net = require('node:net')
const { now } = require('./clock')

const notes = new Map()
const hanging = new Map()
const bodies = new Map()

function answer (line, send) {
  const [, id, delay, size] = line.split('/')
  const run = id.split('.', 1)[0]
  const note = { received: now(), sent: Infinity }
  if (!notes.has(run)) notes.set(run, {})
  notes.get(run)[id] = note
  const respond = () => {
    send(body(Number(size)))
    note.sent = now()
  }
  if (delay !== '-1') setTimeout(respond, Number(delay))
  else if (hanging.has(run)) hanging.get(run).push(respond)
  else hanging.set(run, [respond])
}

function body (size) {
  if (!bodies.has(size)) bodies.set(size, Buffer.alloc(size, 'x'))
  return bodies.get(size)
}

// What is asked of the backend itself: to let the hanging calls of a run go, its notes,
// and the time.
const ASKED = {
  now,
  release (run) {
    for (const respond of hanging.get(run) ?? []) respond()
    hanging.delete(run)
  },
  notes (run) {
    const of = notes.get(run) ?? {}
    notes.delete(run)
    return of
  }
}

function onRequest (request, response) {
  const [, asked, run] = request.url.split('/')
  if (ASKED[asked]) response.end(JSON.stringify(ASKED[asked](run) ?? null))
  else answer(request.url, data => response.end(data))
}

function onConnection (socket) {
  let line = ''
  socket.setNoDelay()
  socket.on('error', () => {})
  socket.on('data', data => {
    line += data
    if (!line.endsWith('\n')) return
    answer(line.trim(), data => socket.write(data))
    line = ''
  })
}

process.on('disconnect', () => process.exit())
process.once('message', certificate => {
  const servers = {
    http: http.createServer(onRequest),
    https: https.createServer(certificate, onRequest),
    net: net.createServer(onConnection)
  }
  const ports = {}
  for (const [name, server] of Object.entries(servers)) {
    server.keepAliveTimeout = 120_000
    server.listen(0, '127.0.0.1', 1024, () => {
      ports[name] = server.address().port
      if (Object.keys(ports).length === 3) process.send(ports)
    })
  }
})
