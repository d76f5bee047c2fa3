'use strict'

// Which cells there are, of stalls that are laid over calls and end. The factors have some
// sixty thousand combinations; fifty cells cover every pair of values.

const { cover } = require('./cover')

const FACTORS = {
  phase: ['timer', 'immediate', 'io', 'microtask', 'storm', 'gc', 'stopped'],
  length: [50, 100, 200, 500, 1000, 3000],
  timeout: [60, 120, 250, 500],
  transport: ['http', 'https', 'net'],
  share: [0.2, 0.5, 0.8],
  answer: [10, 2_000_000],
  worker: [false, true],
  early: [false, true]
}

// What makes no sense: a storm that is over before it has begun, a process that is
// stopped before its requests are written and so for nobody, and calls that leave no
// room for their answer to be read before their timeout, even on an idle loop.
const SENSELESS = [
  ({ phase, length }) => ['storm', 'gc'].includes(phase) && length < 500,
  ({ phase, length }) => phase === 'stopped' && length < 1000,
  ({ phase, early }) => ['storm', 'gc', 'stopped'].includes(phase) && early,
  ({ timeout, share, answer, transport }) => timeout * (1 - share) < ROOM[answer][transport]
]

const ROOM = {
  10: { http: 13, https: 13, net: 6 },
  2_000_000: { http: 80, https: 100, net: 40 }
}

/** The cells of the whole matrix: every pair of values that makes sense. */
function matrix () {
  const cells = cover(FACTORS, SENSELESS)
  return named(cells.sort((a, b) => order(a) - order(b) || a.length - b.length), { rounds: 1, budget: 3500 })
}

/** A few, for those who wait. */
function quickMatrix () {
  return named([
    { phase: 'timer', length: 700 },
    { phase: 'immediate', length: 200, transport: 'net', timeout: 120 },
    { phase: 'io', length: 500, transport: 'https' },
    { phase: 'io', length: 500, answer: 2_000_000, transport: 'https' },
    { phase: 'microtask', length: 500, early: true },
    { phase: 'storm', length: 1000, transport: 'net', timeout: 60, share: 0.8 },
    { phase: 'storm', length: 1000, answer: 2_000_000, transport: 'net', timeout: 120 },
    { phase: 'gc', length: 1000, timeout: 120 },
    { phase: 'stopped', length: 1000, answer: 2_000_000 },
    { phase: 'io', length: 500, worker: true }
  ].map(cell => ({
    transport: 'http', timeout: 250, share: 0.5, answer: 10, worker: false, early: false, ...cell
  })), { rounds: 1, budget: 1200 })
}

// What is longer than some thresholds and not than others: storms of pieces up to so many
// milliseconds, and single stalls; against calls that are short beside them.
const STORMS = [20, 40, 80, 160]
const SINGLES = [30, 60, 120, 240]

function sweepCells (budget) {
  return [
    ...named(STORMS.flatMap(piece => [
      { piece, timeout: 60, transport: 'net' },
      { piece, timeout: 120, transport: 'http' }
    ]).map(cell => ({
      phase: 'storm', length: 1500, share: 0.5, answer: 10, worker: false, early: false, ...cell
    })), { rounds: 1, budget }),
    ...named(SINGLES.map(length => ({
      phase: 'microtask', length, timeout: 60, share: 0.5, transport: 'http', answer: 10, worker: false, early: true
    })), { rounds: 1, budget: budget / 2 })
  ]
}

// Where the time that each library takes is measured: without a stall, and with some.
function shareCells (budget) {
  return named(['calm', 'io', 'storm'].map(phase => ({
    phase, length: 100, timeout: 250, share: 0.2, transport: 'net', answer: 10, worker: false, early: false, gust: 50
  })), { rounds: 1, budget, profile: true })
}

module.exports = { STORMS, SINGLES, matrix, quickMatrix, shareCells, sweepCells }

const order = ({ phase, worker }) => FACTORS.phase.indexOf(phase) * 2 + Number(worker)

function named (cells, rest) {
  return cells.map((cell, i) => ({ ...cell, ...rest, seed: i + 1, run: `cell${i + 1}` }))
}
