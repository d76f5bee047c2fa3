'use strict'

// The clock of tests. While timers are faked, breakers live by them: by `setTimeout` and
// `Date.now`, which tests move on. Used by `native/instances.js`, and for what timers are in place by the clock.
//
// All of these are anybody's code. It may be missing, throw, and use the library itself.

const { clearTimeout: clearOwn, setTimeout: setOwn } = require('./builtins')

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

/** Whether a test shows the date that it likes, be it with timers of its own or without. */
function isDateFaked () {
  return isFaked() || Date.isFake === true
}

/**
 * What a native half lives by, as it wants it: a function that gives the time, and one that
 * sets the timer. `onTimer()` is called when that goes off.
 *
 * @returns {[now: () => number, setTimer: (ms?: number) => void]}
 */
function fakeClock (onTimer) {
  /** @type {{ isOwn: boolean, timer: any } | undefined} */
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
    // A timer of a clock that is gone cannot be cleared: if it goes off, it is not heard.
    if (previous !== undefined && (previous.isOwn || setter === timersInPlace())) clear(previous)
    if (ms == null || mine !== count) return
    try {
      set(mine, false)
    } catch {
      // Once more with a stack of its own, for the end of the stack may be what was thrown:
      // Node's timers lose count of themselves there, and keep the process.
      AFTERWARDS.then(() => { if (mine === count) set(mine, true) })
    }
  }

  // A call must not wait for a timer that could not be set: Node's own goes off, too.
  const set = (mine, orOwn) => {
    setter = timersInPlace()
    /** @type {{ isOwn: boolean, timer: any }} */
    let made
    try {
      made = { isOwn: false, timer: setTimeout(() => onHostTimer(mine), wait) }
    } catch (error) {
      if (!orOwn) throw error
      made = { isOwn: true, timer: setOwn(() => onHostTimer(mine), wait) }
    }
    if (mine === count) timer = made
    else clear(made)
    unref(made)
  }

  const onHostTimer = mine => {
    if (mine !== count) return
    timer = undefined
    onTimer()
  }

  const now = () => {
    // What was waited for under the clock that is gone, others may be waiting behind.
    if (timer !== undefined && setter !== timersInPlace()) setTimer(wait)
    try {
      return Date.now()
    } catch {
      // The native half takes what comes through, where it is not the end of the stack, for a stop of V8's.
      return NaN
    }
  }

  return [now, setTimer]
}

module.exports = { fakeClock, isDateFaked, isFaked, timersInPlace }

const AFTERWARDS = Promise.resolve()

function unref ({ timer }) {
  try {
    timer?.unref?.()
  } catch {}
}

// One that is not cleared goes off for nothing.
function clear ({ isOwn, timer }) {
  try {
    if (isOwn) clearOwn(timer)
    else clearTimeout(timer)
  } catch {}
}
