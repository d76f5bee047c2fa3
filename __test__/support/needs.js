'use strict'

// What a test needs that not each half has: where it lacks, the test asserts what is documented for
// that instead.

const { binding } = require('../..')

module.exports = {
  /** Whether breakers of all threads of the process hear of each other. */
  hasThreads: binding.kind === 'native'
}
