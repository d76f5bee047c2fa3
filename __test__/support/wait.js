'use strict'

// Waiting for what comes in its own time.

const { setImmediate: turn, setTimeout: sleep } = require('node:timers/promises')

const POLL_MS = 5
const GIVE_UP_MS = 20_000

/** Waits until `condition` holds; rejects when it never does. */
async function until (condition) {
  const giveUpAt = Date.now() + GIVE_UP_MS
  while (!condition()) {
    if (Date.now() > giveUpAt) throw new Error(`in vain: ${condition}`)
    await sleep(POLL_MS)
  }
}

/** Waits until what a WeakRef refers to is collected. Needs --expose-gc. */
async function collected (ref) {
  await until(() => {
    globalThis.gc()
    return ref.deref() === undefined
  })
}

/**
 * What nobody caught while `act` ran, errors and rejections, in a list; they do not
 * fail the test.
 */
async function uncaughtDuring (act) {
  const uncaught = []
  process.setUncaughtExceptionCaptureCallback(error => uncaught.push(error))
  try {
    await act()
    await turn()
    await turn()
  } finally {
    process.setUncaughtExceptionCaptureCallback(null)
  }
  return uncaught
}

/** A promise with the functions that settle it. */
function defer () {
  const deferred = {}
  deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }))
  return deferred
}

module.exports = { collected, defer, sleep, turn, uncaughtDuring, until }
