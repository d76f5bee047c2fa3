'use strict'

// Having a breaker, or a lone status, tell what its native half has to tell. Used by
// whatever may have made it tell something: crossings that came back with events, and the
// wake-ups of the loop.

const { setImmediate } = require('./builtins')
const { throwAsync } = require('./emit')

/** The method that does so. */
const DRAIN = Symbol('drainEvents')

/**
 * So often events are announced before something is done all the same. Listeners may make
 * ever more of them.
 */
const MOST_ROUNDS = 8

// So many events are announced in one piece, those included that listeners set off, of this
// breaker and of others; the rest in a turn of its own. A limit for each announcement would be
// none: each has others inside it, as deep as the stack is, and whatever ends there begins anew.
const MOST_AT_ONCE = 1000

// How many announcements are inside each other, and how many events they have come to.
let depth = 0
let announced = 0

// Who has more to tell than was told in one piece.
const delayed = new Set()
let isDue = false

/**
 * Announces events. Calls that have timed out are not told here, where the user's code may be
 * on the stack, and its end near. Whatever is thrown surfaces.
 */
function drainEvents (owner) {
  tell(owner, true)
}

/** Announces events, and tells calls that they have timed out: for the wake-ups of the loop. */
function drainAll (owner) {
  tell(owner, false)
}

function tell (owner, eventsOnly) {
  const outer = depth
  if (outer === 0) announced = 0
  depth = outer + 1
  try {
    owner[DRAIN](eventsOnly)
    if (!hasRoom()) delay(owner)
  } catch (error) {
    throwAsync(error)
  } finally {
    depth = outer
  }
}

/** Whether one event more may be announced in this piece. */
function hasRoom () {
  return announced < MOST_AT_ONCE
}

/** One is about to be. */
function countEvent () {
  announced++
}

function delay (owner) {
  delayed.add(owner)
  if (isDue) return
  setImmediate(announceDelayed)
  isDue = true
}

function announceDelayed () {
  isDue = false
  // What was stopped in between, as by the timeout of `node:vm`, has not come up again.
  depth = 0
  const instances = [...delayed]
  delayed.clear()
  instances.forEach(drainAll)
}

module.exports = { DRAIN, MOST_ROUNDS, countEvent, drainAll, drainEvents, hasRoom }
