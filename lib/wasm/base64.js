'use strict'

// Bytes that are carried as text. Used by the environment.

const builtins = require('../builtins')

/** The bytes of a text of base64. */
function decode (text) {
  return builtins.Buffer.from(text, 'base64')
}

module.exports = { decode }
