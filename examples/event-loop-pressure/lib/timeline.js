'use strict'

// A run in slices of time, as both pictures show it. Used by the chart and the terminal.

const { OUTCOMES, outcomeOf } = require('./verdict')

/**
 * So many slices, of each: its calls by outcome, counted where they ended, the largest lag
 * of the loop, and the states that the circuit was in.
 */
function timeline ({ journal: { calls, circuit, lags }, stages }, count) {
  const from = stages[0].from
  const length = (stages.at(-1).to - from) / count
  const slices = Array.from({ length: count }, (_, i) => ({
    from: from + i * length,
    to: from + (i + 1) * length,
    lag: 0,
    outcomes: Object.fromEntries(OUTCOMES.map(outcome => [outcome, 0]))
  }))
  // What the last calls come to after the end is not shown.
  const placeOf = at => Math.floor((at - from) / length)
  for (const call of calls) {
    const slice = slices[placeOf(call.at + call.took)]
    if (slice) slice.outcomes[outcomeOf(call)]++
  }
  for (const [at, lag] of lags) {
    // The loop was late from when it should have looked until it did.
    for (const slice of slices.slice(Math.max(0, placeOf(at - lag)), Math.max(0, placeOf(at) + 1))) {
      slice.lag = Math.max(slice.lag, lag)
    }
  }
  for (const slice of slices) slice.states = statesIn(slice, circuit)
  return slices
}

/** For how long the circuit was in which state. */
function spans ({ journal: { circuit }, stages }) {
  const end = stages.at(-1).to
  const changes = [{ at: stages[0].from, name: 'close' }, ...circuit]
  return changes
    .map(({ at, name }, i) => ({ from: at, to: Math.min(end, changes[i + 1]?.at ?? end), state: STATE[name] }))
    .filter(({ from, to }) => to > from)
}

module.exports = { spans, timeline }

const STATE = { open: 'open', halfOpen: 'half open', close: 'closed' }

function statesIn ({ from, to }, circuit) {
  const before = circuit.findLast(({ at }) => at < from)?.name ?? 'close'
  const within = circuit.filter(({ at }) => at >= from && at < to).map(({ name }) => name)
  return [before, ...within].map(name => STATE[name])
}
