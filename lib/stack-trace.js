'use strict'

// Who is on the stack, for whoever has to know.

/** The frames of the stack that call this, as text, at most so many; none where somebody has made stack traces his own. */
function framesOnStack (most) {
  try {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = most + 1
    const { stack } = new Error('')
    Error.stackTraceLimit = stackTraceLimit
    // Without its first line, and this function.
    return stack.split('\n').slice(2)
  } catch {
    return []
  }
}

module.exports = { framesOnStack }
