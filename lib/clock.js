'use strict'

// Which clock a breaker lives by: the loop's or, while a test has faked the timers, the
// test's. Used by the class and the way of a call.

const { timersInPlace } = require('./fake-clock')
const { INNER } = require('./inner')
const { changeClocks } = require('./native/instances')
const { readNumber } = require('./options')
const { waitAnew } = require('./retry')

/** Notes what timers are in place as a breaker is made, and what it takes for a stall. */
function noteClock ({ [INNER]: inner, options }) {
  inner.clock = timersInPlace()
  inner.stallThreshold = readNumber('stallThreshold', options.stallThreshold)
}

/** The breaker takes something else for a stall from now on: it follows as the next call begins. */
function noteStallThreshold (inner, options) {
  const stallThreshold = readNumber('stallThreshold', options.stallThreshold)
  if (stallThreshold === inner.stallThreshold) return
  inner.stallThreshold = stallThreshold
  inner.clock = UNKNOWN
}

/** Has the breaker follow when others have been put in place since. */
function followClock (inner) {
  if (inner.clock !== timersInPlace()) changeClock(inner)
}

// The code of hosts runs meanwhile. If that has put yet another clock in place, or the stack
// ends, nobody knows what the breaker lives by: the next call has it follow again.
function changeClock (inner) {
  const clock = timersInPlace()
  inner.clock = clock
  let isFollowed = false
  try {
    changeClocks(inner.handle, inner.stallThreshold)
    isFollowed = inner.clock === clock
  } finally {
    if (!isFollowed) inner.clock = UNKNOWN
    waitAnew(inner)
  }
}

// No timers are this.
const UNKNOWN = Symbol('unknown')

module.exports = { followClock, noteClock, noteStallThreshold }
