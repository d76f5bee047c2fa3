'use strict'

// Writes the bytes of a module of WebAssembly as a module of JavaScript, `lib/wasm/bytes.js`: no file to
// be found, nothing to be fetched. Used by `.ci/wasm`.

const { readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')

const bytes = readFileSync(process.argv[2])
writeFileSync(join(__dirname, '..', 'lib', 'wasm', 'bytes.js'), `'use strict'

// The native half as WebAssembly. Written by "npm run build:wasm" from \`crates/wasm\`.

module.exports = '${bytes.toString('base64')}'
`)
console.log(`lib/wasm/bytes.js: ${bytes.length} bytes`)
