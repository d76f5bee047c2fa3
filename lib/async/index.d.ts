import CircuitBreaker = require('../../index')

/**
 * Loads the class where the WebAssembly that it needs may not be compiled at once, as on the main
 * thread of Chromium before 114. Elsewhere it gives the same class as `didelphis`, or one like it.
 *
 * @example
 * import { load } from 'didelphis/async'
 * const CircuitBreaker = await load()
 */
export function load (): Promise<typeof CircuitBreaker>
