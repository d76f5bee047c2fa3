'use strict'

// What must not be, of didelphis, in a cell.

function wrong (cell) {
  if (cell.error) return [cell.error]
  const ours = cell.results.find(({ name }) => name === 'didelphis')
  return ours ? [...ofCalls(ours), ...ofServer(cell, ours), ...ofStalls(cell, ours)] : []
}

module.exports = { wrong }

function * ofCalls ({ errors, falsely, missed, opened, over }) {
  if (falsely) yield `${falsely} false timeouts`
  if (opened) yield `${opened} false openings`
  if (missed) yield `${missed} true timeouts missed`
  if (errors.length) yield `errors: ${[...new Set(errors)]}`
  const late = over.filter(ms => ms > 0)
  if (late.length) yield `${late.length} true timeouts told too late, by ${Math.max(...late).toFixed(0)} ms at most`
}

function * ofServer ({ backend, phase, within }, { found }) {
  if (phase !== 'server' || backend !== 'hangs') return
  if (found === undefined) yield 'the outage was not found'
  else if (found > within) yield `the outage was found after ${found.toFixed(0)} ms, not within ${within}`
}

// Under a profiler no stall is told that was none. That a busy machine keeps a loop from
// running is one, though nothing here knows of it.
function * ofStalls ({ loop, phase, stalls }, { phantom }) {
  if (phase !== 'profiled') return
  if (stalls.told > stalls.were + TOLERATED) yield `${stalls.told} stalls told, ${stalls.were} there were`
  if (phantom > PHANTOM) yield `error.stalled told ${phantom.toFixed(0)} ms that were none`
}

const TOLERATED = 2
const PHANTOM = 50
