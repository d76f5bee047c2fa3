'use strict'

// Making a breaker, and ending what it does by itself: an opossum that is not shut down is
// there for good.

const { succeed } = require('../calls')

const BREAKERS = 20

module.exports = [
  {
    id: 'one',
    what: () => 'making a breaker and shutting it down',
    takesPart: ({ bare }) => !bare,
    setUp: contestant => contestant,
    batch: ({ guard }) => {
      for (let number = 0; number < BREAKERS; number++) guard(succeed, {}).shutdown?.()
      return BREAKERS
    }
  }
]
