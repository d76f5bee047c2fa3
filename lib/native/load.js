'use strict'

// The native half, loaded: the one environment of this load of the module, its raw functions, and
// the memory that both sides see. Used by the files beside it.

const builtins = require('../builtins')
const { FINGERPRINT, NUMBERS } = require('./abi')

const { binding, exports: { Environment, Readings, RetryBudget, Server } } = load()

// Bun aborts the process when an addon calls its libuv, and Deno's lacks what the loop
// clock needs.
const withLibuv = binding.kind === 'native' && !process.versions.bun && !process.versions.deno

/** Who is called on the loop when there are wake-ups, and says whether it has heard of all: `pump.js`. */
const receiver = { pump () { return true } }
const onWakeup = binding.kind === 'native'
  ? () => { if (!receiver.pump()) builtins.setImmediate(onWakeup) }
  // It is in the hands of its host, which lets nothing through that the module throws.
  : () => receiver.pump()

// Memory that both sides see. What a crossing takes and gives goes through its words:
// a breaker's number in the first, what else there is in the next; the result in the
// first. It is a shared buffer because nobody can transfer one away from here. WebAssembly has
// its own, and pages mostly no shared buffers.
const numbers = binding.kind === 'native' ? new Float64Array(new SharedArrayBuffer(8 * NUMBERS)) : new Float64Array(0)

/** @type {import('../../src/node/binding').Environment & { look?: () => void }} */
const environment = new Environment(onWakeup, withLibuv, numbers, FINGERPRINT, builtins.threadId)
// The native side holds it weakly, for it leads to everything here.
Object.assign(environment, { onWakeup })

/**
 * The memory as words and as numbers. That of WebAssembly is another one when it has grown, so both
 * are asked of this each time; engines take for constant what never changes.
 *
 * @type {{ numbers: Float64Array, words: Int32Array }}
 */
const shared = /** @type {any} */ (environment).shared ?? { numbers, words: new Int32Array(numbers.buffer) }

const cross = environment.hot()

module.exports = { Readings, RetryBudget, Server, binding, cross, environment, receiver, shared, withLibuv }

/** @returns {{ exports: typeof import('../../src/node/binding'), binding: { kind: 'native' | 'wasm', reason?: string } }} */
function load () {
  // Node aborts as it writes a snapshot that holds an addon, and does not say whose.
  if (builtins.startupSnapshot?.isBuildingSnapshot?.()) throw new Error(inSnapshot())
  return require('../binding')
}

function inSnapshot () {
  return 'didelphis cannot be part of a startup snapshot: its native half does not survive one. ' +
    'Require it when the program that was built starts, inside the function that is given to ' +
    "require('node:v8').startupSnapshot.setDeserializeMainFunction()."
}
