'use strict'

// `didelphis/testing`: a breaker in any state, and a clock to step. For the tests of those who use breakers;
// the library itself requires nothing of it.

const { breakerIn } = require('./breaker-in')
const { steppedClock } = require('./stepped-clock')

module.exports = { breakerIn, steppedClock }
