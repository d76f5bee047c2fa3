'use strict'

// A process with as many breakers as it is told, which are served. Used by the bench beside it: who
// scrapes this one takes of the machine what scrapes take, and nothing of the loop that is measured.

const CircuitBreaker = require('../..')

const breakers = Array.from({ length: Number(process.argv[2]) }, (_, n) => new CircuitBreaker(async () => {}, { name: `breaker ${n}` }))
process.on('disconnect', () => process.exit())
CircuitBreaker.serve().then(({ url }) => process.send({ url, breakers: breakers.length }))
