'use strict'

// What a page has not: modules of Node's, and helpers of the tests that need them. A test that uses one ends there,
// and is listed among those that need Node.

class NeedsNode extends Error {}

function missing (what) {
  return function () { throw new NeedsNode(what) }
}

module.exports = { NeedsNode, missing }
