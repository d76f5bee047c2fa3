'use strict'

// What is laid over the calls: the loop is held in one of its phases, or in many pieces,
// or the whole process is stopped. What is held is noted, for the judge of the calls.

const fs = require('node:fs')
const { now, sleep, spin, turn } = require('./clock')

/** When the loop was stalled. */
class Ledger {
  #stalls = []

  spin (ms) {
    this.during(() => spin(ms))
  }

  during (work) {
    const from = now()
    work()
    this.note(from, now())
  }

  note (from, to) {
    const last = this.#stalls.at(-1)
    if (to - from <= STALL) return
    // A turn includes the piece that has been noted already.
    if (last?.[0] >= from) this.#stalls.pop()
    this.#stalls.push([from, to])
  }

  /** Milliseconds between two moments that were within stalls. */
  stalled (from, to) {
    return overlap(this.#stalls, from, to)
  }
}

function overlap (spans, from, to) {
  return spans.reduce((sum, [begin, end]) => sum + Math.max(0, Math.min(to, end) - Math.max(from, begin)), 0)
}

// A turn that is busy for longer is a stall, as in the default of `stallThreshold`.
const STALL = 50

// One stall of a phase; `wait` is how long after the calls were fired it begins. Zero is
// the next time that the loop is in that phase.
const ONCE = {
  timer: (stall, wait) => new Promise(resolve => setTimeout(() => resolve(stall()), wait)),
  immediate: async (stall, wait) => {
    if (wait > 0) await sleep(wait)
    await new Promise(resolve => setImmediate(() => resolve(stall())))
  },
  io: (stall, wait, client) => new Promise((resolve, reject) => {
    const act = () => resolve(stall())
    // Of the thread pool, or of a socket.
    if (wait === 0) fs.stat(__filename, act)
    else client.get(wait).then(() => fs.stat(__filename, act), reject)
  }),
  microtask: (stall, wait, client) => (wait > 0 ? client.get(wait) : Promise.resolve()).then(stall)
}

// Pieces after pieces, each in a turn of its own.
const SUSTAINED = {
  storm: (ledger, roll, longest = 40) => () => ledger.spin(1 + (longest - 1) * roll()),
  calm: () => () => {},
  gc: ledger => {
    let kept = []
    return () => ledger.during(() => {
      const until = now() + 10
      while (now() < until) {
        for (let i = 0; i < 200; i++) kept.push({ i, text: `${i}`, list: [i] })
      }
      if (kept.length > 500_000) kept = kept.slice(400_000)
    })
  }
}

/**
 * Lays one stall over calls that were just fired, or a storm of them while `fire` goes
 * on to be called every `every` milliseconds.
 */
async function lay ({ phase, length, piece: longest, wait }, { client, every, fire, ledger, roll, stop }) {
  if (ONCE[phase]) return ONCE[phase](() => ledger.spin(length), wait, client)
  if (phase === 'stopped') {
    await sleep(wait)
    const [from, to] = await stop(length)
    return ledger.note(from, to)
  }
  const piece = SUSTAINED[phase](ledger, roll, longest)
  const end = now() + length
  for (let fired = now(); now() < end;) {
    if (now() - fired > every) {
      fire()
      fired = now()
    }
    const began = now()
    piece()
    await (phase === 'calm' ? sleep(10) : roll() < 0.5 ? turn() : sleep(0))
    ledger.note(began, now())
  }
}

module.exports = { Ledger, lay }
