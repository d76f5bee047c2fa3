// The types of the ES module `didelphis/async` of browsers.

export { load } from '../async/index.js'
