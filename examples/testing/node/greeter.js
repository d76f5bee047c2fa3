'use strict'

// The service under test: greets users whom it looks up through a circuit breaker.

const CircuitBreaker = require('didelphis')

class Greeter {
  /** `findUser(id)` asks the backend: a promise of `{ name }`. */
  constructor (findUser, options) {
    this.breaker = new CircuitBreaker(findUser, { timeout: 500, resetTimeout: 10_000, ...options })
  }

  /** A greeting by name; without one, when the backend cannot be asked. */
  async greet (id) {
    try {
      const { name } = await this.breaker.fire(id)
      return `Hello, ${name}!`
    } catch {
      return 'Hello!'
    }
  }
}

module.exports = Greeter
