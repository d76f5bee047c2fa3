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

/** Announces. Whatever is thrown surfaces. */
function announce (owner) {
  try {
    owner[ANNOUNCE]()
  } catch (error) {
    surface(error)
  }
}

module.exports = { ANNOUNCE, MOST_ROUNDS, announce }
