'use strict'

// Bytes that are carried as text. Used by the environment.

/** The bytes of a text of base64. */
function decode (text) {
  if (typeof Buffer === 'function') return Buffer.from(text, 'base64')
  return Uint8Array.from(atob(text), character => character.charCodeAt(0))
}

module.exports = { decode }
