'use strict'

// `didelphis/async`: the class for where its WebAssembly may not be compiled at once. Under Node.js
// it is simply there; in browsers what is built of `../browser/async.js` stands in the place of this.

/** A promise of the class. */
module.exports.load = async () => require('../../index')
