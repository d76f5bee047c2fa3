'use strict'

const CircuitBreaker = require('./lib/circuit-breaker')

// One class, however it is asked for: as a CommonJS module, as an ES module's default
// or named import, or by a transpiler that looks for `default`.
module.exports = CircuitBreaker
module.exports.CircuitBreaker = CircuitBreaker
module.exports.default = CircuitBreaker
// The statics too can be imported by name: Node finds such names in this file alone.
module.exports.disableAll = CircuitBreaker.disableAll
module.exports.enableAll = CircuitBreaker.enableAll
module.exports.isOurError = CircuitBreaker.isOurError
module.exports.newStatus = CircuitBreaker.newStatus
module.exports.promisify = CircuitBreaker.promisify
module.exports.registry = CircuitBreaker.registry
module.exports.retryBudget = CircuitBreaker.retryBudget
module.exports.serve = CircuitBreaker.serve
module.exports.loop = CircuitBreaker.loop
module.exports.binding = CircuitBreaker.binding
