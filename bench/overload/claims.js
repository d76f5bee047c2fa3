'use strict'

// What is claimed of the policies. A short run, on a machine that does other things too, has more room.

const { canDo, figuresOf, recovery, secondsOf } = require('./figures')

const STRICT = { kept: 0.85, collapsed: 0.5, grows: 1.3, recovers: 5, falsely: 0.005, whole: 0.97, moves: 1.35 }
const ROOMY = { kept: 0.7, collapsed: 0.5, grows: 1.8, recovers: 8, falsely: 0.02, whole: 0.9, moves: 1.6 }

const [, OVERLOAD, AFTER, BROWNOUT, RECOVERY] = [0, 1, 2, 3, 4]
const [BEFORE, SLOWER, FASTER, OUTAGE, AFTER_OUTAGE] = [0, 1, 2, 3, 4]
// So many seconds into a phase, what is new is learned.
const LEARNED = 1 / 4

const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)} %`

/** Each as what is claimed, what was found, and whether it holds. */
function claimsOf (run, { short = false } = {}) {
  const limits = short ? ROOMY : STRICT
  return [...(run.of === 'flood' ? ofFlood(run, limits) : ofShift(run, limits))]
}

function * ofFlood (run, limits) {
  const of = (guard, phase, from, to) => figuresOf(secondsOf(run, guard, phase, from, to))
  for (const guard of run.guards) {
    const { key, name } = guard
    const kept = of(guard, OVERLOAD).goodput / canDo(run, guard, OVERLOAD)
    if (['none', 'opossum'].includes(key)) {
      // Or there would be nothing to be saved from.
      yield claim(`${name}: collapses under twice its load`, percent(kept), kept <= limits.collapsed)
    }
    if (!['adaptive', 'queue'].includes(key)) continue
    const { seconds } = run.load.phases[OVERLOAD]
    const [early, late] = [of(guard, OVERLOAD, 0, seconds / 3), of(guard, OVERLOAD, 2 * seconds / 3)]
    const brownout = of(guard, BROWNOUT).goodput / canDo(run, guard, BROWNOUT)
    yield claim(`${name}: at twice the load, at least ${percent(limits.kept)} of what it can do`, percent(kept), kept >= limits.kept)
    yield claim(`${name}: the p99 does not grow`, `${early.p99} ms, then ${late.p99} ms`, late.p99 <= limits.grows * early.p99)
    yield claim(`${name}: in a brownout, at least ${percent(limits.kept)} of what it can do`, percent(brownout), brownout >= limits.kept)
    for (const phase of [AFTER, RECOVERY]) {
      const took = recovery(run, guard, phase)
      yield claim(`${name}: well again within ${limits.recovers} s of ${phase === AFTER ? 'the overload' : 'the brownout'}`, `${took} s`, took <= limits.recovers)
    }
  }
}

function * ofShift (run, limits) {
  const timeoutIn = (guard, phase) => figuresOf(secondsOf(run, guard, phase)).timeout
  for (const guard of run.guards.filter(({ key }) => key !== 'opossum')) {
    const { key, name } = guard
    const moved = (phase, since) => timeoutIn(guard, phase) / timeoutIn(guard, since)
    if (key === 'stalled') {
      const apart = timeoutIn(guard, BEFORE) / timeoutIn(run.guards.find(({ key }) => key === 'learned'), BEFORE)
      yield claim(`${name}: teaches nothing`, `${apart.toFixed(2)} times what it is without`, isAbout(apart, limits.moves))
    }
    for (const phase of [SLOWER, FASTER]) {
      const { name: condition, seconds } = run.load.phases[phase]
      const learned = figuresOf(secondsOf(run, guard, phase, Math.ceil(LEARNED * seconds)))
      yield claim(`${name}: ${condition}, false timeouts once that is learned`, percent(learned.timedOutShare, 2), learned.timedOutShare <= limits.falsely)
      yield claim(`${name}: ${condition}, the slow class is whole`, percent(learned.slowShare), learned.slowShare >= limits.whole)
    }
    const outage = moved(OUTAGE, FASTER)
    // In a short run the timeout is still coming down as the outage begins.
    const isUnlearned = outage <= 1.02 && outage >= 1 / limits.moves
    yield claim(`${name}: an outage is not learned`, `${outage.toFixed(2)} times what it was`, isUnlearned)
    const after = moved(AFTER_OUTAGE, FASTER)
    yield claim(`${name}: the timeout after it is as before`, `${after.toFixed(2)} times what it was`, isAbout(after, limits.moves))
  }
}

module.exports = { claimsOf }

function claim (what, found, holds) {
  return { what, found, holds }
}

function isAbout (ratio, most) {
  return ratio <= most && ratio >= 1 / most
}
