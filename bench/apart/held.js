'use strict'

// What memory a process holds. Used by what is measured apart.

/** After all garbage has gone: bytes on V8's heap with what it counts as external, and resident ones. */
function held () {
  for (let time = 0; time < 3; time++) globalThis.gc()
  const { external, heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed + external, resident: rss }
}

/** For so many breakers, what each adds. */
function heldByEach (before, count) {
  const { heap, resident } = held()
  return { heap: (heap - before.heap) / count, resident: (resident - before.resident) / count }
}

// Little room for young objects: what V8 keeps free for them is no breaker's.
const flags = ['--max-semi-space-size=1']

module.exports = { flags, held, heldByEach }
