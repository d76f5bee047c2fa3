'use strict'

// Chance that can be had twice: both breakers meet the same answers and the same stalls.

/** A function like `Math.random`, whose numbers follow from the seed (Tommy Ettinger's mulberry32). */
function createRandom (seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ state >>> 15, state | 1)
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61)
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32
  }
}

module.exports = createRandom
