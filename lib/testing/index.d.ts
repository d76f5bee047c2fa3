// The types of `didelphis/testing`.

import CircuitBreaker = require('../../index')

/** Where a breaker may stand: the words of `breaker.state`. */
export type BreakerState = CircuitBreaker['state']

/**
 * Makes a breaker that stands in a state already, without the calls that would lead there. It
 * is a real one, and goes on from there as any does.
 *
 * One that is half open has been open once: where waits grow, the next one is the second.
 *
 * @param options - copied, so that `breaker.options` is an object of its own
 * @throws TypeError for a word that is no state, and as the constructor does
 * @example
 * const breaker = breakerIn('open', fetchUser, { resetTimeout: 1000 })
 * await assert.rejects(breaker.fire(1), { code: 'EOPENBREAKER' })
 */
export function breakerIn<TI extends unknown[], TR> (
  state: BreakerState, action: (...args: TI) => TR | PromiseLike<TR>, options?: CircuitBreaker.Options<TI>
): CircuitBreaker<TI, TR>

/**
 * Stops time for all of the thread: `setTimeout`, `setInterval`, what clears them, and `Date`
 * go by a clock that stands still until a test steps it, and breakers live by it. All else is as it
 * was: promises, `setImmediate`, sockets, `performance.now()`.
 *
 * It begins at the present date. End it when the test ends.
 *
 * @throws Error where timers are faked already: breakers live by those, and a test steps them
 * @example
 * const clock = steppedClock()
 * const breaker = breakerIn('open', fetchUser, { resetTimeout: 1000 })
 * await clock.step(1000)
 * assert.equal(breaker.state, 'halfOpen')
 * clock.end()
 */
export function steppedClock (): SteppedClock

/** A clock that stands still; `using` ends it, where there is a `Symbol.dispose`. */
export type SteppedClock = {
  /** What `Date.now()` gives. */
  readonly now: number
  /**
   * Lets time pass. Timers go off in their order, each at its moment, and what they and the
   * promises set off runs before the next, so a chain of waits needs one step. Without an
   * argument, what is due now is done and no time passes.
   *
   * Steps that are asked for together are made one after the other.
   *
   * @param ms - in milliseconds
   * @throws what a timer's function throws; the step ends there
   */
  step (ms?: number): Promise<void>
  /** Time is the machine's again. Timers that have not gone off never will. Once is enough. */
  end (): void
} & { [Name in DisposeSymbol]: () => void }

/** `Symbol.dispose`, where the declarations of the program have it. */
type DisposeSymbol = SymbolConstructor extends { readonly dispose: infer S } ? S & symbol : never
