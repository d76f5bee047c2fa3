'use strict'

// Paired rounds. A shared machine drifts, by more than what is to be measured: so the
// contestants take turns in rounds of a few milliseconds, and what is compared is one
// round with its neighbour.

const { relative } = require('node:path')
const { setImmediate: turn } = require('node:timers/promises')
const { contestants } = require('./contestants')
const { compared } = require('./ratios')

// Rounds that count and, before them, rounds that do not; and for how many milliseconds
// each of them runs in and is timed.
const FULL = { rounds: 31, warmUp: 15, runIn: 10, timed: 30 }
const QUICK = { rounds: 9, warmUp: 5, runIn: 3, timed: 8 }

/**
 * Puts the contestants through a case: a row for each size, with the nanoseconds that one
 * call takes of each contestant.
 */
async function runCase (group, id, { quick }) {
  const { rounds, warmUp, ...spans } = quick ? QUICK : FULL
  const entrants = await enter(group, id, quick)
  for (let number = -warmUp; number < rounds; number++) {
    for (const entrant of rotated(entrants, number + warmUp)) {
      const nanos = await round(entrant, spans)
      if (number >= 0) entrant.values.push(nanos)
    }
  }
  for (const { guarded } of entrants) guarded.shutdown?.()
  return compared(entrants)
}

module.exports = { runCase }

async function enter (group, id, quick) {
  const entrants = []
  const all = await contestants({ quick })
  for (const size of caseOf(group, id).sizes ?? [undefined]) {
    for (const contestant of all) {
      const { batch, dropIn, setUp, takesPart = () => true, what } = caseOf(group, id)
      if ((dropIn && !contestant.dropIn) || !takesPart(contestant, size)) continue
      const guarded = await setUp(contestant, size)
      if (!guarded) continue
      entrants.push({ name: contestant.name, size, what: what(size), guarded, batch, values: [] })
    }
  }
  return entrants
}

// Each entrant calls by a copy of the code that is its own: V8 optimises it for what that
// one does, as it would in a program that has one kind of breaker.
function caseOf (group, id) {
  for (const path of Object.keys(require.cache)) {
    if (OWN_COPIES.test(relative(__dirname, path))) delete require.cache[path]
  }
  return require('./cases')[group].find(entry => entry.id === id)
}

const OWN_COPIES = /^(cases|calls)\b/

// The young garbage of the others and what breakers do by timer are left outside. A
// full collection is not asked for: it takes the optimised code of Node's timers along,
// and an opossum, which makes one a call, would be 2 to 20 times slower after each.
async function round (entrant, { runIn, timed }) {
  globalThis.gc({ type: 'minor' })
  await turn()
  await batchesFor(entrant, runIn)
  return batchesFor(entrant, timed)
}

// Makes calls for so many milliseconds; the nanoseconds of one.
async function batchesFor ({ guarded, batch, size }, ms) {
  const began = performance.now()
  let calls = 0
  let took
  do {
    calls += await batch(guarded, size)
    took = performance.now() - began
  } while (took < ms)
  return took * 1e6 / calls
}

function rotated (list, by) {
  const first = by % list.length
  return [...list.slice(first), ...list.slice(0, first)]
}
