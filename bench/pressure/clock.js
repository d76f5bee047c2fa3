'use strict'

// Milliseconds by a clock that all threads and processes of the machine share.

const now = () => Number(process.hrtime.bigint()) / 1e6 + ahead

// In Node.js that is the clock of the system; elsewhere each process has one of its own.
let ahead = 0

/** Agrees with another process, by asking it for the time. */
async function agree (ask) {
  let best = Infinity
  let found = 0
  for (let i = 0; i < 20; i++) {
    const from = now()
    const theirs = await ask()
    const took = now() - from
    if (took >= best) continue
    best = took
    found = theirs - from - took / 2
  }
  ahead += found
}

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

const turn = () => new Promise(resolve => setImmediate(resolve))

function spin (ms) {
  const until = now() + ms
  while (now() < until);
}

// Numbers that look random, the same in every run.
function dice (seed) {
  return () => {
    seed = (seed + 0x6D2B79F5) | 0
    let n = Math.imul(seed ^ (seed >>> 15), seed | 1)
    n ^= n + Math.imul(n ^ (n >>> 7), n | 61)
    return ((n ^ (n >>> 14)) >>> 0) / 2 ** 32
  }
}

module.exports = { agree, dice, now, sleep, spin, turn }
