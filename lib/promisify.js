'use strict'

// Functions that take a callback, as actions. Used by the class.

const { refuse } = require('./options')

/**
 * An action that calls `action` with one argument more, a Node.js callback: its error
 * rejects, its first result resolves. What `util.promisify.custom` says is not asked,
 * for it may give another result.
 */
function promisify (action) {
  if (typeof action !== 'function') refuse('promisify(action): action', 'a function that takes a callback', action)
  const promisified = (...args) => new Promise((resolve, reject) => {
    // The function is its own `this`, as an action is.
    action.call(action, ...args, (error, result) => error ? reject(error) : resolve(result))
  })
  // Breakers are named after their actions.
  return Object.defineProperty(promisified, 'name', { value: action.name })
}

module.exports = promisify
