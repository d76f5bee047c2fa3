'use strict'

// Which clock a breaker lives by: the loop's or, while a test has faked the timers, the
// test's. Used by the class and the way of a call.

const { changeClocks } = require('./binding')
const { CLOCK, HANDLE } = require('./fields')
const { readNumber } = require('./options')

/** Notes what timers are in place as a breaker is made. */
function noteClock (breaker) {
  breaker[CLOCK] = setTimeout
}

/** Has the breaker follow when others have been put in place since. */
function followClock (breaker) {
  if (breaker[CLOCK] === setTimeout) return
  breaker[CLOCK] = setTimeout
  changeClocks(breaker[HANDLE], readNumber('stallThreshold', breaker.options.stallThreshold))
}

module.exports = { followClock, noteClock }
