'use strict'

// Having a breaker, or a lone status, tell what its native half has to tell. Used by
// whatever may have made it tell something: crossings that came back with events, and the
// news of the loop.

const { surface } = require('./emit')

/** The method that does so. */
const ANNOUNCE = Symbol('announce')

/**
 * So often events are announced before something is done all the same. Listeners may make
 * ever more of them.
 */
const MOST_ROUNDS = 8

/**
 * Announces events. Calls that have timed out are not told here, where the user's code may be
 * on the stack, and its end near. Whatever is thrown surfaces.
 */
function announce (owner) {
  tell(owner, true)
}

/** Announces events, and tells calls that they have timed out: for the news of the loop. */
function announceAll (owner) {
  tell(owner, false)
}

function tell (owner, eventsOnly) {
  try {
    owner[ANNOUNCE](eventsOnly)
  } catch (error) {
    surface(error)
  }
}

module.exports = { ANNOUNCE, MOST_ROUNDS, announce, announceAll }
