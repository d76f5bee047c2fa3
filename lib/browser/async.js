'use strict'

// `didelphis/async` in browsers: it compiles, and then has the package load.

const { prepare } = require('../wasm/instance')

/** A promise of the class. */
module.exports.load = async () => {
  await prepare()
  return require('../../index')
}
