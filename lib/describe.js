'use strict'

// What a breaker is called, told to its native half: for threads that show it to others. Used by
// whatever makes a breaker, or changes its options.

const { readLabels } = require('./options')

/**
 * Tells the name, the group and the labels of a breaker.
 *
 * @param {import('./inner').Inner} inner
 */
function describe (inner, { labels }) {
  const { group, handle, name } = inner
  handle.describe(wordOf(name), wordOf(group), labels ? readLabels(labels) : undefined)
}

module.exports = { describe }

// A name may be anything, and what it says of itself is the user's code.
function wordOf (name) {
  if (typeof name === 'string') return name
  try {
    return String(name)
  } catch {
    return ''
  }
}
