'use strict'

// The clock of tests. A breaker that is made while timers are faked lives by them: by
// `setTimeout` and `Date.now`, which tests move on. Used by the binding.

/**
 * Whether timers are faked: by @sinonjs/fake-timers, which is also what Jest and Vitest
 * use and marks what it puts in place, or by the mock timers of node:test.
 */
function isFaked () {
  return setTimeout.clock !== undefined || Date.isMock === true
}

/**
 * A native half that lives by the fake clock; `announce()` is called when it has news by
 * itself.
 */
function createHosted (environment, options, announce) {
  let timer
  let clock

  const onTimer = () => {
    if (handle.deref()?.onTimer()) announce()
  }

  const setTimer = ms => {
    // A timer of a clock that is gone cannot be cleared, and will not go off.
    if (clock === setTimeout.clock) clearTimeout(timer)
    clock = setTimeout.clock
    timer = ms == null ? undefined : setTimeout(onTimer, ms)
    timer?.unref?.()
  }

  const native = environment.createHosted(options, () => Date.now(), setTimer)
  // What the native half holds must not hold it.
  const handle = new WeakRef(native)
  return native
}

module.exports = { createHosted, isFaked }
