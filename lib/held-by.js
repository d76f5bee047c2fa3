'use strict'

// Which function held the loop, read from a CPU profile of V8's. Pure. Used by the stall profile.

/** What V8 calls the time in which nothing of JavaScript ran. */
const IDLE = '(idle)'
const COLLECTOR = '(garbage collector)'
const NOBODY = new Set([IDLE, COLLECTOR, '(program)', '(root)'])

/**
 * The function that held the loop in a stall of so many milliseconds that ended so many before the
 * profile did: the deepest that was on the stack for half of what was seen, for what it has called
 * is in it; one of the program's, if there is any, rather than one of the runtime's. Undefined where
 * nothing of JavaScript ran, or hardly anything was seen: the process was suspended.
 *
 * @param profile of the inspector's `Profiler`
 */
function heldBy (profile, length, endedAgo) {
  const nodes = new Map(profile.nodes.map(node => [node.id, node]))
  const seen = samplesOf(profile, length, endedAgo).map(sample => ({ ...sample, name: nodes.get(sample.id).callFrame.functionName }))
    .filter(({ name }) => name !== IDLE)
  const all = timeOf(seen)
  if (all < length * LEAST) return undefined
  const collecting = timeOf(seen.filter(({ name }) => name === COLLECTOR))
  if (collecting * 2 > all) return told({ functionName: COLLECTOR }, collecting / length)
  const times = timesOf(nodes, seen)
  const frame = heaviest(nodes, profile.nodes[0], times, all / 2)
  return frame && told(frame.callFrame, times.get(frame.id) / length)
}

module.exports = { heldBy }

// A sample stands for the time since the one before, up to so many ms: it is taken every 10, where
// the machine is not busy. And for so much of a stall there must be some.
const MOST = 20
const LEAST = 0.1

// `{ id, time }` of those within a stall. The profile's own times are microseconds.
function samplesOf ({ endTime, samples = [], startTime, timeDeltas = [] }, length, endedAgo) {
  const to = endTime - endedAgo * 1000
  const from = to - length * 1000
  const within = []
  let at = startTime
  for (const [index, id] of samples.entries()) {
    const last = Math.max(at, from)
    at += timeDeltas[index]
    if (at > from && at <= to) within.push({ id, time: Math.min((at - last) / 1000, MOST) })
  }
  return within
}

function timeOf (samples) {
  return samples.reduce((sum, { time }) => sum + time, 0)
}

// For how long each node was on the stack.
function timesOf (nodes, seen) {
  const parents = new Map()
  for (const { children = [], id } of nodes.values()) for (const child of children) parents.set(child, id)
  const times = new Map()
  for (const { id, time } of seen) {
    for (let node = id; node !== undefined; node = parents.get(node)) times.set(node, (times.get(node) ?? 0) + time)
  }
  return times
}

function heaviest (nodes, root, times, half) {
  let found, runtimes
  for (let node = root; ;) {
    const time = ({ id }) => times.get(id) ?? 0
    const callees = (node.children ?? []).map(id => nodes.get(id)).filter(({ callFrame }) => !NOBODY.has(callFrame.functionName))
    node = callees.reduce((most, other) => time(other) > time(most) ? other : most, callees[0])
    // Less than half is only gone into where none of the program's has been found.
    if (node === undefined || time(node) === 0 || (found !== undefined && time(node) < half)) return found ?? runtimes
    if (isProgram(node.callFrame)) found = node
    else runtimes ??= node
  }
}

// What is made of a text has no address, what V8 brings along has no script.
function isProgram ({ scriptId, url }) {
  return Number(scriptId) !== 0 && !url.startsWith('node:')
}

function told ({ columnNumber = -1, functionName, lineNumber = -1, url = '' }, share) {
  return {
    function: functionName || '(anonymous)',
    url,
    line: lineNumber + 1,
    column: columnNumber + 1,
    share: Math.round(share * 100) / 100
  }
}
