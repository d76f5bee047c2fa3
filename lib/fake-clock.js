'use strict'

// The clock of tests. While timers are faked, breakers live by them: by `setTimeout` and
// `Date.now`, which tests move on. Used by the binding.
//
// All of these are anybody's code. It may be missing, throw, and use the library itself.

const { setTimeout: ownSetTimeout } = require('node:timers')

/** The `setTimeout` that is in place; undefined where there is none, or none that can be had. */
function timersInPlace () {
  try {
    return globalThis.setTimeout
  } catch {
    return undefined
  }
}

/**
 * Whether timers are faked: by @sinonjs/fake-timers, which is also what Jest and Vitest
 * use and marks what it puts in place, or by the mock timers of node:test.
 */
function isFaked () {
  return timersInPlace()?.clock !== undefined || Date.isMock === true
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
  // How often it was set: whoever sets a timer may be made to set another one meanwhile.
  let count = 0

  const setTimer = ms => {
    const mine = ++count
    const previous = timer
    timer = undefined
    wait = ms
    // A timer of a clock that is gone cannot be cleared, and will not go off.
    if (previous !== undefined && setter === timersInPlace()) clear(previous)
    if (ms == null || mine !== count) return
    setter = timersInPlace()
    const made = set(() => ring(mine), ms, () => { if (mine === count) setTimer(ms) })
    if (mine === count) timer = made
    else clear(made)
    made?.unref?.()
  }

  const ring = mine => {
    if (mine !== count) return
    timer = undefined
    onTimer()
  }

  const now = () => {
    // What was waited for under the clock that is gone, others may be waiting behind.
    if (timer !== undefined && setter !== timersInPlace()) setTimer(wait)
    return Date.now()
  }

  return [now, setTimer]
}

module.exports = { fakeClock, isFaked, timersInPlace }

// A call must not wait for a timer that could not be set: Node's own goes off, too. Where the
// stack has come to its end, it may be the next line that fails, and the timer keeps the
// process: not for long. One that is far away is set anew then.
function set (ring, ms, again) {
  try {
    return setTimeout(ring, ms)
  } catch {
    return ms <= LONGEST_MS ? ownSetTimeout(ring, ms) : ownSetTimeout(again, LONGEST_MS)
  }
}

const LONGEST_MS = 1000

// One that is not cleared goes off for nothing.
function clear (timer) {
  try {
    clearTimeout(timer)
  } catch {}
}
