'use strict'

// Having a breaker, or a lone status, tell what its native half has to tell. Used by
// whatever may have made it tell something: crossings that came back with events, and the
// wake-ups of the loop.

const { setImmediate } = require('./builtins')
const { throwAsync } = require('./emit')
const { codes: { NONE } } = require('./native/abi')
const { INNER } = require('./inner')
const { delay, lost, nextWakeup, poll, polled } = require('./native/crossings')

/** The method that is given one thing after the other: a code, or the permit of a late call. */
const TELL = Symbol('tell')

/**
 * So often events are announced before something is done all the same. Listeners may make
 * ever more of them.
 */
const MOST_ROUNDS = 8

// So many events are announced in one piece, including what listeners set off, in this breaker and
// in others; the rest waits for the next turn of the loop. A limit for each announcement would be
// none: each has others inside it, as deep as the stack is, and the timer thread has more to tell by
// the time that all is told.
const MOST_AT_ONCE = 1000

// How many announcements are inside each other, and how many events they have come to.
let depth = 0
let announced = 0

// Who has more to tell than was told in one piece.
const delayed = new Map()
let isDue = false

/**
 * Announces the events of the native half with that number. Calls that have timed out are not
 * told here, where the user's code may be on the stack, and its end near. Whatever is thrown
 * surfaces.
 *
 * @param {any} owner
 * @param {number} id
 */
function drainEvents (owner, id) {
  drain(owner, id, true)
}

/**
 * Announces events, and tells calls that they have timed out: where nothing is on the stack.
 *
 * @param {any} owner
 * @param {number} id
 */
function drainAll (owner, id) {
  drain(owner, id, false)
}

// One after the other, in the order in which they happened, and calls that have timed out after
// that: each is asked for when the one before has been told, for listeners may do anything, and
// settle calls by it. Listeners may make ever more events, by opening a circuit that is half open
// at once: what is too much for one turn of the loop goes on in the next.
function drain (owner, id, eventsOnly) {
  const outer = beginPiece()
  try {
    for (let next; hasRoom() && (next = poll(id, eventsOnly)) !== NONE;) tell(owner, next)
    if (!hasRoom()) tellLater(owner, id)
  } catch (error) {
    // The stack has ended: what was told of a call that waits may be lost.
    if (owner[INNER]?.waiters?.size > 0) lost()
    throwAsync(error)
  } finally {
    depth = outer
  }
}

/**
 * The same for what a wake-up has just brought, and whatever comes after that, each with the
 * crossing that asks for the next wake-up. Returns that one; undefined where it was not asked for.
 */
function drainWakeup (owner, id) {
  const outer = beginPiece()
  try {
    let next = id
    while (next === id) {
      tell(owner, polled())
      if (!hasRoom()) {
        tellLater(owner, id)
        return
      }
      next = nextWakeup(id, false)
    }
    return next
  } catch (error) {
    throwAsync(error)
  } finally {
    depth = outer
  }
}

/** A piece begins that the loop has asked for, with nothing on the stack. */
function beginTurn () {
  // What was stopped in between, as by the timeout of `node:vm`, has not come up again.
  depth = 0
  beginPiece()
}

/** It has ended. */
function endTurn () {
  depth = 0
}

// Returns how deep the piece stands in others.
function beginPiece () {
  if (depth === 0) announced = 0
  return depth++
}

function tell (owner, next) {
  // Calls end one by one, and events may go on for ever.
  if (next < 0) announced++
  owner[TELL](next)
}

/** Whether one event more may be announced in this piece. */
function hasRoom () {
  return announced < MOST_AT_ONCE
}

function tellLater (owner, id) {
  delayed.set(owner, id)
  beDue()
}

// The native half is asked to have the loop come: V8 may stop here, at the end of the stack or by the
// timeout of `node:vm`, and leaves half set what it stops in. Such an immediate of Node's keeps the
// process, and cuts off those after it.
function beDue () {
  if (isDue) return
  delay()
  isDue = true
}

/** The loop has come, with nothing on the stack: what is delayed is told when the sockets have been looked at. */
function onRest () {
  setImmediate(announceDelayed)
}

function announceDelayed () {
  isDue = false
  beginTurn()
  try {
    // Whoever is delayed once more comes last.
    for (const [owner, id] of delayed) {
      delayed.delete(owner)
      drainAll(owner, id)
      if (!hasRoom()) break
    }
  } finally {
    endTurn()
  }
  if (delayed.size > 0) beDue()
}

module.exports = { MOST_ROUNDS, TELL, beginTurn, drainAll, drainEvents, drainWakeup, endTurn, hasRoom, onRest }
