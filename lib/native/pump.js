'use strict'

// The wake-ups of the native half: what happened while JavaScript was not running, handed to whom it
// concerns. The loop calls this when the timer thread, or the loop's clock, has something to tell.

const { beginTurn, drainWakeup, endTurn, hasRoom, onRest } = require('../drain-events')
const { throwAsync } = require('../emit')
const { codes: { NONE, NO_THREAD, REST, STALL, UNTAKEN } } = require('./abi')
const { nextWakeup, stallLength } = require('./crossings')
const { instances } = require('./instances')
const { receiver } = require('./load')

/** What is done about the wake-ups that are no breaker's: by whoever knows how. */
const handlers = {
  /** A stall of the loop has ended that was so long, in milliseconds. */
  onStall (length) {},
  /** Calls were admitted in an earlier turn of the loop of which nobody has taken charge. */
  onUntaken () {},
  /** There is no timer thread to be had. */
  onNoThread () {}
}

// Stops after one piece, to be called again in the next turn: by the time that all is heard the timer
// thread may have more, without an end.
receiver.pump = () => {
  beginTurn()
  try {
    let next = nextWakeup(NONE, true)
    while (next !== NONE) {
      try {
        next = hear(next)
      } catch (error) {
        // Whatever a user has done to one breaker: the others have some, too.
        throwAsync(error)
        next = undefined
      }
      if (!hasRoom()) return false
      next ??= nextWakeup(NONE, false)
    }
    return true
  } finally {
    endTurn()
  }
}

// Returns the wake-up after that, where it has been asked for.
function hear (wakeup) {
  switch (wakeup) {
    case STALL:
      handlers.onStall(stallLength())
      break
    case UNTAKEN:
      handlers.onUntaken()
      break
    case REST:
      onRest()
      break
    case NO_THREAD:
      handlers.onNoThread()
      break
    default: {
      const owner = instances[wakeup]?.pinned ?? instances[wakeup]?.weak.deref()
      if (owner !== undefined) return drainWakeup(owner, wakeup)
    }
  }
}

module.exports = { handlers }
