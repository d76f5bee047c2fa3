'use strict'

// Whose clock a breaker may live by. `install(name, hook)` puts one in place whose functions
// call `hook(name)`, if there is one, before they do anything; `pass` lets time go by, and so
// does `jump`, at once; `uninstall` puts the host's own back.

const { mock } = require('node:test')
const FakeTimers = require('@sinonjs/fake-timers')
const { sleep, surfaced, turn } = require('../support/inside')

const { Date: RealDate, clearTimeout, setTimeout } = globalThis
const { now } = Date

const CLOCKS = {
  real: () => ({ remove () {} }),

  'marked as that of node:test': () => {
    const clock = ownClock()
    Date.isMock = true
    return clock
  },

  'marked as that of sinon': () => {
    const clock = ownClock()
    globalThis.setTimeout.clock = {}
    return clock
  },

  'that of node:test': () => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_800_000_000_007 })
    return { jump: ms => mock.timers.tick(ms), remove: () => mock.timers.reset() }
  },

  'that of sinon': () => {
    const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_800_000_000_007 })
    return { jump: ms => clock.tick(ms), remove: () => clock.uninstall() }
  }
}

function install (name, hook) {
  const clock = CLOCKS[name]()
  if (hook) {
    hooked(globalThis, 'setTimeout', hook)
    hooked(globalThis, 'clearTimeout', hook)
    hooked(Date, 'now', hook, 'Date.now')
  }
  return {
    // At once, where a clock can.
    jump: ms => clock.isGone ? undefined : clock.jump?.(ms),
    // Somebody may still wait for time to go by.
    pass: ms => clock.isGone || !clock.jump ? sleep(ms) : inSteps(clock, ms),
    uninstall: () => uninstall(clock)
  }
}

module.exports = { CLOCKS, install }

function hooked (object, name, hook, told = name) {
  const inner = object[name]
  object[name] = Object.assign(function (...args) {
    hook(told)
    return inner.apply(this, args)
  }, inner)
}

function uninstall (clock) {
  if (clock.isGone) return
  clock.isGone = true
  clock.remove()
  Object.assign(globalThis, { Date: RealDate, clearTimeout, setTimeout })
  Date.now = now
  delete Date.isMock
  delete setTimeout.clock
}

// The smallest fake clock that there can be.
function ownClock () {
  let time = 1_800_000_000_007
  const timers = new Set()
  globalThis.setTimeout = (does, ms) => {
    const timer = { at: time + Math.max(1, ms), does }
    timers.add(timer)
    return timer
  }
  globalThis.clearTimeout = timer => timers.delete(timer)
  Date.now = () => time
  const tick = ms => {
    time += ms
    for (const timer of timers) {
      if (timer.at > time || !timers.delete(timer)) continue
      timer.does()
    }
  }
  return { jump: tick, remove () {} }
}

// What goes off may throw, which is nobody's then, as where timers are real. Meanwhile the
// clock may be taken away.
async function inSteps (clock, ms) {
  for (let passed = 0; passed < ms && !clock.isGone; passed += STEP_MS) {
    try {
      clock.jump(STEP_MS)
    } catch (error) {
      surfaced.add(error)
    }
    await turn()
  }
}

const STEP_MS = 5
