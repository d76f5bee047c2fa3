'use strict'

// What a timer calls. A file of its own that asks for no other: of what a function could see a timer keeps
// everything, which in `module.js` is the whole package.

/** A function that has an instance told of the time, for as long as that is there. */
function wakerOf (reached) {
  return () => reached.weak.deref()?.onTime()
}

module.exports = { wakerOf }
