'use strict'

// Which half there is behind the border, and why: the addon, or where that cannot be had its
// WebAssembly. Used by `native/load.js`.
//
// Bundlers read this file: what was not built is passed over.

const loadBinary = require('./binary')
const builtins = require('./builtins')
const { warnOnce } = require('./warnings')

/** @typedef {{ kind: 'native' | 'wasm', reason?: string }} Binding */

/** @type {{ exports: any, binding: Readonly<Binding> }} */
const chosen = choose(builtins.env.DIDELPHIS_BINDING)

module.exports = chosen

function choose (asked) {
  switch (asked) {
    case 'native': return native()
    case 'wasm': return wasm(bytes() ?? notBuilt(), 'DIDELPHIS_BINDING=wasm')
    case undefined: case '': return either()
    default: throw new Error(`DIDELPHIS_BINDING must be 'native' or 'wasm', but is '${asked}'`)
  }
}

function either () {
  try {
    return native()
  } catch (error) {
    const carried = bytes()
    if (carried === undefined) throw error
    const half = wasm(carried, error.message)
    warnOnce('DIDELPHIS_WASM', `${error.message} Until then its WebAssembly does the same, more slowly. DIDELPHIS_BINDING=wasm in the environment chooses that, without this warning.`)
    return half
  }
}

function native () {
  return { exports: loadBinary(), binding: Object.freeze({ kind: 'native' }) }
}

function wasm (carried, reason) {
  const half = require('./wasm/environment')
  half.carry(carried)
  return { exports: half, binding: Object.freeze({ kind: 'wasm', reason }) }
}

// In a clone they are there once they were built.
function bytes () {
  try {
    // @ts-ignore -- compilers look for it, too
    return require('./wasm/bytes')
  } catch {
    return undefined
  }
}

/** @returns {never} */
function notBuilt () {
  throw new Error('didelphis is asked for its WebAssembly (DIDELPHIS_BINDING=wasm), which is not built here: "npm run build:wasm" in the clone does that.')
}
