'use strict'

// Which clock a breaker lives by: the loop's or, while a test has faked the timers, the
// test's. Used by the class and the way of a call.

const { changeClocks } = require('./binding')
const { isFaked, timersInPlace } = require('./fake-clock')
const { INNER } = require('./inner')
const { readNumber } = require('./options')

/** Notes what timers are in place as a breaker is made, and what it takes for a stall. */
function noteClock ({ [INNER]: inner, options }) {
  inner.clock = timersInPlace()
  inner.isHosted = isFaked()
  inner.stallThreshold = readNumber('stallThreshold', options.stallThreshold)
}

/** Has the breaker follow when others have been put in place since. */
function followClock (inner) {
  if (inner.clock !== timersInPlace()) changeClock(inner)
}

function changeClock (inner) {
  inner.clock = timersInPlace()
  inner.isHosted = isFaked()
  changeClocks(inner.handle, inner.stallThreshold)
}

module.exports = { followClock, noteClock }
