'use strict'

// The wake-ups of the native half: what happened while JavaScript was not running, handed to whom it
// concerns. The loop calls this when the timer thread, or the loop's clock, has something to tell.

const { setImmediate } = require('../builtins')
const { drainWakeup, inOnePiece } = require('../drain-events')
const { throwAsync } = require('../emit')
const { codes: { NONE, NO_THREAD, STALL, UNTAKEN } } = require('./abi')
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

let isDue = false

receiver.pump = pump

// By the time that all is heard the timer thread may have more, which listeners have asked for.
function pump () {
  let next
  const isAll = inOnePiece(() => {
    next ??= nextWakeup(NONE)
    if (next === NONE) return false
    try {
      next = hear(next)
    } catch (error) {
      // Whatever a user has done to one breaker: the others have some, too.
      throwAsync(error)
      next = undefined
    }
    return true
  })
  if (!isAll) beDue()
}

function beDue () {
  if (isDue) return
  setImmediate(() => {
    isDue = false
    pump()
  })
  isDue = true
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
