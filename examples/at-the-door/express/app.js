'use strict'

// The service in Express: `GET /health`, and `POST /orders`, which costs some work and an answer
// of the backend.

const express = require('express')
const { byInFlight, byLag } = require('./door')

const DOORS = { lag: byLag, 'in-flight': byInFlight }

/** Listens, with one of the doors or without; the `http.Server`. */
function listen ({ door, limits, order, port }) {
  const app = express()
  app.disable('x-powered-by')

  // Outside the door: who asks whether this process lives must not hear that it is busy, or the
  // orchestrator ends it in the middle of the rush.
  app.get('/health', (request, response) => response.json({ status: 'up' }))

  // Before the body is read. Who pays must be seen without work: from what the gateway puts into
  // a header, and lets nobody else put there.
  const isPaying = request => request.headers['x-plan'] === 'paying'
  if (door !== 'none') app.use(DOORS[door]({ isPaying, ...limits }))

  app.use(express.json())
  app.post('/orders', async (request, response) => {
    const { answer, status } = await order(request.body)
    response.status(status).json(answer)
  })

  return new Promise((resolve, reject) => {
    const server = app.listen(port, '127.0.0.1', error => error ? reject(error) : resolve(server))
  })
}

module.exports = { listen }
