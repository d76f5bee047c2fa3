'use strict'

// Which clock a breaker lives by: the loop's or, while a test has faked the timers, the
// test's. Used by the class and the way of a call.

const { changeClocks } = require('./binding')
const { CLOCK, HANDLE, STALL_THRESHOLD } = require('./fields')
const { readNumber } = require('./options')

/** Notes what timers are in place as a breaker is made, and what it takes for a stall. */
function noteClock (breaker) {
  breaker[CLOCK] = setTimeout
  breaker[STALL_THRESHOLD] = readNumber('stallThreshold', breaker.options.stallThreshold)
}

/** Has the breaker follow when others have been put in place since. */
function followClock (breaker) {
  if (breaker[CLOCK] !== setTimeout) changeClock(breaker)
}

function changeClock (breaker) {
  breaker[CLOCK] = setTimeout
  changeClocks(breaker[HANDLE], breaker[STALL_THRESHOLD])
}

module.exports = { followClock, noteClock }
