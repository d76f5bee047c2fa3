'use strict'

// An instance of the module, made at once of the bytes that the package carries. What is built for browsers has
// a file of `../browser` in the place of this one. Used by `module.js`.

const { decode } = require('./base64')

/** An instance that is given these, of these bytes as text. */
function instanceWith (imports, carried) {
  const { Instance, Module } = /** @type {any} */ (globalThis).WebAssembly
  return new Instance(new Module(decode(carried)), imports)
}

module.exports = { instanceWith }
