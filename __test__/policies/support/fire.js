'use strict'

// Calls in numbers, and what each came to.

/** Fires so many calls one after the other: what each came to, a value or the code of its error. */
async function fireInTurn (breaker, times, ...args) {
  const results = []
  for (let i = 0; i < times; i++) results.push(await outcomeOf(breaker.fire(...args)))
  return results
}

/** The same of calls that are under way together. */
function fireTogether (breaker, times, ...args) {
  return Promise.all(Array.from({ length: times }, () => outcomeOf(breaker.fire(...args))))
}

function outcomeOf (promise) {
  return promise.catch(error => error.code ?? error.statusCode ?? error)
}

module.exports = { fireInTurn, fireTogether }
