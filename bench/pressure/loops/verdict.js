'use strict'

// What must not be, of didelphis, in a cell.
//
// In the short form, which is part of every check of a change on whatever machine there is,
// the zeros are the same, and times have room: a machine that others use is late by itself.

const WHOLE = { late: 0, found: 1, phantom: 50, told: 2 }
const QUICK = { late: 500, found: 3, phantom: 500, told: 10 }

function wrong (cell, quick) {
  if (cell.error) return [cell.error]
  const room = quick ? QUICK : WHOLE
  const ours = cell.results.find(({ name }) => name === 'didelphis')
  return ours ? [...ofCalls(ours, room), ...ofServer(cell, ours, room), ...ofStalls(cell, ours, room)] : []
}

module.exports = { wrong }

function * ofCalls ({ errors, falsely, missed, opened, over }, room) {
  if (falsely) yield `${falsely} false timeouts`
  if (opened) yield `${opened} false openings`
  if (missed) yield `${missed} true timeouts missed`
  if (errors.length) yield `errors: ${[...new Set(errors)]}`
  const late = over.filter(ms => ms > room.late)
  if (late.length) yield `${late.length} true timeouts told too late, by ${Math.max(...late).toFixed(0)} ms at most`
}

function * ofServer ({ backend, phase, within }, { found }, room) {
  if (phase !== 'server' || backend !== 'hangs') return
  if (found === undefined) yield 'the outage was not found'
  else if (found > within * room.found) yield `the outage was found after ${found.toFixed(0)} ms, not within ${within}`
}

// Under a profiler no stall is told that was none. That a busy machine keeps a loop from
// running is one, though nothing here knows of it.
function * ofStalls ({ loop, phase, stalls }, { phantom }, room) {
  if (phase !== 'profiled') return
  if (stalls.told > stalls.were + room.told) yield `${stalls.told} stalls told, ${stalls.were} there were`
  if (phantom > room.phantom) yield `error.stalled told ${phantom.toFixed(0)} ms that were none`
}
