'use strict'

// What is compared.

const FRAMEWORKS = ['express', 'fastify']
const DOORS = ['none', 'lag', 'in-flight']

// `places` are those of the breaker around the backend.
const VARIANTS = {
  none: { title: 'no shedding', door: 'none' },
  breaker: { title: 'a breaker at the backend', door: 'none', places: 10 },
  lag: { title: 'door: lag', door: 'lag' },
  'in-flight': { title: 'door: in flight', door: 'in-flight' }
}

module.exports = { DOORS, FRAMEWORKS, VARIANTS }
