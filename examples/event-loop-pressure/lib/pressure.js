'use strict'

// Pressure on the event loop of this process: at times it is held for a while, as a large
// JSON or a synchronous hash would hold it. Used by the proxy, on itself.

const { stat } = require('node:fs')
const createRandom = require('./random')

// Where in the loop's turn it is held. It matters: after a timer's callback the loop reads
// its sockets before it runs more timers, after all others it does not. The work of most
// servers follows from I/O.
const PHASES = {
  io: hold => stat(__filename, hold),
  immediate: hold => setImmediate(hold),
  timer: hold => hold()
}

class Pressure {
  #timer
  #random

  constructor () {
    this.settings = null
    this.stalls = 0
    this.stalled = 0
  }

  /** Begins to hold the loop for `stall` ms, after pauses of so many ms. */
  start ({ every, phase, seed = 1, stall }) {
    this.stop()
    this.settings = { every, phase, stall }
    this.#random = createRandom(seed)
    this.#wait()
  }

  stop () {
    clearTimeout(this.#timer)
    this.settings = null
  }

  #wait () {
    const { settings } = this
    const { every: [from, to], phase } = settings
    this.#timer = setTimeout(PHASES[phase], from + (to - from) * this.#random(), () => {
      // Other settings may have come meanwhile.
      if (settings !== this.settings) return
      this.#hold()
      this.#wait()
    })
  }

  #hold () {
    const began = performance.now()
    while (performance.now() - began < this.settings.stall);
    this.stalls++
    this.stalled += performance.now() - began
  }
}

module.exports = { PHASES: Object.keys(PHASES), Pressure }
