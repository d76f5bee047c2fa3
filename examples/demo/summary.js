'use strict'

// The end of the story: what each breaker did, act by act, and whether ours did its job.

const { ACTS, STEPS, isTrouble } = require('./acts')

/** The summary as text. */
function summary (callers, seen) {
  const acts = ACTS.map(({ title }, index) => [
    `${index + 1}. ${title}`,
    ...callers.map(caller => `  ${caller.name.padEnd(9)}  ${sentence(told(caller, index + 1))}`)
  ].join('\n'))
  const calls = callers.reduce((sum, { calls }) => sum + calls, 0)
  return [...acts, `${calls} calls in all, ${seen} of them seen by the backend`].join('\n\n')
}

/** What our breaker should have done, and has not. */
function complaints (callers, seen) {
  const ours = callers.at(-1)
  const [slow, down, stalls, hangs] = ACTS.map((_, index) => told(ours, index + 1))
  const stayedClosed = 'the breaker stayed closed while the backend'
  return [
    slow.opened === undefined && `${stayedClosed} was slow`,
    down.opened === undefined && `${stayedClosed} was down`,
    hangs.opened === undefined && `${stayedClosed} hung`,
    [slow, down, hangs].some(({ spared }) => spared === 0) && 'the breaker spared the backend no call',
    stalls.falseTimeouts > 0 && `${stalls.falseTimeouts} calls were timeouts, which the backend had answered in time`,
    stalls.opened !== undefined && 'the breaker opened on a backend that was well',
    ours.state !== 'closed' && `the breaker ended ${ours.state}, not closed`,
    seen > admitted(callers) && 'the backend saw calls that it should have been spared'
  ].filter(Boolean)
}

module.exports = { complaints, summary }

function admitted (callers) {
  const spared = caller => ACTS.reduce((sum, _, index) => sum + told(caller, index + 1).spared, 0)
  return callers.reduce((sum, caller) => sum + caller.calls - spared(caller), 0)
}

/** What a breaker did in an act: times are in seconds since the trouble began, or ended. */
function told (caller, act) {
  const steps = STEPS.filter(step => step.act === act)
  const trouble = steps.find(isTrouble)
  const records = steps.map(step => caller.record(step))
  const changes = records.flatMap(({ changes }) => changes)
  const opened = changes.find(({ event, at }) => event === 'open' && at >= trouble.begins)
  const closed = changes.findLast(({ event }) => event === 'close')
  const total = read => records.reduce((sum, record) => sum + (read(record) ?? 0), 0)
  return {
    calls: total(({ calls }) => calls),
    falseTimeouts: total(({ falseTimeouts }) => falseTimeouts),
    spared: total(({ outcomes }) => outcomes.spared),
    opened: opened && opened.at - trouble.begins,
    closed: opened && closed && closed.at - trouble.ends,
    isWell: trouble.backend === 'well'
  }
}

function sentence ({ calls, closed, falseTimeouts, isWell, opened, spared }) {
  const parts = [
    opened === undefined ? 'stayed closed' : `opened after ${opened.toFixed(1)} s`,
    isWell && `${falseTimeouts} of ${calls} calls false timeouts`,
    spared > 0 && (isWell ? `${spared} refused` : `${spared} calls spared`),
    !isWell && closed > 0 && `closed ${closed.toFixed(1)} s after its end`
  ]
  return parts.filter(Boolean).join(', ')
}
