'use strict'

// Calls that were admitted and of which nobody took charge: JavaScript was stopped in
// between, by the end of the stack or by the timeout of `node:vm`, and no `finally` runs
// then. The native half sees in the next turn of the loop that there are some; here they are
// found and given up: they have failed. Used by the pump of wake-ups.

const { drainEvents } = require('./drain-events')
const { disown, isTaken } = require('./call')
const { INNER } = require('./inner')
const { codes } = require('./native/abi')
const { abandon, allTaken, nextOut } = require('./native/crossings')
const { instances } = require('./native/instances')
const { binding } = require('./native/load')
const { handlers } = require('./native/pump')
const { serve } = require('./semaphore')
const { framesOnStack } = require('./stack-trace')
const { toEach } = require('./to-each')
const { lookAfter } = require('./waiter')

const { EVENTS, IDLE, NONE } = codes

handlers.onUntaken = () => {
  if (isNested()) return
  allTaken()
  toEach(Object.keys(instances).map(Number), id => {
    const owner = instances[id]?.weak.deref()
    // A status without a breaker is an owner, too.
    if (owner === undefined) return giveUpAll(id)
    const inner = owner[INNER]
    if (inner === undefined) return
    try {
      giveUp(inner)
    } finally {
      if (inner.waiters?.size > 0) lookAfter(inner)
    }
  })
}

// Nobody is left who could be told of its calls.
function giveUpAll (id) {
  for (const permit of permitsOut(id)) abandon(id, permit)
}

function giveUp (inner) {
  toEach(permitsOut(inner.id), permit => {
    if (isTaken(inner, permit)) return
    const companion = inner.calls[permit]?.companion
    disown(inner, permit)
    const bits = abandon(inner.id, permit)
    if ((bits & IDLE) !== 0) inner.owner.pinned = undefined
    if ((bits & EVENTS) !== 0) drainEvents(inner.breaker, inner.id)
    if (inner.semaphore !== undefined) serve(inner.semaphore)
    companion?.ended('lost')
  })
}

function permitsOut (id) {
  const permits = []
  for (let permit = nextOut(id, 0); permit !== NONE; permit = nextOut(id, permit + 1)) permits.push(permit)
  return permits
}

// Whether an action is still running further down the stack, which makes the loop turn
// meanwhile, as `deasync` does. Its call is not lost, and when it returns, somebody takes
// charge of it.
function isNested () {
  // Where there are no stack traces: hardly anybody turns the loop himself.
  const frames = framesOnStack(OWN_FRAMES + NODES_FRAMES + 1)
  return frames.filter(frame => !frame.includes('node:internal/')).length > OWN_FRAMES
}

// isNested, onUntaken, hear, the pump, onWakeup; below these, the three of the timer which WebAssembly is
// woken by.
const OWN_FRAMES = binding.kind === 'wasm' ? 8 : 5

// Those that call the timer.
const NODES_FRAMES = 3
