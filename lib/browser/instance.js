'use strict'

// An instance of the module, whose bytes are part of what is built, packed. In the place of `../wasm/instance.js`.

const { decode } = require('../wasm/base64')
const { unpack } = require('./lzma')

/** An instance that is given these. */
function instanceWith (imports) {
  const { Instance, Module } = /** @type {any} */ (globalThis).WebAssembly
  return new Instance(new Module(unpack(decode(require('../wasm/bytes')))), imports)
}

module.exports = { instanceWith }
