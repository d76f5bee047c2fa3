'use strict'

// A backend to guard: an HTTP server on a port of its own, which answers as it is told to.

const { once } = require('node:events')
const http = require('node:http')

const { fireInTurn, fireTogether } = require('./fire')

/**
 * Starts one, which is gone when test `t` ends. `backend.answer` is `(request, response) => void`;
 * `backend.requests` counts, `backend.get(path)` asks it: a promise of the status, which rejects for
 * 500 and above.
 */
async function startBackend (t, answer = ok) {
  const backend = { answer, requests: 0, underWay: 0, mostUnderWay: 0, url: '', get: path => get(backend.url, path) }
  const server = http.createServer((request, response) => {
    backend.requests++
    backend.mostUnderWay = Math.max(backend.mostUnderWay, ++backend.underWay)
    response.on('close', () => backend.underWay--)
    backend.answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  backend.url = `http://127.0.0.1:${server.address().port}`
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return backend
}

/** All is well. */
function ok (request, response) {
  response.end('ok')
}

/** It is down. */
function down (request, response) {
  response.statusCode = 503
  response.end('down')
}

/** No answer comes. */
function hang () {}

function get (url, path = '/') {
  return new Promise((resolve, reject) => {
    http.get(url + path, { agent: false }, response => {
      response.resume()
      const { headers, statusCode } = response
      if (statusCode < 500) resolve(statusCode)
      else reject(Object.assign(new Error(`status ${statusCode}`), { headers, statusCode }))
    }).on('error', reject)
  })
}

module.exports = { down, fireInTurn, fireTogether, hang, ok, startBackend }
