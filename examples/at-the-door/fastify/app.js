'use strict'

// The service in Fastify: `GET /health`, and `POST /orders`, which costs some work and an answer
// of the backend.

const fastify = require('fastify')
const { byInFlight, byLag } = require('./door')

const DOORS = { lag: byLag, 'in-flight': byInFlight }

/** Listens, with one of the doors or without; the `http.Server`. */
async function listen ({ door, limits, order, port }) {
  const app = fastify()

  // Outside the door: who asks whether this process lives must not hear that it is busy, or the
  // orchestrator ends it in the middle of the rush.
  app.get('/health', async () => ({ status: 'up' }))

  // Hooks of a plugin are for its own routes. Who pays must be seen without work: from what the
  // gateway puts into a header, and lets nobody else put there.
  app.register(async orders => {
    const isPaying = request => request.headers['x-plan'] === 'paying'
    if (door !== 'none') orders.addHook('onRequest', DOORS[door]({ isPaying, ...limits }))

    orders.post('/orders', async (request, reply) => {
      const { answer, status } = await order(request.body)
      reply.code(status)
      return answer
    })
  })

  await app.listen({ port, host: '127.0.0.1' })
  return app.server
}

module.exports = { listen }
