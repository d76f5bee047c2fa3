'use strict'

// The native half, loaded: the one environment of this load of the module, its raw functions, and
// the memory that both sides see. Used by the files beside it.

const loadBinary = require('../binary')
const builtins = require('../builtins')
const { FINGERPRINT, NUMBERS } = require('./abi')

const { Environment, Readings, RetryBudget, Server } = load()

// Bun aborts the process when an addon calls its libuv, and Deno's lacks what the loop
// clock needs.
const withLibuv = !process.versions.bun && !process.versions.deno

// Memory that both sides see. What a crossing takes and gives goes through its words:
// a breaker's number in the first, what else there is in the next; the result in the
// first. It is a shared buffer because nobody can transfer one away from here.
const numbers = new Float64Array(new SharedArrayBuffer(8 * NUMBERS))
const words = new Int32Array(numbers.buffer)

/** Who is called on the loop when there are wake-ups: `pump.js`. */
const receiver = { pump () {} }
const onWakeup = () => receiver.pump()

const environment = new Environment(onWakeup, withLibuv, numbers, FINGERPRINT, builtins.threadId)
// The native side holds it weakly, for it leads to everything here.
Object.assign(environment, { onWakeup })

const cross = environment.hot()

module.exports = { Readings, RetryBudget, Server, cross, environment, numbers, receiver, withLibuv, words }

/** @returns {typeof import('../../src/node/binding')} */
function load () {
  // Node aborts as it writes a snapshot that holds an addon, and does not say whose.
  if (builtins.startupSnapshot?.isBuildingSnapshot?.()) throw new Error(inSnapshot())
  return loadBinary()
}

function inSnapshot () {
  return 'didelphis cannot be part of a startup snapshot: its native half does not survive one. ' +
    'Require it when the program that was built starts, inside the function that is given to ' +
    "require('node:v8').startupSnapshot.setDeserializeMainFunction()."
}
