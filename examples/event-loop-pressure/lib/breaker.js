'use strict'

// The circuit breaker of the proxy: one class or the other, with the same options. The
// other one is not even loaded.

const BREAKERS = ['opossum', 'didelphis']

const OPTIONS = {
  timeout: 500,
  errorThresholdPercentage: 50,
  resetTimeout: 5000,
  rollingCountTimeout: 10_000,
  rollingCountBuckets: 10,
  // A second or so of calls: one error alone is no rate.
  volumeThreshold: 40
}

function createBreaker (name, action) {
  const CircuitBreaker = require(name)
  return {
    breaker: new CircuitBreaker(action, { ...OPTIONS, name: 'backend' }),
    // What only didelphis knows, and does.
    loop: CircuitBreaker.loop,
    serve: CircuitBreaker.serve
  }
}

module.exports = { BREAKERS, OPTIONS, createBreaker }
