'use strict'

// The wake-ups of the native half: what happened while JavaScript was not running, handed to whom it
// concerns. The loop calls this when the timer thread, or the loop's clock, has something to tell.

const { drainAll } = require('../drain-events')
const { throwAsync } = require('../emit')
const { codes, words: { LENGTH } } = require('./abi')
const { instances } = require('./instances')
const { cross, receiver, words } = require('./load')

/** What is done about the wake-ups that are no breaker's: by whoever knows how. */
const handlers = {
  /** A stall of the loop has ended that was so long, in milliseconds. */
  onStall (length) {},
  /** Calls were admitted in an earlier turn of the loop of which nobody has taken charge. */
  onUntaken () {},
  /** There is no timer thread to be had. */
  onNoThread () {}
}

receiver.pump = () => {
  for (let id = nextWakeup(); id !== codes.NONE; id = nextWakeup()) {
    try {
      hear(id)
    } catch (error) {
      // Whatever a user has done to one breaker: the others have some, too.
      throwAsync(error)
    }
  }
}

function hear (id) {
  switch (id) {
    case codes.STALL: return handlers.onStall(words[LENGTH])
    case codes.UNTAKEN: return handlers.onUntaken()
    case codes.NO_THREAD: return handlers.onNoThread()
    default: {
      const owner = instances[id]?.pinned ?? instances[id]?.weak.deref()
      if (owner !== undefined) drainAll(owner)
    }
  }
}

/** The next breaker that has something to announce, or `NONE`. */
function nextWakeup () {
  cross.nextWakeup()
  return words[0]
}

module.exports = { handlers }
