'use strict'

// Bytes that are carried as text, where there is no Buffer. In the place of `../wasm/base64.js`.

/** The bytes of a text of base64. */
function decode (text) {
  return Uint8Array.from(atob(text), character => character.charCodeAt(0))
}

module.exports = { decode }
