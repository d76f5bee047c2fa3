'use strict'

// One run in numbers, and its rows in the table. Used by the comparison.

const { percentiles } = require('./percentiles')
const { isFalseOpening, isLetOff, OUTCOMES, outcomeOf } = require('./verdict')

/** Counts what a run left behind: the proxy's journal, and what the load test saw. */
function summarize ({ journal: { calls, circuit, lags }, load, stages }) {
  const outcomes = Object.fromEntries(OUTCOMES.map(outcome => [outcome, 0]))
  for (const call of calls) outcomes[outcomeOf(call)]++
  const openings = circuit.filter(({ name }) => name === 'open')
  const blamed = calls.filter(call => outcomeOf(call) === 'blamed')
  return {
    requests: calls.length,
    outcomes,
    letOff: calls.filter(isLetOff).length,
    openings: openings.length,
    falseOpenings: openings.filter(opening => isFalseOpening(opening, calls)).length,
    blamedByStage: stages.map(({ from, stall, to }) =>
      ({ stall, blamed: blamed.filter(({ at }) => at >= from && at < to).length })),
    response: percentiles(load.answers.filter(({ status }) => status === 200).map(({ ms }) => ms)),
    lag: percentiles(lags.map(([, ms]) => ms)),
    unanswered: load.errors
  }
}

/** The table of some runs: a row a number, a column a run. */
function table (runs) {
  const titles = ['', ...runs.map(({ breaker }) => breaker)]
  const rows = ROWS.map(([title, read]) => [title, ...runs.map(({ summary }) => read(summary))])
  const stages = runs[0].summary.blamedByStage.map(({ stall }, stage) => [
    stall > 0 ? `    with stalls of ${stall} ms` : '    without pressure',
    ...runs.map(({ summary }) => summary.blamedByStage[stage].blamed)
  ])
  rows.splice(ROWS.findIndex(([title]) => title === BLAMED) + 1, 0, ...stages)
  const width = Math.max(...rows.map(([title]) => title.length))
  return [titles, ...rows]
    .map(([title, ...cells]) => title.padEnd(width) + cells.map(cell => String(cell).padStart(12)).join(''))
    .join('\n')
}

module.exports = { summarize, table }

const BLAMED = '  timeouts, false: it had answered in time'

const ms = value => Number.isNaN(value) ? '-' : `${Math.round(value)} ms`

const ROWS = [
  ['requests', ({ requests }) => requests],
  ['  good answers', ({ outcomes }) => outcomes.good],
  ['  errors of the backend', ({ outcomes }) => outcomes.failed],
  ['  timeouts, true: the backend was late', ({ outcomes }) => outcomes.late],
  [BLAMED, ({ outcomes }) => outcomes.blamed],
  ['  refused by the open circuit', ({ outcomes }) => outcomes.refused],
  ['openings of the circuit', ({ openings }) => openings],
  ['  false: for false timeouts alone', ({ falseOpenings }) => falseOpenings],
  ['late answers let off as good', ({ letOff }) => letOff],
  ['response time of good answers, p50', ({ response }) => ms(response.p50)],
  ['  p95', ({ response }) => ms(response.p95)],
  ['  max', ({ response }) => ms(response.max)],
  ['lag of the event loop, p50', ({ lag }) => ms(lag.p50)],
  ['  p99', ({ lag }) => ms(lag.p99)],
  ['  longest', ({ lag }) => ms(lag.max)]
]
