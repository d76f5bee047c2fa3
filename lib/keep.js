'use strict'

// Which breakers are kept from being collected though nobody holds them and no call waits: those
// whose circuit is open until a timer goes off, and of which somebody wants to hear then. Used by
// the class.

const { listensTo } = require('./emit')
const { codes: { IS_SHUTDOWN } } = require('./native/abi')
const { state } = require('./native/crossings')

/**
 * Keeps a breaker while its circuit is open and somebody listens to `halfOpen`, as `once()` does;
 * otherwise lets it go. To be asked wherever one of these changes. What has been told last counts,
 * for what is to be told yet comes.
 *
 * @param {import('./inner').Inner} inner
 */
function keepWhileOpen ({ breaker, circuit, handle, id, owner }) {
  const isOpen = circuit === 'open' || circuit === 'forcedOpen'
  const isAwaited = isOpen && listensTo(breaker, 'halfOpen') && handle.retryAfter() !== Infinity && (state(id) & IS_SHUTDOWN) === 0
  owner.awaited = isAwaited ? breaker : undefined
}

module.exports = { keepWhileOpen }
