'use strict'

// Bytes that are carried as text. Used by the environment.

// A context of `node:vm`, as that of a test runner, may have no such global.
const { Buffer } = process.getBuiltinModule?.('buffer') ?? require('buffer')

/** The bytes of a text of base64. */
function decode (text) {
  return Buffer.from(text, 'base64')
}

module.exports = { decode }
