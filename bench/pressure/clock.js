'use strict'

// Milliseconds by a clock that all threads and processes of the machine share.

const now = () => Number(process.hrtime.bigint()) / 1e6

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

module.exports = { dice, now, sleep, spin, turn }
