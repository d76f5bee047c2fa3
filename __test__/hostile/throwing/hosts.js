'use strict'

// Hosts whose functions throw: the real one, and one whose timers are faked as node:test
// marks it.

const { sleep, surfaced, turn } = require('../support/inside')

const { AbortController, clearInterval, clearTimeout, setInterval, setTimeout } = globalThis
const { now } = Date

/** Puts functions in place which tell `run` that they are called, before they do anything. */
function realHost (run) {
  const tell = (name, does) => (...args) => {
    run.hit(name)
    return does(...args)
  }
  Object.assign(globalThis, {
    AbortController: class extends AbortController {
      constructor () {
        run.hit('AbortController')
        super()
      }
    },
    clearInterval: tell('clearInterval', clearInterval),
    clearTimeout: tell('clearTimeout', clearTimeout),
    setInterval: tell('setInterval', setInterval),
    setTimeout: tell('setTimeout', setTimeout)
  })
  Date.now = tell('Date.now', now)
  return { pass: sleep, end }
}

/** The same with a clock of its own, which stands still but for `pass`. */
function fakeHost (run) {
  let time = 1_800_000_000_007
  const timers = new Set()
  globalThis.setTimeout = (does, ms) => {
    run.hit('setTimeout')
    const timer = { at: time + Math.max(1, ms), does, unref: () => timer }
    timers.add(timer)
    return timer
  }
  globalThis.clearTimeout = timer => {
    run.hit('clearTimeout')
    timers.delete(timer)
  }
  Date.now = () => {
    run.hit('Date.now')
    return time
  }
  Date.isMock = true

  const pass = async ms => {
    for (const end = time + ms; time < end; time += STEP_MS) {
      for (const timer of timers) if (timer.at <= time) ring(timer)
      await turn()
    }
  }

  // As where timers are real, nobody catches what they throw.
  const ring = timer => {
    timers.delete(timer)
    try {
      timer.does()
    } catch (error) {
      surfaced.add(error)
    }
  }

  return { pass, end, isFake: true }
}

const STEP_MS = 5

function end () {
  Object.assign(globalThis, { AbortController, clearInterval, clearTimeout, setInterval, setTimeout })
  Date.now = now
  delete Date.isMock
}

module.exports = { fakeHost, realHost }
