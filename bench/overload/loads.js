'use strict'

// What happens to the backend, and how much is asked of it: phases, one after the other. `share` is
// of what the backend can do at most, `rate` is calls a second. The same seed, the same calls.

const { dice } = require('../pressure/clock')

const CALM = { share: 0.9 }
const SLOTS = 8

/** 8 slots of 40 ms: about 200 calls a second. */
const flood = {
  slots: SLOTS,
  work: { mean: 40, sigma: 0.5, slowShare: 0, slowMean: 0 },
  phases: [
    { ...CALM, name: 'near capacity', seconds: 60 },
    { share: 2, name: 'twice its capacity', seconds: 180 },
    { ...CALM, name: 'after', seconds: 30 },
    { ...CALM, name: 'a quarter of the slots', seconds: 60, condition: { slots: SLOTS / 4 } },
    { ...CALM, name: 'recovery', seconds: 60, condition: { slots: SLOTS } }
  ]
}

/** As many slots as calls: nobody waits for another. 0.5 % of the calls take 300 ms all along. */
const shift = {
  slots: 10_000,
  work: { mean: 20, sigma: 0.5, slowShare: 0.005, slowMean: 300 },
  phases: [
    { rate: 200, name: '20 ms', seconds: 60 },
    { rate: 200, name: '60 ms', seconds: 120, condition: { slowness: 3 } },
    { rate: 200, name: '20 ms again', seconds: 120, condition: { slowness: 1 } },
    { rate: 200, name: 'an outage', seconds: 60, condition: { hangs: true } },
    { rate: 200, name: 'after', seconds: 60, condition: { hangs: false } }
  ]
}

const LOADS = { flood, shift }

/** The same with shorter phases, of so many seconds. */
function shortened (load, seconds) {
  return { ...load, phases: load.phases.map((phase, i) => ({ ...phase, seconds: seconds[i] })) }
}

/** When each phase begins, in seconds. */
function beginnings ({ phases }) {
  let at = 0
  return phases.map(({ seconds }) => (at += seconds) - seconds)
}

/** The calls of a load, in their order: when each is due (ms), for how long it works, its class. */
function * callsOf (load, capacity, seed) {
  const random = dice(seed)
  let at = 0
  for (const [i, begins] of beginnings(load).entries()) {
    const { rate, seconds, share } = load.phases[i]
    const gap = 1000 / (rate ?? share * capacity)
    at = begins * 1000
    for (;;) {
      at -= Math.log(1 - random()) * gap
      const work = workOf(load.work, random)
      if (at >= (begins + seconds) * 1000) break
      yield { at, ...work }
    }
  }
}

/** Lognormal, with that mean; the slow class does not vary much. */
function workOf ({ mean, sigma, slowShare, slowMean }, random) {
  const isSlow = random() < slowShare
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const [m, s] = isSlow ? [slowMean, 0.1] : [mean, sigma]
  return { isSlow, ms: m * Math.exp(s * normal - s * s / 2) }
}

module.exports = { LOADS, beginnings, callsOf, shortened, workOf }
