'use strict'

// What came of a run, in numbers. Used by the comparison, its picture and the tests.

const { percentiles } = require('./percentiles')

/** What became of those who came in the rush, which began and ended at these moments, in ms. */
function summarize ({ calls, checks, rush: { from, to } }) {
  const inRush = ({ at }) => at >= from && at < to
  const seconds = (to - from) / 1000
  const orders = calls.filter(inRush)
  const health = checks.filter(inRush)
  const of = outcome => orders.filter(order => order.outcome === outcome)
  const times = list => percentiles(list.map(({ ms }) => ms))
  const rates = Object.fromEntries(['answered', 'refused', 'hungUp', 'failed'].map(outcome => [outcome, of(outcome).length / seconds]))
  return {
    offered: orders.length / seconds,
    ...rates,
    answeredShare: { free: share(orders.filter(({ isPaying }) => !isPaying)), paying: share(orders.filter(({ isPaying }) => isPaying)) },
    answerMs: times(of('answered')),
    refusalMs: times(of('refused')),
    healthMs: times(health),
    healthFailed: health.filter(({ outcome }) => outcome !== 'answered').length,
    healthChecks: health.length
  }
}

const COLUMN = 26
const ROWS = [
  ['orders a second', ({ offered }) => count(offered)],
  ['  answered in time', ({ answered }) => count(answered)],
  ['  refused', ({ refused }) => count(refused)],
  ['  hung up', ({ hungUp }) => count(hungUp)],
  ['  failed', ({ failed }) => count(failed)],
  ['answered in time: who pays', ({ answeredShare }) => percent(answeredShare.paying)],
  ['  who does not', ({ answeredShare }) => percent(answeredShare.free)],
  ['an answer takes, p50', ({ answerMs }) => ms(answerMs.p50)],
  ['  p99', ({ answerMs }) => ms(answerMs.p99)],
  ['a refusal takes, p50', ({ refusalMs }) => ms(refusalMs.p50)],
  ['  p99', ({ refusalMs }) => ms(refusalMs.p99)],
  ['a health check takes, p50', ({ healthMs }) => ms(healthMs.p50)],
  ['  p99', ({ healthMs }) => ms(healthMs.p99)],
  ['  not within a second', ({ healthChecks, healthFailed }) => `${healthFailed} of ${healthChecks}`]
]

/** A table of runs, a column for each. */
function table (runs) {
  const head = Math.max(...ROWS.map(([name]) => name.length))
  const line = cells => cells.map((cell, i) => i === 0 ? cell.padEnd(head) : cell.padStart(COLUMN)).join('')
  return [line(['', ...runs.map(({ title }) => title)]), ...ROWS.map(([name, read]) => line([name, ...runs.map(({ summary }) => read(summary))]))].join('\n')
}

module.exports = { summarize, table }

function share (orders) {
  return orders.filter(({ outcome }) => outcome === 'answered').length / orders.length
}

function count (rate) {
  return rate.toFixed(rate > 0 && rate < 9.95 ? 1 : 0)
}

function percent (part) {
  return Number.isNaN(part) ? '' : `${Math.round(100 * part)} %`
}

function ms (value) {
  return Number.isNaN(value) ? '' : `${Math.round(value)} ms`
}
