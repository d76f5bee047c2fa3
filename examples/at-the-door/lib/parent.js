'use strict'

// Being started by another program of this example. Used by those that it starts.

/** Tells it something; false if there is none. */
function tellParent (message) {
  return process.connected ? process.send(message) || true : false
}

/**
 * Nobody stays behind, however the parent ended. Ctrl-C reaches all of them: it is for
 * the parent to say what happens then.
 */
function endWithParent () {
  if (!process.connected) return
  process.on('disconnect', () => process.exit())
  process.on('SIGINT', () => {})
}

module.exports = { endWithParent, tellParent }
