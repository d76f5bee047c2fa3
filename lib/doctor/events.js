'use strict'

// Listeners that never hear anything: on names that are never emitted. Used by `sources.js`.

const { EMITTER_EVENTS, EVENTS, OURS_ALONE, STATUS_EVENTS } = require('./known')
const { meant } = require('../spelling')

const EMITTED = { breaker: EVENTS, status: STATUS_EVENTS, loop: ['stall'] }

const SHOWN = { breaker: 'a breaker', status: 'breaker.status', loop: 'CircuitBreaker.loop' }

// Words for an event that are not like its name.
const SYNONYMS = { opened: 'open', closed: 'close', error: 'failure', failed: 'failure', halfClose: 'halfOpen', snapshots: 'snapshot' }

/** Findings about one listener. `emitted`: what the program emits itself. */
function examineListener ({ at, event, what }, { emitted, isOpossum }) {
  if (EMITTER_EVENTS.includes(event) || emitted.has(event)) return []
  if (isOpossum && what === 'breaker' && OURS_ALONE.events.includes(event)) {
    return [{ level: 'problem', kind: 'not-in-opossum', at, message: `opossum never emits '${event}'`, hint: 'didelphis does' }]
  }
  if (EMITTED[what].includes(event)) return []
  return [{ level: 'problem', kind: 'unknown-event', at, message: `${SHOWN[what]} never emits '${event}'`, hint: hintFor(event, what) }]
}

module.exports = { examineListener }

function hintFor (event, what) {
  const elsewhere = Object.keys(EMITTED).find(other => EMITTED[other].includes(event))
  if (elsewhere) return `${SHOWN[elsewhere]} does`
  const suggestion = SYNONYMS[event] ?? meant(event, EMITTED[what])
  return suggestion && `did you mean '${suggestion}'?`
}
