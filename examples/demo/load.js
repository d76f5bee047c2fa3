'use strict'

// What a process does that is busy with itself. `fire(count)` makes so many calls.

const BURST = 12
const STALL_MS = 400
const EVERY_MS = 600
const TURN_MS = 60

/** Calls at a steady rate, from a loop that has nothing else to do. Each gives its end. */
function steady (fire, perSecond) {
  const began = performance.now()
  let made = 0
  // Timers come late, never early: the clock says how many calls are due.
  const timer = setInterval(() => {
    const due = Math.floor((performance.now() - began) / 1000 * perSecond)
    fire(due - made)
    made = due
  }, 500 / perSecond)
  return () => clearInterval(timer)
}

/** Some calls at once, and then work that takes longer than their timeout: again and again. */
function stalls (fire) {
  const turn = () => {
    fire(BURST)
    setImmediate(() => work(STALL_MS))
  }
  const timer = setInterval(turn, EVERY_MS)
  return () => clearInterval(timer)
}

/** One piece of work after the other, with a look at the sockets in between and never a rest. */
function neverRests (fire, perSecond) {
  let goesOn = true
  const turn = () => {
    if (!goesOn) return
    work(TURN_MS)
    setImmediate(turn)
  }
  setImmediate(turn)
  const end = steady(fire, perSecond)
  return () => {
    goesOn = false
    end()
  }
}

module.exports = { undefined: steady, stalls, 'never rests': neverRests }

function work (ms) {
  const until = performance.now() + ms
  while (performance.now() < until);
}
