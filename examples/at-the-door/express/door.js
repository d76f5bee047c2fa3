'use strict'

// Middleware for Express that refuses at the door: before the body is read and any work is done.
// Each is whole: copy the one you need.

const CircuitBreaker = require('didelphis')

/**
 * Refuses while this turn of the event loop has been busy for longer than `maxLag` ms: whoever
 * is let in now would wait for all that is before it. Paying customers are refused last.
 */
function byLag ({ maxLag = 50, isPaying = () => false } = {}) {
  const { loop } = CircuitBreaker
  return (request, response, next) => {
    const limit = isPaying(request) ? 4 * maxLag : maxLag
    if (loop.lag > limit) return refuse(response)
    next()
  }
}

/**
 * Refuses while `places` requests are under way: reckoned from their beginning to the end of the
 * answer, or until the caller has hung up. Paying customers have as many places of their own.
 */
function byInFlight ({ places = 6, isPaying = () => false } = {}) {
  // They count and never open: no rate is above 100 %.
  const options = { capacity: places, errorThresholdPercentage: 100, timeout: false }
  const free = new CircuitBreaker(() => {}, { name: 'door', ...options })
  const paying = new CircuitBreaker(() => {}, { name: 'door of paying customers', ...options })
  return (request, response, next) => {
    let permit
    try {
      permit = (isPaying(request) ? paying : free).acquire()
    } catch {
      return refuse(response)
    }
    response.once('close', () => permit.success())
    next()
  }
}

module.exports = { byInFlight, byLag }

// By chance, for whoever is refused at the same moment is not to come back at the same moment.
function refuse (response) {
  response.set('Retry-After', String(1 + Math.floor(5 * Math.random()))).status(503).json({ error: 'busy' })
}
