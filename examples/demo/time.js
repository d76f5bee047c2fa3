'use strict'

// Where the demo stands: the seconds since it began, and the step that goes on.

const { CircuitBreaker: { loop } } = require('../..')
const { STEPS } = require('./acts')

/** The length of a slice of time, one to a column of the pictures, in seconds. */
const SLICE = 0.4

class Time {
  #began = performance.now()
  step = STEPS[0]
  /** The slices in which the loop of this process was stalled. */
  stalled = new Set()

  constructor () {
    loop.on('stall', ms => {
      const now = this.now()
      for (let at = now - ms / 1000; at < now; at += SLICE / 2) this.stalled.add(Math.floor(at / SLICE))
    })
  }

  now () {
    return (performance.now() - this.#began) / 1000
  }
}

module.exports = { SLICE, Time }
