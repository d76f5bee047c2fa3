'use strict'

// What `__test__/policies/support/backend.js` is under Node, for a page: it answers in the page itself.

const { fireInTurn, fireTogether } = require('../../../../__test__/policies/support/fire')
const { turn } = require('./wait')

async function startBackend (t, answer = ok) {
  const backend = { answer, requests: 0, underWay: 0, mostUnderWay: 0, url: 'http://backend', get: path => ask(backend, path) }
  return backend
}

function ask (backend, path = '/') {
  return new Promise((resolve, reject) => {
    turn().then(() => {
      backend.requests++
      backend.mostUnderWay = Math.max(backend.mostUnderWay, ++backend.underWay)
      const closed = []
      const headers = {}
      const response = {
        statusCode: 200,
        on: (name, act) => { if (name === 'close') closed.push(act) },
        setHeader: (name, value) => { headers[name.toLowerCase()] = String(value) },
        writeHead (statusCode, given = {}) {
          response.statusCode = statusCode
          for (const [name, value] of Object.entries(given)) headers[name.toLowerCase()] = String(value)
          return response
        },
        end () {
          backend.underWay--
          for (const act of closed) act()
          const { statusCode } = response
          turn().then(() => statusCode < 500 ? resolve(statusCode) : reject(Object.assign(new Error(`status ${statusCode}`), { headers, statusCode })))
        },
        destroy () {
          backend.underWay--
          turn().then(() => reject(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })))
        }
      }
      backend.answer({ url: path, headers: {}, method: 'GET', resume () {}, on () {} }, response)
    })
  })
}

function ok (request, response) {
  response.end('ok')
}

function down (request, response) {
  response.statusCode = 503
  response.end('down')
}

function hang () {}

module.exports = { down, fireInTurn, fireTogether, hang, ok, startBackend }
