'use strict'

// An instance of the module where the main thread may not compile one at once, as in Chromium
// before 114: it is there before the rest of the package is. In the place of `../wasm/instance.js`.

const { decode } = require('../wasm/base64')
const { unpack } = require('./lzma')

// What the instance calls: it has to be there before that is.
let called

let instance

/** An instance that is given these: the one that was prepared. */
function instanceWith (imports) {
  called = imports.host
  return instance
}

/** Compiles. To be awaited before anything else of the package is required. */
async function prepare () {
  if (instance !== undefined) return
  const host = new Proxy({}, { get: (_, name) => (...args) => called[name](...args) })
  const compiled = await /** @type {any} */ (globalThis).WebAssembly.instantiate(unpack(decode(require('../wasm/bytes'))), { host })
  instance ??= compiled.instance
}

module.exports = { instanceWith, prepare }
