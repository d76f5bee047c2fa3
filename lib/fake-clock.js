'use strict'

// The clock of tests. While timers are faked, breakers live by them: by `setTimeout` and
// `Date.now`, which tests move on. Used by the binding.

/**
 * Whether timers are faked: by @sinonjs/fake-timers, which is also what Jest and Vitest
 * use and marks what it puts in place, or by the mock timers of node:test.
 */
function isFaked () {
  return setTimeout.clock !== undefined || Date.isMock === true
}

/**
 * What a native half lives by, as it wants it: a function that gives the time, and one that
 * sets the timer. `onTimer()` is called when that goes off.
 */
function fakeClock (onTimer) {
  let timer
  let wait
  // That with which the timer was set: another one belongs to another clock.
  let setter

  const setTimer = ms => {
    // A timer of a clock that is gone cannot be cleared, and will not go off.
    if (setter === setTimeout) clearTimeout(timer)
    setter = setTimeout
    wait = ms
    timer = ms == null ? undefined : setTimeout(ring, ms)
    timer?.unref?.()
  }

  const ring = () => {
    timer = undefined
    onTimer()
  }

  const now = () => {
    // What was waited for under the clock that is gone, others may be waiting behind.
    if (timer !== undefined && setter !== setTimeout) setTimer(wait)
    return Date.now()
  }

  return [now, setTimer]
}

module.exports = { fakeClock, isFaked }
