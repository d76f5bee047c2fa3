'use strict'

/**
 * Does something to each of a list, whatever doing it to another throws: the first error is thrown when all have
 * had it done to them.
 */
function toEach (list, act) {
  let failed = false
  let first
  for (const item of list) {
    try {
      act(item)
    } catch (error) {
      if (!failed) first = error
      failed = true
    }
  }
  if (failed) throw first
}

module.exports = { toEach }
