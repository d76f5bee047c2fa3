'use strict'

// The half that a browser has: it can load no addon. In the place of `../binding.js`.

module.exports = {
  exports: require('../wasm/environment'),
  binding: Object.freeze({ kind: 'wasm', reason: 'browser' })
}
