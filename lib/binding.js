'use strict'

// Which half there is behind the border, and why: the addon, or where that cannot be had its
// WebAssembly. Used by `native/load.js`.

const loadBinary = require('./binary')
const builtins = require('./builtins')
const { warnOnce } = require('./warnings')

/**
 * @typedef {{ kind: 'native' | 'wasm', reason?: string }} Binding
 */

/** @type {{ exports: any, binding: Readonly<Binding> }} */
const chosen = choose(builtins.env.DIDELPHIS_BINDING)

module.exports = chosen

function choose (asked) {
  switch (asked) {
    case 'native': return native()
    case 'wasm': return wasm('DIDELPHIS_BINDING=wasm')
    case undefined: case '': return either()
    default: throw new Error(`DIDELPHIS_BINDING must be 'native' or 'wasm', but is '${asked}'`)
  }
}

function either () {
  try {
    return native()
  } catch (error) {
    if (!isBuilt()) throw error
    const half = wasm(error.message)
    warnOnce('DIDELPHIS_WASM', `${error.message} Meanwhile its WebAssembly is used: it does the same, more slowly. DIDELPHIS_BINDING=wasm makes that the choice, without this warning.`)
    return half
  }
}

function native () {
  return { exports: loadBinary(), binding: Object.freeze({ kind: 'native' }) }
}

function wasm (reason) {
  return { exports: require('./wasm/environment'), binding: Object.freeze({ kind: 'wasm', reason }) }
}

// In a clone the bytes are there once they were built.
function isBuilt () {
  try {
    return require('./wasm/bytes') !== undefined && 'WebAssembly' in globalThis
  } catch {
    return false
  }
}
