'use strict'

// What `__test__/support/wait.js` is under Node, for a page.

const { missing } = require('./needs-node')

const { MessageChannel, clearTimeout, setTimeout } = globalThis
const now = Date.now.bind(Date)
const { port1, port2 } = new MessageChannel()
const waiting = []
port1.onmessage = () => waiting.shift()()

const sleep = (ms, value) => new Promise(resolve => { setTimeout(resolve, ms, value) })
const turn = value => new Promise(resolve => { waiting.push(() => resolve(value)); port2.postMessage(0) })

async function until (condition) {
  const giveUpAt = now() + 20_000
  while (!condition()) {
    if (now() > giveUpAt) throw new Error(`in vain: ${condition}`)
    await sleep(5)
  }
}

/** What nobody caught while `act` ran, errors and rejections, in a list. */
async function uncaughtDuring (act) {
  const uncaught = []
  const hear = event => {
    event.preventDefault()
    uncaught.push(event.reason ?? event.error)
  }
  for (const name of ['error', 'unhandledrejection']) globalThis.addEventListener(name, hear)
  try {
    await act()
    await turn()
    await turn()
    // Browsers tell of rejections a task later.
    await sleep(20)
  } finally {
    for (const name of ['error', 'unhandledrejection']) globalThis.removeEventListener(name, hear)
  }
  return uncaught
}

function defer () {
  const deferred = {}
  deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }))
  return deferred
}

module.exports = { clearTimeout, collected: missing('gc'), defer, setImmediate: turn, setTimeout: sleep, sleep, turn, uncaughtDuring, until }
