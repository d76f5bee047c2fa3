'use strict'

// What is laid over the loop for as long as a cell lasts. Each calls `act` where calls may be
// fired, once a turn, before the work or after it; it returns when that is due next.

const { now, sleep } = require('../clock')

// A loop that comes back so much later than it could was kept from running.
const HELD_UP = 25

/** Begins; the result ends it. */
function press (cell, journal, roll, act) {
  let goes = true
  let end
  const ended = new Promise(resolve => { end = resolve })
  const done = PRESSES[cell.loop]({ cell, journal, roll, act, ended, goes: () => goes })
  return () => {
    goes = false
    end()
    return done
  }
}

const PRESSES = {
  // Nothing to do but the calls, and no timer but theirs.
  async idle ({ act, ended, goes }) {
    while (goes()) {
      const wait = act() - now()
      await (wait < Infinity ? sleep(wait) : ended)
    }
  },

  // Turns of one length with a rest between them, from timers and from immediates; without
  // rest, work that never ends. Where the rest is longer than it should be, the machine had
  // no processor for the loop.
  busy ({ cell: { turn, rest }, journal, roll, act, goes }) {
    return new Promise(resolve => {
      let ended = now()
      const work = () => {
        if (!goes()) return resolve()
        const first = roll() < 0.5
        const begun = now()
        const from = begun - ended > rest + HELD_UP ? ended : begun
        if (first) act()
        while (now() - begun < turn);
        if (!first) act()
        ended = now()
        journal.worked(from, ended)
        if (rest === 0) setImmediate(work)
        else setTimeout(roll() < 0.5 ? work : () => setImmediate(work), rest)
      }
      work()
    })
  },

  // A stall now and then.
  async stalling ({ cell: { turn }, journal, roll, act, goes }) {
    for (let turns = 0; goes(); turns++) {
      act()
      if (turns % 20 === 19) journal.work(turn)
      await sleep(1 + 10 * roll())
    }
  }
}

module.exports = { press }
