/// <reference types="node" />

// The types of didelphis, written by hand. Programs written with @types/opossum compile
// with them; beyond those, they know what `fire` gives and what each event carries.

import { EventEmitter } from 'events'
import { Readable } from 'stream'

// Inside the namespace, `CircuitBreaker` would mean the export of that name: itself.
/* eslint-disable @typescript-eslint/no-use-before-define */
import Breaker = CircuitBreaker
import Events = CircuitBreaker.Events
/* eslint-enable @typescript-eslint/no-use-before-define */

/**
 * A circuit breaker: calls an action for its users, and stops calling it for a while
 * when too large a share of the calls fail.
 *
 * It is closed (calls go through) until the failure rate opens it (calls are refused at
 * once); after {@link CircuitBreaker.Options.resetTimeout} it is half open and lets one
 * call try, whose outcome closes it or opens it again.
 *
 * @typeParam TI - the action's arguments, as a tuple
 * @typeParam TR - what the action gives, awaited
 * @example
 * const breaker = new CircuitBreaker((id: string) => fetch(`/users/${id}`), { timeout: 500 })
 * const response = await breaker.fire('42')
 */
declare class CircuitBreaker<TI extends unknown[] = unknown[], TR = unknown> extends Drainable { // eslint-disable-line @typescript-eslint/no-use-before-define
  /**
   * Whether an error was made by a breaker (a refusal, a timeout) and not by an action.
   * Any value may be asked about; the error's `code` tells which it is.
   */
  static isOurError<E> (error: E | Object): error is OurError<E>

  /**
   * Makes a rolling window outside of a breaker, for {@link CircuitBreaker.Options.status}:
   * a breaker given it starts with its counts.
   *
   * @throws TypeError for an option that makes no sense, as the constructor does
   */
  static newStatus (options: CircuitBreaker.StatusOptions): CircuitBreaker.Status

  /**
   * Makes a budget for the {@link CircuitBreaker.Options.retry} of several breakers, as of those
   * that ask one backend.
   *
   * @throws TypeError for a number that makes no sense
   * @example
   * const budget = CircuitBreaker.retryBudget({ ratio: 0.2 })
   * const users = new CircuitBreaker(fetchUser, { retry: { budget } })
   * const orders = new CircuitBreaker(fetchOrder, { retry: { budget } })
   */
  static retryBudget (options?: CircuitBreaker.RetryBudgetOptions): CircuitBreaker.RetryBudget

  /**
   * Shows every breaker of the process, and lets operators steer them, from a thread of its own:
   * metrics for Prometheus, JSON, server-sent events, a health check and a page. It answers while
   * the event loop is stalled. Nothing of it runs before this is called, and it does not keep the
   * process alive. What it answers is in `docs/server.md`.
   *
   * Rejects with a TypeError for an option that makes no sense, and with an error as of Node's own
   * servers (`code`: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`) where it cannot listen.
   *
   * @example
   * const server = await CircuitBreaker.serve({ port: 9464, token: process.env.DIDELPHIS_TOKEN })
   * console.log(server.url) // http://127.0.0.1:9464/
   */
  static serve (options?: CircuitBreaker.ServeOptions): Promise<CircuitBreaker.Server>

  /**
   * What the event loop of this thread did: its lag and its stalls, measured once a turn.
   * Emits `stall` when one has ended.
   */
  static readonly loop: CircuitBreaker.Loop

  /**
   * Which half decides behind this class: the addon, or its WebAssembly where that cannot be loaded;
   * then `reason` says why. `DIDELPHIS_BINDING=native` or `=wasm` in the environment chooses.
   */
  static readonly binding: CircuitBreaker.Binding

  /**
   * The stream of all breakers for Hystrix dashboards, as `hystrixStats.getHystrixStream()`
   * gives it. From the first opossum. It is made when it is asked for, so it is no named
   * export of the ES module.
   */
  static readonly stats: Readable

  /**
   * Makes an action of a function whose last parameter is a callback `(err, result)`: it
   * takes the other arguments and returns a promise of the one result. From the first
   * opossum; unlike `util.promisify`, it does not ask for `util.promisify.custom`.
   *
   * Of a function with overloads TypeScript sees the last: `fs.readFile` without options.
   *
   * @throws TypeError when it is no function
   */
  static promisify<A extends unknown[], R> (func: (...args: [...args: A, callback: (err: any, result: R) => void]) => void): (...args: A) => Promise<R>
  static promisify<A extends unknown[]> (func: (...args: [...args: A, callback: (err?: any) => void]) => void): (...args: A) => Promise<void>

  /**
   * Breakers by key: one for each host, tenant or table of a program, made when it is first asked
   * for. A `Map` to whoever reads it. Beyond `max`, the one that was used longest ago goes,
   * provided that its circuit is closed and no call of it is under way: what knows of trouble
   * is kept. Called on a subclass, it makes breakers of that.
   *
   * @throws TypeError for a `max` or `defaults` that make no sense
   * @example
   * const hosts = CircuitBreaker.registry({ action: fetch, defaults: { timeout: 500 }, max: 1000 })
   * const answer = await hosts.for(url.host).fire(url)
   */
  static registry<K = string, TI extends unknown[] = any[], TR = any> (options?: CircuitBreaker.RegistryOptions<TI, TR>): CircuitBreaker.Registry<K, TI, TR>

  /**
   * Lets every call of the process through, whatever its breaker: a switch for emergencies, in
   * which breakers do harm. Each is as if `disable` had been called, and its calls are counted
   * as fires; breakers that are made meanwhile, and those of worker threads, are so too. Starting a
   * program with the environment variable `DIDELPHIS_DISABLED=1` does the same from the
   * beginning. What is done to a breaker meanwhile holds when `enableAll` ends it.
   */
  static disableAll (): void
  /** Ends `disableAll`: every breaker is again as it is by itself. */
  static enableAll (): void

  /**
   * Makes a breaker around an action, which may return a promise, any other thenable or
   * a plain value, and may throw.
   *
   * @throws TypeError when the action is missing, and for an option whose value makes no
   * sense, such as `NaN`, a negative duration or a word for a number; the message names
   * the option, what it should be and what it was. Numbers may be written as strings
   * (`'500'`) in `timeout`, `resetTimeout`, `errorThresholdPercentage`,
   * `rollingCountTimeout` and `rollingCountBuckets`.
   */
  constructor (action: (...args: TI) => TR | PromiseLike<TR>, options?: CircuitBreaker.Options<TI>)
  /**
   * Makes a breaker around a plain value: `fire` gives it, whatever the arguments.
   *
   * @throws TypeError for a value that is falsy: it is taken for a missing action
   */
  constructor (value: TR & PlainValue, options?: CircuitBreaker.Options<TI>)
  // Again, for what looks at the last of the overloads: error messages and
  // `ConstructorParameters`.
  constructor (action: (...args: TI) => TR | PromiseLike<TR>, options?: CircuitBreaker.Options<TI>)

  /** What the breaker is called; {@link CircuitBreaker.Options.name} says where it comes from. */
  readonly name: string
  /** The group that the breaker reports under; its `name` unless an option says otherwise. */
  readonly group: string
  /**
   * What calls meet, in a word: `'disabled'` while they go by the breaker, by `disable` or
   * `disableAll`; `'metricsOnly'`; `'forcedOpen'`; otherwise where the circuit stands.
   */
  readonly state: 'closed' | 'open' | 'halfOpen' | 'forcedOpen' | 'disabled' | 'metricsOnly' | 'shutdown'
  /** Whether the breaker guards its action; `false` after `disable`, `disableAll` and `shutdown`. */
  readonly enabled: boolean
  /** Whether the circuit is half open and the one call that may try has not been made yet. */
  readonly pendingClose: boolean
  /** Whether the circuit is closed: calls go through. */
  readonly closed: boolean
  /** Whether the circuit is open: calls are refused. `false` while it is half open. */
  readonly opened: boolean
  /** Whether the circuit is half open: one call may try, or a few; others are refused. */
  readonly halfOpen: boolean
  /** Whether the breaker has been shut down; it then is neither closed, open nor half open. */
  readonly isShutdown: boolean
  /** Whether the warm-up lasts, in which failures do not open the circuit. */
  readonly warmUp: boolean
  /**
   * When a circuit that refuses calls may let one try, as `retryAfter` of a refusal says it: in
   * milliseconds since the epoch. `Infinity`: never by itself. `undefined`: it refuses none, or
   * does so until a call that is trying has ended.
   */
  readonly nextAttemptAt: number | undefined
  /** The fewest calls in the window for which a failure rate counts; 0: any number. */
  readonly volumeThreshold: number
  /** Why the circuit opened last; `undefined` while it never has. */
  readonly lastTrip: CircuitBreaker.Trip | undefined
  /**
   * What failed last: the error of the action, `ETIMEDOUT`, or `ERESULT` for a result that
   * `classify` takes for a failure. `undefined` while nothing has. A refusal has it as its `cause`.
   */
  readonly lastFailure: any
  /** The rolling window of counts and latencies. */
  readonly status: CircuitBreaker.Status
  /** The window's totals at this moment; the same as `status.stats`. */
  readonly stats: CircuitBreaker.Stats

  /**
   * The options, defaults filled in: the object that the constructor got, or a copy if that
   * cannot be written to. A change to `timeout`, `resetTimeout`, `errorThresholdPercentage`, `maxFailures`
   * or `errorFilter` holds from the next call, or the next opening, on; calls reject with a
   * `TypeError` while it makes no sense. A change to an option of caching, coalescing or
   * aborting, other than the sizes, holds too, unchecked. The others are read once, by the
   * constructor; {@link CircuitBreaker.update} changes any of them, and checks it.
   */
  readonly options: CircuitBreaker.LiveOptions<TI>
  /** The permits that {@link CircuitBreaker.Options.capacity} allows. */
  readonly semaphore: CircuitBreaker.Semaphore
  /**
   * The breaker's part in the stream for Hystrix dashboards. From the first opossum;
   * `breaker.status` tells the same by its event `snapshot`.
   */
  readonly hystrixStats: CircuitBreaker.HystrixStats

  /** The function that this breaker guards. */
  action: Bivariant<TI, TR | PromiseLike<TR>>

  /**
   * Calls the action, unless the circuit is open, with these arguments.
   *
   * @returns what the action gives or, when the call fails or is refused and there is a
   * `fallback`, what that gives. Without one the promise rejects with the action's
   * own error or with a {@link CircuitBreaker.CircuitBreakerError}.
   */
  fire (...args: TI): Promise<TR>

  /** As `fire`, with `context` as the action's `this`. */
  call (context: any, ...args: TI): Promise<TR>

  /**
   * As `fire`, on terms of this call's own: a signal of the caller's, a timeout, a `this`.
   *
   * @returns what `fire` returns. Rejects with a `TypeError` for an option that makes no sense or that
   * there is not
   * @example
   * // The client has gone: nobody waits for the answer.
   * const user = await breaker.fireWith({ signal: request.signal, timeout: 200 }, id)
   */
  fireWith (options: CircuitBreaker.CallOptions, ...args: TI): Promise<TR>

  /**
   * Asks for a permit, for work that is no promise: a stream, a message of a queue. Whoever has it says
   * how the work ended; it counts as a call, with the events of one. The action is not asked, nor
   * the fallback.
   *
   * @throws the error that `fire` would reject with, where a call would be refused; the reason of a
   * `signal` that is aborted; a `TypeError` for an option that makes no sense
   * @example
   * const permit = breaker.acquire()
   * stream.once('end', () => permit.success()).once('error', error => permit.failure(error))
   */
  acquire (options?: CircuitBreaker.PermitOptions): CircuitBreaker.Permit

  /**
   * Sets what answers calls that fail or are refused, in place of what was set before.
   *
   * A function gets the arguments that the call was made with and, right after them, the
   * error; it may return a promise. Another breaker is fired with the same. Not asked after
   * `shutdown`, nor for an error that {@link CircuitBreaker.Options.errorFilter} lets pass.
   *
   * @throws TypeError when it is neither
   */
  fallback (func: Bivariant<WithError<TI>, unknown> | { fire (...args: any[]): unknown }): this
  /** The same, for functions that say otherwise of their parameters: nobody checks that. */
  fallback (func: (...args: any[]) => any): this

  /** Opens the circuit; it half-opens after `resetTimeout`. Does nothing when it is open. */
  open (): void
  /** Closes the circuit. Does nothing when it is closed. */
  close (): void
  /**
   * Opens the circuit until `close`: no time that passes lets a call try, and no health check
   * closes it. Also of a breaker that is disabled. Refusals say `retryAfter: Infinity`. Does
   * nothing after `shutdown`.
   *
   * @returns what ends it as well: the last of them that is disposed of closes the circuit.
   * After `close` they are of no effect
   * @example
   * const maintenance = breaker.forceOpen()
   * await migrate().finally(() => maintenance.dispose())
   */
  forceOpen (): CircuitBreaker.ForcedOpen
  /**
   * Counts only, until `enable` or `disable`: no call is refused, neither by the circuit, which
   * is closed as this begins and stays so, nor for want of a place of the `capacity`.
   * Timeouts, fallbacks and events are what they are otherwise. What would have opened the
   * circuit, be it `open` or a health check, is told by the event `wouldOpen`.
   */
  metricsOnly (): void
  /** Guards the action again after `disable` or `metricsOnly`. */
  enable (): void

  /**
   * Stops guarding: calls go straight to the action, with no timeout, capacity, fallback
   * or refusal. They are counted as fires and nothing else.
   */
  disable (): void

  /**
   * Why the circuit stands as it does, in a sentence or two, with the figures that decided and
   * when it will try again: for a console, a log, an incident. The words may change from one
   * version to the next. With `NODE_DEBUG=didelphis` in the environment each opening, half opening
   * and closing is written to standard error so.
   *
   * @example
   * breaker.explain()
   * // Open for 2.1 s, because 6 of 10 calls had failed (60 %, above 50 %). Calls are refused; in 27.9 s one may try.
   */
  explain (): string

  /**
   * Changes options while the breaker lives: those that are given, and not `undefined`; all
   * others stay. They are read and checked as the constructor does, before any of them takes
   * effect: an update that throws has changed nothing. `breaker.options` stays the object it
   * is, and shows what holds from now on.
   *
   * What was learned is kept: the state and, of the counts, what fits into a window of
   * another shape. A wait that has begun, for the reset timeout or for a call, takes as long
   * as it was to; calls under way keep their place of the capacity. `enabled` does what
   * `enable` and `disable` do. Names that no option has are left out.
   *
   * @param options - any but `state`, `status` and `stats`, which a breaker begins with
   * @throws TypeError for an option that makes no sense, for those three, and where
   * `breaker.options` has been frozen; whatever getters and setters of options throw
   * @example
   * breaker.update({ errorThresholdPercentage: 25, volumeThreshold: 20 })
   */
  update (options: CircuitBreaker.UpdateOptions<TI>): void

  /**
   * Ends the breaker for good: its timers stop, its listeners are removed, and every later
   * call rejects with `ESHUTDOWN`. Calls under way still settle, and their signals are aborted.
   */
  shutdown (): void

  /**
   * Ends the breaker gracefully: later calls reject with `ESHUTDOWN`, those under way go on, with their
   * deadlines, and when the last has ended, the breaker is shut down.
   *
   * With a `timeout`, those that are left after so long have their signals aborted and reject with
   * `ESHUTDOWN`; of a call without a deadline the signal is aborted, and it settles with its action.
   * Calls that wait to be tried again are not. A second drain joins the first; the timeout that is over
   * sooner counts. `await using` drains a breaker where there is a `Symbol.asyncDispose`.
   *
   * @returns a promise that is resolved once the breaker has been shut down; it rejects with a
   * `TypeError` for an option that makes no sense, and then nothing has begun
   * @example
   * process.once('SIGTERM', async () => {
   *   server.close()
   *   await breaker.drain({ timeout: 10_000 })
   * })
   */
  drain (options?: CircuitBreaker.DrainOptions): Promise<void>

  /**
   * Forgets what `cache` keeps, by the transport's `flush()`, and the calls that `coalesce`
   * would let others join; those settle all the same. Done by `shutdown` too. Without
   * either option it does nothing.
   */
  clearCache (): void

  /**
   * Calls a function now, and again and again until `shutdown`, and opens the circuit
   * whenever it fails; `healthCheckFailed` tells why. A success changes nothing, unless the check
   * `closes`. There may be several checks, and none of them keeps the process alive. A check waits for its call
   * before: one that never ends is never called again, so give it a timeout of its own.
   *
   * @param func - the check, with the breaker as its `this`; it fails when it throws or
   * when its promise rejects
   * @param options - the time from one check to the next, or more if that takes longer: above
   * 0; `0` or left out: 5000. In milliseconds. Or that as `interval`, with more
   * @throws TypeError when `func` is no function or `interval` is no such number
   */
  healthCheck (func: (this: CircuitBreaker<TI, TR>) => PromiseLike<unknown>, options?: number | CircuitBreaker.HealthCheckOptions): void

  /**
   * The signal of the call whose action is running, for the action to hand on, as to `fetch`.
   *
   * To be asked for in the synchronous part of the action: outside of it, and after an `await`, it
   * is `undefined`. It is aborted when nobody waits for that call any more, and that of no other
   * call with it: by its timeout, with the `ETIMEDOUT` error as its reason, or by `shutdown()`, with
   * an `ESHUTDOWN` error. It is made when it is asked for. A disabled breaker has none.
   *
   * With an {@link CircuitBreaker.Options.abortController} it is that controller's, as in opossum:
   * all calls share it, anywhere, and the timeout of one aborts the work of all.
   *
   * @example
   * const breaker = new CircuitBreaker(url => fetch(url, { signal: breaker.getSignal() }))
   */
  getSignal (): AbortSignal | undefined

  /**
   * {@link CircuitBreaker.Options.abortController} or, when it has been renewed, the
   * newest; `undefined` without one.
   */
  getAbortController (): AbortController | undefined

  /** State and totals as plain data, for the `state` and `status` options of another breaker. */
  toJSON (): { state: CircuitBreaker.State, status: CircuitBreaker.Stats }

  // Only `on` insists on the arguments of an event. The others take any, as an
  // EventEmitter's do: with @types/opossum they are just that.

  /**
   * Adds a listener to an event. {@link CircuitBreaker.Events} lists the breaker's own
   * events with their arguments; other names are free for events of your own.
   */
  on<E extends EventName<Events>> (event: E, listener: Listener<Events<TI, TR>, E>): this
  /** The same as `on`. */
  addListener<E extends EventName<Events>> (event: E, listener: Listener<Events<TI, TR>, E>): this
  addListener (event: string | symbol, listener: (...args: any[]) => void): this
  /** As `on`, for the next time only. */
  once<E extends EventName<Events>> (event: E, listener: Listener<Events<TI, TR>, E>): this
  once (event: string | symbol, listener: (...args: any[]) => void): this
  /** As `on`, before the listeners that are there. */
  prependListener<E extends EventName<Events>> (event: E, listener: Listener<Events<TI, TR>, E>): this
  prependListener (event: string | symbol, listener: (...args: any[]) => void): this
  /** As `once`, before the listeners that are there. */
  prependOnceListener<E extends EventName<Events>> (event: E, listener: Listener<Events<TI, TR>, E>): this
  prependOnceListener (event: string | symbol, listener: (...args: any[]) => void): this
  /** Takes a listener off an event. */
  off<E extends EventName<Events>> (event: E, listener: Listener<Events<TI, TR>, E>): this
  off (event: string | symbol, listener: (...args: any[]) => void): this
  /** The same as `off`. */
  removeListener<E extends EventName<Events>> (event: E, listener: Listener<Events<TI, TR>, E>): this
  removeListener (event: string | symbol, listener: (...args: any[]) => void): this
  /** Calls the listeners of an event; `false` when there are none. */
  emit<E extends EventName<Events>> (event: E, ...args: Arguments<Events<TI, TR>, E>): boolean
  emit (event: string | symbol, ...args: any[]): boolean
  /** How many listeners an event has, or how often it has this one. */
  listenerCount (event: EventName<Events>, listener?: Function): number
}

// After the class, whose description is to come first in editors.
/**
 * Makes a breaker without `new`, as the first opossum did. The options are copied;
 * otherwise it is as with `new`, which is to be preferred.
 *
 * @throws TypeError as the constructor does
 * @example
 * const breaker = circuitBreaker(circuitBreaker.promisify(fs.stat), { timeout: 500 })
 */
declare function CircuitBreaker<TI extends unknown[], TR> (action: (...args: TI) => TR | PromiseLike<TR>, options?: CircuitBreaker.Options<TI> | null): CircuitBreaker<TI, TR>
/** The same around a plain value, which `fire` gives whatever the arguments. */
declare function CircuitBreaker<TR> (value: TR & PlainValue, options?: CircuitBreaker.Options | null): CircuitBreaker<unknown[], TR>

declare namespace CircuitBreaker {
  export { Breaker as CircuitBreaker, Breaker as default }

  /**
   * What a breaker can be told. Every option may be left out or `undefined`.
   *
   * @typeParam TI - the action's arguments, as a tuple
   */
  export interface Options<TI extends unknown[] = unknown[]> {
    /**
     * How long a call may take before it fails with `ETIMEDOUT`. The action is not
     * stopped by that; what it gives later is dropped.
     * `false`, `0` and `Infinity`: as long as it likes. In milliseconds.
     *
     * A {@link LearnedTimeout} follows the calls that succeed.
     * @default 10000
     * @example
     * new CircuitBreaker(fetchUser, { timeout: { adaptive: true, max: 5000 } })
     */
    timeout?: number | LearnedTimeout | false | undefined

    /**
     * How long the circuit stays open before it lets calls try ({@link halfOpenCalls}). Where
     * these have no timeout and hang, others may try after as long again, and so on.
     * `0`: hardly at all; `Infinity`: until `close()`. In milliseconds.
     *
     * A {@link Backoff} makes it wait longer each time that it opens again. A function is asked
     * each time that it opens: it may honour a `Retry-After`. What it throws, and what is no
     * number of milliseconds, is an uncaught exception, and the circuit waits for as long as it
     * was told last, or 30000.
     * @default 30000
     */
    resetTimeout?: number | Backoff | ((attempt: number, context: ResetContext) => number) | undefined

    /**
     * How many calls may try while the circuit is half open, and the most that are under way at
     * once. Others are refused. It closes or opens again as soon as the outcome is certain:
     * {@link halfOpenThresholdPercentage}. 1 to 1000000; a whole number. As in resilience4j.
     * @default 1
     */
    halfOpenCalls?: number | undefined

    /**
     * The share of `halfOpenCalls` of which no more may fail: the circuit opens again as soon
     * as more (`>`) than this have failed, and closes as soon as no more than this can, those
     * counted that have not begun. With 4 calls and 50 %, two successes close it, and three
     * failures open it.
     * `0`: none may fail; `100`: it closes after the first, whatever comes of it. In percent,
     * 0 to 100. As in cockatiel.
     * @default 0
     */
    halfOpenThresholdPercentage?: number | undefined

    /**
     * How long calls that try a half-open circuit are waited for: so long after the last of them
     * began, the circuit opens again if any has not settled; in loop time. Without a call that
     * tries there is nothing to wait for. As in resilience4j, where it counts from the moment at
     * which the circuit half-opens, so that one without traffic never closes.
     * `false` and `Infinity`: those that have a timeout are waited for, and beside those that
     * have none others may try after a whole `resetTimeout`. In milliseconds.
     * @default Infinity
     */
    halfOpenTimeout?: number | false | undefined

    /**
     * What tries a half-open circuit in place of calls, as soon as it half-opens, with or without
     * traffic: an empty request to the backend, mostly. Calls are refused until the circuit has
     * closed. It has failed when it throws, rejects or takes longer than `timeout`; `signal` is
     * aborted then, and when nobody asks any more. It takes a place of the `capacity`; without
     * one it waits for as long as the circuit was open. With `halfOpenCalls`, so many run, one
     * after the other. It is not counted, and runs in the async context in which the breaker was
     * made. As Finagle's FailFast. Default: none.
     */
    probe?: ((signal: AbortSignal) => unknown) | undefined

    /**
     * How long after the circuit has closed not all calls pass, so that a backend which has just
     * come back is not flooded: a tenth of them at first, and more from moment to moment, in a
     * straight line. The others are refused with `ERAMPUP`; they are `rejects` and no failures.
     * `0` and `false`: all pass at once. In milliseconds. As Envoy's slow start.
     * @default 0
     */
    rampUp?: number | false | undefined

    /**
     * Refuse a share of the calls while too many fail, in place of a circuit that opens: with one
     * that opens, all or none get through, with this as many as succeed, and some more. `true`:
     * `{ k: 2, maxRejection: 0.9 }`.
     *
     * Of n calls that have ended in the window, well or badly or refused by the throttle, of which
     * some succeeded, the next call is refused with a probability of
     * `min(maxRejection, (n - k * succeeded) / (n + 8))`. Below 10 calls none is refused, and one
     * call a second always passes, so that a service that is back is found to be. The window is
     * that of `rollingCountTimeout`, or the last calls of `window: { calls }`. While the breaker
     * warms up (`allowWarmUp`), nobody is refused.
     *
     * What it refuses has the code `ETHROTTLED`: event `reject`, counted in `rejects`, never a
     * failure, not tried again. The circuit does not open by itself, and
     * `errorThresholdPercentage` and `volumeThreshold` say nothing; `open()`, `forceOpen()` and
     * health checks open it as ever. What would open it, or says how it is tried, is refused
     * beside it: `consecutiveFailures`, `maxFailures`, `slowCall...`, `shouldTrip`, `halfOpen...`,
     * `rampUp`, `probe`. It limits no load: `capacity` does. As the client-side throttling of
     * Google's *Site Reliability Engineering*, chapter 21.
     * @default false
     */
    throttle?: boolean | ThrottleOptions | undefined

    /**
     * What `resetTimeout.jitter`, `rampUp` and `throttle` draw, in place of chance, for tests that are to be
     * repeatable: a number from 0 up to 1, as `Math.random`. Asked once as the breaker is made,
     * and after each draw for the next. What it throws, and another number, is an uncaught
     * exception, and that draw is left to chance. Default: a generator of the breaker's own.
     */
    random?: (() => number) | undefined
    /**
     * Further labels of this breaker's metrics, and in what {@link CircuitBreaker.serve} shows of
     * it: up to 10, each a string of up to 200 characters. Names match `[a-zA-Z_][a-zA-Z0-9_]*`,
     * do not begin with `__`, and are none of `name`, `state`, `outcome`, `result`, `reason`,
     * `thread`, `le` and `quantile`.
     * @example
     * { labels: { zone: 'a', tier: 'gold' } }
     */
    labels?: Record<string, string> | undefined

    /**
     * The share of failures among the calls in the window above which the circuit opens:
     * it opens when the rate is greater than this, not when it is equal, and only if the
     * window holds at least `volumeThreshold` calls. Judged at each failure; a half-open
     * circuit opens at a failure whatever the rate. The calls in the window are those that
     * began in it or those that ended in it, whichever are more.
     * `0`: any failure opens it; `100` or more: the rate never does. In percent.
     * @default 50
     */
    errorThresholdPercentage?: number | undefined

    /**
     * The fewest calls in the window for which the failure rate counts: with as many as
     * this or more, the circuit may open. A half-open circuit does not ask for it.
     * `0`: any number. A whole number.
     * @default 0
     */
    volumeThreshold?: number | undefined

    /**
     * What failures are a share of, and what `volumeThreshold` counts. `'fires'`: the calls in
     * the window, as in opossum, whatever became of them. `'outcomes'`: successes and failures
     * alone. A refusal, by the circuit or by `capacity`, an answer from the cache, a call that
     * joined another, one made while disabled and one under way tell nothing of the service,
     * and are none: refused callers do not hide the failures before, and many calls that fail
     * together open the circuit at the volume. Of calls from before the circuit last moved,
     * nothing is counted. As resilience4j and Polly do. Implied by `window`, and by a `capacity`
     * that adapts.
     * @default 'fires'
     */
    rateOf?: 'fires' | 'outcomes' | undefined

    /**
     * Which outcomes are judged: the last `calls` of them, whenever they were. `stats` and
     * `status` keep to `rollingCountTimeout`. Implies `rateOf: 'outcomes'`; `volumeThreshold`,
     * if it is left out, is `calls`. As resilience4j's COUNT_BASED window.
     * Default: those in the last `rollingCountTimeout`.
     */
    window?: JudgedWindow | undefined

    /**
     * Whether decisions begin with an empty window when the circuit closes, so that the
     * failures that opened it do not open it again. `stats` and `status` keep what they have.
     * @default false
     */
    resetWindowOnClose?: boolean | undefined

    /**
     * The number of failures in a row that opens the circuit: as many as this or more do,
     * whatever the rate and whatever `volumeThreshold`. A success or closing starts the row
     * over; refusals by `capacity` neither add to it nor end it. As in Finagle and Envoy.
     * `Infinity` or `false`: their number never does. A whole number, 1 or more.
     * @default Infinity
     */
    consecutiveFailures?: number | false | undefined

    /**
     * How long a call may take that is not slow: one that takes longer (`>`) is, in loop time,
     * whether it succeeds or fails. A success that is slow stays a success to everybody but
     * `slowCallThresholdPercentage` and a half-open circuit, which it opens again as a failure
     * does. As in resilience4j.
     * `Infinity` or `false`: no call is slow. In milliseconds.
     * @default Infinity
     */
    slowCallDuration?: number | false | undefined

    /**
     * The share of slow calls among the outcomes above which (`>`) the circuit opens, if there
     * are at least `volumeThreshold` of them. Outcomes are successes and failures, as for
     * `rateOf: 'outcomes'`. Judged at each slow success and each failure.
     * `0`: any slow call opens it; `100`: it opens when all are slow. In percent.
     * @default 50
     */
    slowCallThresholdPercentage?: number | undefined

    /**
     * Another reason to open: asked after a failure of a closed circuit, with the `stats` of the
     * breaker, from `volumeThreshold` on and unless something else opens it. `true` opens it.
     * What it throws is an uncaught exception and opens nothing; a promise says nothing, and
     * there is an uncaught `TypeError` that says so. As gobreaker's `ReadyToTrip`.
     * Default: none.
     */
    shouldTrip?: ((stats: Stats) => boolean) | undefined

    /**
     * Says what a call counts as that has ended: with `error`, if its action failed, it timed out
     * or found no place, or with `result`. `undefined`: as usual.
     *
     * An error that is a `'success'` counts as one that `errorFilter` lets pass. A result that is
     * a `'failure'` counts as one: `failure` is emitted, with an error whose `code` is `ERESULT`
     * and whose `result` it is; the caller is given the result all the same, and no fallback is
     * asked. `'ignore'` says nothing of the service: no event, and no trace in rates and rows; a
     * half-open circuit waits for another call, and the caller gets the error, without fallback,
     * or the result.
     *
     * What it throws is an uncaught exception, and a promise or another value says nothing (an
     * uncaught `TypeError` says so): the call counts as usual. Not together with `errorFilter`,
     * which is a `TypeError`. As in resilience4j and Polly.
     * Default: errors are failures.
     */
    classify?: ((ended: Ended) => 'success' | 'failure' | 'ignore' | undefined | void) | undefined

    /**
     * The number of failures in a row that opens the circuit, whatever their rate: as many
     * as this or more do, if the window holds at least `volumeThreshold` calls. Closing
     * starts the row over, as a success does. From the first opossum; the constructor
     * prints that it is deprecated.
     * Below 1: the first failure does; `Infinity`, `false` or left out: their number never
     * does.
     * @default Infinity
     * @deprecated Set `errorThresholdPercentage` and `volumeThreshold`, or `consecutiveFailures`.
     */
    maxFailures?: number | false | undefined

    /**
     * How long the rolling window is: how far back counts and latencies go.
     * `0`: the default; `Infinity`: back to the start. In milliseconds.
     * @default 10000
     */
    rollingCountTimeout?: number | undefined

    /**
     * How many buckets the window has. The oldest leaves every
     * `rollingCountTimeout / rollingCountBuckets`, rounded down to a millisecond.
     * `0`: the default. A whole number up to 100000.
     * @default 10
     */
    rollingCountBuckets?: number | undefined

    /**
     * Whether latencies are kept. `false`: `latencyMean` and all percentiles are -1.
     * @default true
     */
    rollingPercentilesEnabled?: boolean | undefined

    /**
     * Whether `breaker.status` emits `snapshot` once per bucket.
     * @default true
     */
    enableSnapshots?: boolean | undefined

    /**
     * What rotates the window in place of the clock: a new bucket begins whenever it emits
     * `rotate`. Many breakers can share one. `undefined`: the clock.
     */
    rotateBucketController?: EventEmitter | undefined

    /**
     * Tries calls again that fail, as far as the circuit and a budget let them. Each try is a
     * call to the circuit: it is counted, has a place of the capacity and a timeout of its own,
     * and may open it. The caller has one promise; the fallback comes after the last try; `cache`
     * and `coalesce` stand around all of them.
     *
     * Never tried again: refusals, by this breaker or by one inside the action; aborts
     * (`AbortError`, `ABORT_ERR`, `ERR_CANCELED`); errors that `errorFilter` lets pass, and what `classify` takes for no failure; and
     * what finds the circuit open, which
     * ends as its last try did. `shutdown()` ends a wait at once, so. A wait keeps the process
     * alive.
     * `{}`: as the defaults say; `false`, or left out: no call is tried again.
     * @example
     * new CircuitBreaker(fetchUser, { retry: { attempts: 2, when: err => err.status !== 404 } })
     */
    retry?: Retry | false | undefined

    /**
     * How many calls may be under way at once. A call beyond that fails with `ESEMLOCKED`,
     * which counts as a failure.
     * `0`: no call at all; `Infinity`: no limit. A whole number.
     *
     * An {@link AdaptiveCapacity} follows the latencies; it implies `rateOf: 'outcomes'`, so that
     * the calls which it refuses do not open the circuit, unless `rateOf` is given.
     * @default Number.MAX_SAFE_INTEGER
     * @example
     * new CircuitBreaker(fetchUser, { capacity: { adaptive: true } })
     */
    capacity?: number | AdaptiveCapacity | undefined

    /**
     * Have calls over `capacity` wait for a place, first in, first out, in place of being refused at
     * once: a {@link QueueOptions}. `{}`: 100 calls, for 100 ms. Default: none waits.
     *
     * Whoever finds no place in time, or comes while as many wait as may, is refused with `EQUEUE`:
     * event `reject`, counted in `rejects` and `semaphoreRejections`, never a failure. Time in the
     * queue is no latency of the action, and `timeout` begins with the action. When the circuit
     * opens, all who wait are refused with `EOPENBREAKER`; `drain()` waits for them, `shutdown()`
     * refuses them. A caller who gives up (`fireWith({ signal })`) leaves the queue. `acquire()`
     * gives its answer at once, so it cannot wait: where there is no place it throws `ESEMLOCKED`,
     * as without a queue.
     *
     * Not without a `capacity`. Best with one that adapts: bursts of a healthy load wait, and are
     * not refused.
     */
    queue?: QueueOptions | false | undefined

    /**
     * Good defaults, where these need not be opossum's. `'modern'` is `rateOf: 'outcomes'`,
     * `volumeThreshold: 20` (unless there is a `window`), `resetWindowOnClose: true`,
     * `resetTimeout: { initial: 1000, max: 60_000 }` and, as `halfOpenTimeout`, the `timeout`. Options that are given go before it;
     * it goes before the `defaults` of a registry.
     */
    preset?: 'modern' | undefined

    /**
     * Counts only, from the start until `enable`: as after {@link CircuitBreaker.metricsOnly}.
     * For a breaker that is to be tried out before it may refuse anybody. Not together with
     * `enabled: false`.
     * @default false
     */
    metricsOnly?: boolean | undefined

    /**
     * Tells which errors say nothing against the action: given the error and the call's
     * arguments, `true` makes the call count as a success, without fallback. The caller's
     * promise rejects with the error all the same. Not asked about refusals by an open
     * circuit. If it throws, the error counts.
     * @default () => false
     */
    errorFilter?: ((err: any, ...args: any[]) => boolean) | undefined

    /**
     * The clock that `timeout` runs on. `'loop'` stands still while the event loop is
     * stalled, for the first four stalls of each call's life, and a call is late only after
     * the loop has had its look at the sockets; `'wall'` runs on, whatever the loop does.
     * @default 'loop'
     */
    timeoutClock?: 'loop' | 'wall' | undefined

    /**
     * For how long a turn of the event loop may be busy before it is a stall. A call forgives
     * the first four stalls of its life, each whole: a true timeout is told at most that much
     * and five turns late. 1 or more; `Infinity`: there are no stalls. In milliseconds.
     * @default 50
     */
    stallThreshold?: number | undefined

    /**
     * Whether failures leave the circuit closed at first, for as long as `rollingCountTimeout`.
     * @default false
     */
    allowWarmUp?: boolean | undefined

    /**
     * Whether the breaker guards its action from the start; see `enable()` and `disable()`.
     * @default true
     */
    enabled?: boolean | undefined

    /**
     * Whether results are kept and given again. The promise of a successful call is kept
     * under the key of its arguments (`cacheGetKey`); a call with that key then gets it,
     * whatever the state of the circuit, and without a permit or the action. Such a call
     * counts as a fire and a cache hit, nothing else. `clearCache()` forgets.
     * @default false
     */
    cache?: boolean | undefined

    /**
     * How long a result is kept, counted from when it came.
     * `0` and `Infinity`: until `clearCache()`. In milliseconds.
     * @default 0
     */
    cacheTTL?: number | undefined

    /**
     * How many results are kept; one more drops the oldest. Not for a `cacheTransport`.
     * `0`: none at all; `Infinity`: as many as there is memory for. A whole number.
     * @default 16777215 (2 ** 24 - 1)
     */
    cacheSize?: number | undefined

    /**
     * Makes the key of a call from its arguments, for `cache` and `coalesce`; calls with
     * the same key are taken for the same. Its `this` is the breaker. If it throws,
     * `fire` rejects.
     * @default (...args) => JSON.stringify(args)
     */
    cacheGetKey?: ((this: any, ...args: TI) => string) | undefined

    /**
     * Where results are kept in place of memory, at once or over a network. The constructor
     * throws a `TypeError` when it lacks a method of {@link CacheTransport} and `cache` is on.
     * Calls that wait for an answer with the same key ask once where `coalesce` is on.
     * Default: a memory of the breaker's own.
     */
    cacheTransport?: CacheTransport | undefined

    /**
     * Whether a call joins an earlier one with the same key (`cacheGetKey`), and so shares
     * its promise and its outcome, success or failure. It counts as a fire and a coalesce
     * cache hit, nothing else. The cache, if there is one, is asked first.
     * @default false
     */
    coalesce?: boolean | undefined

    /**
     * How long a call may be joined, counted from its start; that it has settled is no
     * end of it, see `coalesceResetOn`.
     * `false`, `0` and less, `Infinity`: until `clearCache()`. In milliseconds.
     * Default: `timeout`.
     */
    coalesceTTL?: number | false | undefined

    /**
     * How many calls may be joined at a time; one more drops the oldest from them.
     * `0`: none at all; `Infinity`: as many as there is memory for. A whole number.
     * @default 16777215 (2 ** 24 - 1)
     */
    coalesceSize?: number | undefined

    /**
     * Which outcomes end that a call may be joined, before `coalesceTTL` does. `error` is
     * a failure of the action, not a timeout. Other words are dropped.
     * @default []
     */
    coalesceResetOn?: ReadonlyArray<'error' | 'success' | 'timeout'> | undefined

    /**
     * A controller to abort when a call times out. All calls share it: the signal stays
     * aborted for later ones, but see `autoRenewAbortController`. `getSignal()` gives the
     * signal to actions. The constructor throws a `TypeError` when it has no `abort`.
     * Default: none.
     */
    abortController?: AbortController | undefined

    /**
     * Whether the abort controller, once aborted, is replaced by a new one when the
     * circuit half-opens or closes. Without an `abortController` the breaker makes one.
     * @default false
     */
    autoRenewAbortController?: boolean | undefined

    /**
     * Whether errors that the breaker makes have a stack trace, which leads to the caller of
     * `fire` and costs several times as much as a refusal.
     * @default false
     */
    stackTraces?: boolean | undefined

    /** What to call the breaker. Default: the name of the action or, if it has none, a random UUID. */
    name?: string | undefined
    /** What to report the breaker under. Default: its name. */
    group?: string | undefined

    /**
     * The state to start in: the `state` of an earlier breaker's `toJSON()`, or a part of it.
     * `closed: false` starts open or, with `halfOpen: true`, half open; `open` itself is not
     * read, nor is `name`. With `lastTimerAt`, an open circuit waits what is left of its
     * `resetTimeout`; with `attempt` and `wait`, waits that grow go on growing; with
     * `learnedTimeout`, `capacityLimit` and `usualLatency`, what was learned holds, where it is
     * learned here, too. Default: closed.
     */
    state?: Partial<State> | undefined

    /**
     * Counts to start with: a `Status` to use as it is, or plain totals (those of `toJSON()`)
     * for the newest bucket. Default: none.
     */
    status?: Status | Partial<Stats> | undefined

    /** Counts to start with, for the newest bucket: plain totals, as of `status`. Default: none. */
    stats?: Partial<Stats> | undefined
  }

  /** How calls wait for a place of the `capacity`, for {@link Options.queue}. */
  export interface QueueOptions {
    /**
     * How many may wait, 1 to 1000000; whoever comes then is refused.
     * @default 100
     */
    size?: number | undefined
    /**
     * For how long one may wait, in milliseconds of loop time; `false` and `Infinity`: for as long
     * as it takes. While somebody has been waiting all the time for as long, calls that come may
     * wait for a tenth of it: in a flood a long wait helps nobody, and everybody would have it. As
     * Facebook's adaptive queues (Maurer, *Fail at Scale*, 2015).
     * @default 100
     */
    timeout?: number | false | undefined
  }

  /** How a {@link Options.throttle} refuses. */
  export interface ThrottleOptions {
    /**
     * How many calls may be made for each that succeeds, 1 or more. At 1 each failure counts.
     * Less refuses more, and takes longer to recover: in a simulation 22 s with 2, 68 s with 1.2.
     * @default 2
     */
    k?: number | undefined
    /**
     * The greatest share that is refused, from 0 to 1. 1: all but one call a second.
     * @default 0.9
     */
    maxRejection?: number | undefined
  }

  /**
   * How long a circuit stays open, for {@link Options.resetTimeout}: longer each time that it
   * opens again. The k-th time it is
   * `min(max, initial * factor ** (k - 1)) * (1 - jitter * random)`, with a random number from
   * 0 to 1. k starts over once the circuit has been closed for longer (`>`) than it was to wait
   * last. From Finagle's failure accrual.
   *
   * Another object may be given to a living breaker; a change in the same one is not noticed.
   */
  export interface Backoff {
    /** The first wait. `0`: a millisecond. In milliseconds. */
    initial: number
    /** The longest. Default: 300000, or `initial` if that is longer. In milliseconds. */
    max?: number | undefined
    /**
     * By how much each is longer than the one before; 1 or more.
     * @default 2
     */
    factor?: number | undefined
    /**
     * The share by which chance shortens a wait at the most, so that breakers which opened
     * together do not try together; 0 to 1. It makes none longer: `retryAfter` stays true.
     * @default 0.5
     */
    jitter?: number | undefined
  }

  /**
   * A timeout that is learned, for {@link Options.timeout}. Once a second it becomes `multiplier`
   * times a quantile of the latencies of the last minute's successful calls, in loop time: up at
   * once, down by 2 % a second. From 100 calls on; of fewer than 1,000 the longest counts.
   *
   * An outage is not learned: while more than 10 % of the calls fail, or the circuit is not
   * closed, it stays as it is. Where more calls time out than the quantile allows, it rises by a
   * quarter, and 2 % of the calls, one a second at least, may take `max`, to see whether the
   * service is slow or gone. Calls that a stall of the event loop overlapped teach nothing, nor do
   * those with a timeout of their own ({@link CircuitBreaker.fireWith}, `acquire`), which goes
   * before. `stats.learnedTimeout` shows it.
   *
   * Another object may be given to a living breaker, which keeps what was learned; a change in the
   * same one is not noticed. A rule of this project's own: docs/simulation.md.
   */
  export interface LearnedTimeout {
    /** Says that it is learned. */
    adaptive: true
    /** The least. Above 0. Default: 50, or `max` if that is less. In milliseconds. */
    min?: number | undefined
    /**
     * The greatest, and what all calls may take until something was learned. Not below `min`, up to
     * 2147483647. Default: 10000, or `min` if that is longer. In milliseconds.
     */
    max?: number | undefined
    /**
     * So many times the quantile a call may take; 1 or more.
     * @default 1.5
     */
    multiplier?: number | undefined
    /**
     * The share of calls that are to be shorter; above 0 and below 1.
     * @default 0.999
     */
    quantile?: number | undefined
  }

  /**
   * A capacity that adapts, for {@link Options.capacity}: as many calls may be under way as keep
   * latencies what they usually are. In windows of 250 ms and 10 calls or more it shrinks while
   * the median is above (`>`) 1.5 times the usual one, or more (`>`) than 10 % time out; it grows
   * while it is used, the faster the more calls it refuses. Where latencies stay long it halves
   * for a moment, to tell a service that is full from one that has become slow.
   *
   * Calls that it refuses fail with `ESEMLOCKED`. They do not open the circuit, not by
   * `maxFailures` either, unless `rateOf` is `'fires'`. Calls that a stall of the event loop
   * overlapped teach nothing. `stats.capacityLimit` shows it.
   *
   * {@link CircuitBreaker.update} takes other bounds, and keeps what was learned. The gradient
   * limiter of Netflix's concurrency-limits, with a median and a drain: docs/simulation.md.
   */
  export interface AdaptiveCapacity {
    /** Says that it adapts. */
    adaptive: true
    /**
     * The fewest calls under way. A whole number from 1 to 1000000, as all of these.
     * @default 1
     */
    min?: number | undefined
    /** The most; not below `min`. Default: 1000, or `min` or `initial` if that is more. */
    max?: number | undefined
    /** How many to begin with, from `min` to `max`. Default: 20, as far as these allow. */
    initial?: number | undefined
  }

  /** How a call ended, for {@link Options.classify}. */
  export interface Ended {
    /** The error of a call that failed: the action's, or the breaker's own, as `ETIMEDOUT`. */
    readonly error?: any
    /** What the action gave. */
    readonly result?: any
    /** What the call was made with. */
    readonly args: any[]
  }

  /** Which outcomes {@link Options.window} has judged. */
  export interface JudgedWindow {
    /** So many, the last ones. A whole number from 1 to 100000. */
    calls: number
  }

  /**
   * How calls that fail are tried again. A wait before an attempt is random, from 0 to
   * `min(max, initial * factor ** (k - 1))` for the k-th ("full jitter"): those who failed
   * together do not come back together. At least as long as the `retryAfter` of the error, a
   * number of milliseconds, if it has one.
   */
  export interface Retry {
    /**
     * How often a call is tried again at the most, the first try not counted. `0`: never. A whole
     * number up to 1000.
     * @default 2
     */
    attempts?: number | undefined
    /** How long to wait. */
    delay?: RetryDelay | undefined
    /**
     * Whether a call that failed with that error is worth attempt number `attempt`, 1 for the
     * first; with a result that `classify` takes for a failure, the `ERESULT` error that carries it.
     * Not asked about what is never tried again. If it throws, or gives a promise, the call
     * is not tried again and that is an uncaught exception.
     * Default: each is.
     */
    when?: ((err: any, attempt: number) => boolean) | undefined
    /** What attempts are paid from: this breaker's own, or one that `retryBudget` has made. */
    budget?: RetryBudgetOptions | RetryBudget | undefined
    /**
     * No attempt begins later (`>`) than this after the first try did; a wait that would end
     * later is not begun. It does not end a try that has begun: that is done by the breaker's
     * `timeout`, which each try has for itself. `false`, `0` and `Infinity`: none. In
     * milliseconds.
     * @default Infinity
     */
    timeout?: number | false | undefined
  }

  /** The waits of {@link Retry}. */
  export interface RetryDelay {
    /**
     * The longest wait before the first attempt. In milliseconds, as all up to 2147483647.
     * @default 100
     */
    initial?: number | undefined
    /**
     * The longest before any; `initial`, if that is longer and this left out. An error whose
     * `retryAfter` is more (`>`) is not tried again. In milliseconds.
     * @default 2000
     */
    max?: number | undefined
    /**
     * By how much it grows from one attempt to the next; 1 or more.
     * @default 2
     */
    factor?: number | undefined
  }

  /**
   * What a budget is filled with. It bounds what attempts add to the load of a backend, whatever
   * their number: in an outage of more than 10 s they add no more than `minPerSecond`. From
   * Finagle's retry budget.
   */
  export interface RetryBudgetOptions {
    /**
     * How many attempts each call that succeeds pays for. 0.1 is enough while 5 % of the calls
     * fail; while 10 % do, it takes 0.2. What is not used is kept for 10 s.
     * @default 0.1
     */
    ratio?: number | undefined
    /**
     * How many there may be a second whatever succeeds. What is not used is kept for 10 s, and it
     * begins with that of 10 s.
     * @default 1
     */
    minPerSecond?: number | undefined
  }

  /** Where a server listens, and whom it answers. */
  export interface ServeOptions {
    /**
     * The IP address to listen at, or `'localhost'`. Others than those of this machine alone
     * (`127.0.0.0/8`, `::1`) only with a `token`.
     * @default '127.0.0.1'
     */
    host?: string | undefined
    /**
     * The port; 0: a free one, which `url` tells.
     * @default 0
     */
    port?: number | undefined
    /**
     * What those who steer have to know, and on a `host` that others can reach those who read, too:
     * `Authorization: Bearer <token>`. 16 to 1000 visible characters. Without it nothing can be
     * steered.
     */
    token?: string | undefined
    /**
     * For how long a loop may be stalled before `/healthz` says 503. In milliseconds.
     * @default 5000
     */
    stallLimit?: number | undefined
    /**
     * Names, beside `localhost` and IP addresses, by which clients may call the server.
     * @default []
     */
    allowedHosts?: readonly string[] | undefined
  }

  /** A server that listens. */
  export interface Server {
    /** Where it is found. Ends in a slash. */
    readonly url: string
    /** Ends it. When this is fulfilled its streams are ended, and its port is free. */
    close (): Promise<void>
  }

  /** A budget that several breakers of one thread may share. */
  export interface RetryBudget {
    readonly ratio: number
    readonly minPerSecond: number
  }

  /** What a function that is given for {@link Options.resetTimeout} may go by. */
  export interface ResetContext {
    /** What the last call failed with; `undefined`: none has, and the circuit was opened by hand. */
    error: unknown
    /** The totals of the window. */
    stats: Stats
  }

  /** The options of a living breaker: {@link Options} with the defaults filled in. */
  export type LiveOptions<TI extends unknown[] = unknown[]> = Omit<Options<TI>, 'cacheGetKey' | 'capacity' | 'resetTimeout' | 'timeout'> & Filled<Pick<Options,
    'timeout' | 'resetTimeout' | 'errorThresholdPercentage' | 'rollingCountTimeout' | 'rollingCountBuckets' |
    'rollingPercentilesEnabled' | 'enableSnapshots' | 'capacity' | 'errorFilter' |
    'cacheTTL' | 'coalesce' | 'coalesceTTL' | 'coalesceResetOn'>> & {
      cacheGetKey: Bivariant<TI, string>
    }

  /** What a living breaker can be told: {@link Options} without those it begins with; `null`: the default. */
  export type UpdateOptions<TI extends unknown[] = unknown[]> = {
    [Name in Exclude<keyof Options, 'state' | 'status' | 'stats'>]?: Options<TI>[Name] | null
  }

  /** How a health check is made. */
  export interface HealthCheckOptions {
    /**
     * The time from one check to the next. In milliseconds.
     * @default 5000
     */
    interval?: number | undefined
    /**
     * Whether a check that passes closes a circuit that was open or half open as it began,
     * though its time is not up. One that is forced open stays so.
     * @default false
     */
    closes?: boolean | undefined
  }

  /** What a registry is made with. */
  export interface RegistryOptions<TI extends unknown[] = any[], TR = any> {
    /** What breakers guard that are given no action of their own. */
    action?: ((...args: TI) => TR | PromiseLike<TR>) | undefined
    /** Options of all breakers; those that a breaker is given go before. They are copied. */
    defaults?: Options<TI> | undefined
    /**
     * So many breakers are kept; more, while none of them can go.
     * @default Infinity
     */
    max?: number | undefined
  }

  /** Breakers by key. {@link CircuitBreaker.registry} makes it. */
  export interface Registry<K = string, TI extends unknown[] = any[], TR = any> extends Iterable<[K, Breaker<TI, TR>]> {
    /**
     * The breaker of a key. Made when it is not there or has been shut down: with that action,
     * or the registry's, and the registry's `defaults` beneath `options`; its `name` is the
     * key, unless they say otherwise. One that is there is given as it is.
     */
    for (key: K, options?: Options<TI>): Breaker<TI, TR>
    for<A extends unknown[], R> (key: K, action: (...args: A) => R | PromiseLike<R>, options?: Options<A>): Breaker<A, R>
    /** That of a key, if it is there; it counts as used. */
    get (key: K): Breaker<TI, TR> | undefined
    has (key: K): boolean
    /** Forgets one, which whoever holds it may go on using. */
    delete (key: K): boolean
    clear (): void
    readonly size: number
    keys (): IterableIterator<K>
    /** From that which was used longest ago on. */
    values (): IterableIterator<Breaker<TI, TR>>
    entries (): IterableIterator<[K, Breaker<TI, TR>]>
    forEach (act: (breaker: Breaker<TI, TR>, key: K, registry: this) => void, context?: any): void
    /** May be changed for breakers that are yet to come. */
    defaults: Options<TI>
    /** May be changed; fewer are kept from the next that is made on. */
    max: number
  }

  /** The terms of one call, for `acquire`. */
  export interface PermitOptions {
    /**
     * Of whoever asks for the work. When it is aborted, the promise rejects with its reason, the permit
     * goes back, and the call counts as nothing but a fire: neither as a success nor as a failure, with no
     * event and no fallback; a half-open circuit lets another call try. The signal of the action
     * is aborted with it. One that is aborted before keeps the call from beginning, and from being counted.
     *
     * Of a call that `cache` or `coalesce` may share with others it ends the wait of this caller alone.
     * One signal may be that of any number of calls.
     */
    signal?: AbortSignal | undefined
    /**
     * How long this call may take, longer or shorter than by the option `timeout` of the breaker. In
     * milliseconds; `false`, `0` or `Infinity`: as long as it likes. Left out: as by that option. It is
     * that of the call which it begins: who joins another one waits for as long as that.
     */
    timeout?: number | `${number}` | false | undefined
  }

  /** The terms of one call, for `fireWith`. */
  export interface CallOptions extends PermitOptions {
    /** What the action has as its `this`; left out: itself, as with `fire`. */
    context?: unknown
  }

  /**
   * The right to some work that is no promise. It is settled once, by whichever comes first; what comes
   * later does nothing. One that is collected unsettled is ignored, with a process warning.
   */
  export type Permit = {
    /** The work has ended well, as it says: {@link Options.classify} is not asked. Listeners to `success` get the result. */
    success (result?: unknown): void
    /** The work has failed with that error, which {@link Options.errorFilter} or {@link Options.classify} may let pass. */
    failure (error?: unknown): void
    /** The work is to count neither as a success nor as a failure: another caller gets the place. */
    ignore (): void
    /**
     * Aborted when the time of the work is over, when the `signal` of whoever asked for it is aborted, or when the breaker is
     * shut down; not when the permit is settled.
     */
    readonly signal: AbortSignal
  } & { [Name in DisposeSymbol]: () => void } & { [Name in AsyncDisposeSymbol]: () => Promise<void> }

  /** How a breaker is drained. */
  export interface DrainOptions {
    /** How long to wait for calls under way. In milliseconds; `false`, `0`, `Infinity` or left out: as long as they take. */
    timeout?: number | `${number}` | false | undefined
  }

  /** What keeps a circuit open by force; `using` takes it where there is a `Symbol.dispose`. */
  export type ForcedOpen = {
    /** Gives up keeping it open: the last to do so closes the circuit. Once is enough. */
    dispose (): void
  } & { [Name in DisposeSymbol]: () => void }

  /**
   * What keeps results for {@link Options.cache}. Where `get` gives a promise or another
   * thenable, as over a network, its answer is waited for before the call begins: for as long
   * as `timeout` says (10 s without one), in loop time. One that is late or rejects is
   * nothing, and becomes an uncaught exception; so does what `set` and `flush` promise when
   * that rejects. A promise that `set` was given may come back as it is: it is the result.
   */
  export interface MemoryCache {
    /** What is kept under a key, or anything falsy: nothing. The same, promised. */
    get (key: string): unknown
    /**
     * Keeps a value under a key.
     *
     * @param value - the promise of a result, which has been fulfilled
     * @param ttl - when to drop it, in milliseconds since the epoch; `0`: never
     */
    set (key: string, value: any, ttl: number): unknown
    /** Drops everything. */
    flush (): unknown
  }

  /** What {@link Options.cacheTransport} takes. */
  export type CacheTransport = MemoryCache

  /** A breaker's part in the stream for Hystrix dashboards. From the first opossum. */
  export interface HystrixStats {
    /**
     * The stream of all breakers, the same at each call: for each `snapshot` of one of
     * them a string `data: {...}` with an empty line after it, as a response of
     * server-sent events takes it. What nobody reads is not kept.
     */
    getHystrixStream (): Readable
    /** Ends this breaker's part for good, as its `shutdown` does. */
    shutdown (): void
  }

  /**
   * The events of a breaker, each with the arguments that its listeners get.
   *
   * @typeParam TI - the action's arguments, as a tuple
   * @typeParam TR - what the action gives, awaited
   */
  export interface Events<TI extends unknown[] = unknown[], TR = unknown> {
    /** `fire` or `call` was called, whatever becomes of it. Once, however often it is tried. */
    fire: [args: TI]
    /**
     * A call was refused because the circuit is open, half open with as many tries under way as
     * may be, or has closed a short time ago (`rampUp`); or because too many fail (`throttle`), or because
     * no place came free in time (`queue`).
     */
    reject: [err: CircuitBreakerError]
    /** A call took longer than `timeout`; `failure` follows. Latency in milliseconds. */
    timeout: [err: CircuitBreakerError, latencyMs: number, args: TI]
    /**
     * A call succeeded. Latency in milliseconds. For an error that `errorFilter` lets pass,
     * `result` is that error.
     */
    success: [result: TR, latencyMs: number]
    /** A call failed: by the action's error, a timeout or a locked semaphore. Latency in milliseconds. */
    failure: [err: Error, latencyMs: number, args: TI]
    /**
     * With `metricsOnly`: there is reason to open the circuit, as there was none at the
     * failure before. Once for as long as each failure finds one.
     */
    wouldOpen: []
    /**
     * A call that failed is going to be tried again, after a wait in milliseconds; `attempt` is 1
     * for the first time.
     */
    retry: [err: any, attempt: number, waitMs: number]
    /** The fallback was called; `result` is what it returned, not awaited. */
    fallback: [result: unknown, err: Error]
    /** All permits are taken; `failure` follows. Latency in milliseconds. */
    semaphoreLocked: [err: CircuitBreakerError, latencyMs: number]
    /**
     * What the first opossum called `semaphoreLocked`.
     * @deprecated Listen to `semaphoreLocked`.
     */
    'semaphore-locked': [err: CircuitBreakerError, latencyMs: number]
    /** A call was answered from the cache. */
    cacheHit: []
    /** The cache had no answer for a call. */
    cacheMiss: []
    /** A call joined an earlier one. */
    coalesceCacheHit: []
    /** There was no call to join. */
    coalesceCacheMiss: []
    /** A health check failed, with that error; `open` follows unless the circuit is open. */
    healthCheckFailed: [err: Error]
    /** The first opossum's name of `healthCheckFailed`. */
    'health-check-failed': [err: Error]
    /**
     * A stall of the event loop has ended that was so long, in milliseconds; what held the loop,
     * where {@link Loop.profile} has found it out.
     */
    stall: [lengthMs: number, heldBy?: HeldBy]
    /** The circuit opened: why, and by what figures. */
    open: [trip: Trip]
    /**
     * The circuit half-opened: one call may try, or as many as `halfOpenCalls` says. Again when
     * others may, because those that tried have no timeout and hang. Carries how long it was
     * open: `resetTimeout` or, where that is a {@link Backoff}, the wait that came of it. In
     * milliseconds.
     */
    halfOpen: [resetTimeout: number]
    /** The circuit closed. */
    close: []
    /** The breaker shuts down; its listeners are removed after this. */
    shutdown: []
  }

  /** What subscribers to the tracing channel `didelphis:call` of `node:diagnostics_channel` are told of a call. */
  export interface CallMessage<TI extends unknown[] = unknown[], TR = unknown> {
    breaker: CircuitBreaker<TI, TR>
    args: TI
    /**
     * What became of it, known from `error` or `asyncStart` on. `cached`: the answer was there, or on
     * its way to another call. `unguarded`: the breaker is disabled. A fallback changes nothing of this.
     */
    outcome?: 'success' | 'failure' | 'timeout' | 'rejected' | 'aborted' | 'cached' | 'unguarded'
    /** What its promise resolved with. */
    result?: TR
    /** What it rejected with. */
    error?: unknown
  }

  /** What subscribers to the channel `didelphis:transition` of `node:diagnostics_channel` are told. */
  export interface TransitionMessage {
    breaker: CircuitBreaker
    from: 'closed' | 'open' | 'halfOpen' | 'forcedOpen'
    to: 'closed' | 'open' | 'halfOpen' | 'forcedOpen'
    /** Why it opened last; undefined where it never has. */
    lastTrip: Trip | undefined
  }

  /** Why a circuit opened, and when. */
  export interface Trip {
    /**
     * The option by which it opened; or `'probe'`, when the call failed that a half-open circuit
     * let try, and `'open'`, when `open()` was called, as a health check that fails does.
     */
    readonly reason: 'errorThresholdPercentage' | 'slowCallThresholdPercentage' | 'consecutiveFailures' | 'maxFailures' |
      'shouldTrip' | 'probe' | 'open'
    /** When. In milliseconds since the epoch. */
    readonly at: number
    /** How many calls had failed: in the window, or in a row. */
    readonly failures?: number
    /** How many calls were slow. */
    readonly slowCalls?: number
    /** How many calls were judged; not of a row. */
    readonly calls?: number
    /** What share of them that was. In percent. */
    readonly percentage?: number
    /** What that was too much for: the value of the option. */
    readonly threshold?: number
  }

  /** An error that a breaker made; {@link CircuitBreaker.isOurError} knows them. */
  export interface CircuitBreakerError extends Error {
    /**
     * What happened: the circuit refused the call, the call took longer than `timeout`,
     * `capacity` calls were under way already, the breaker had been shut down, or the circuit
     * has closed a short time ago and `rampUp` lets not all calls pass yet, or too many calls fail
     * and `throttle` has refused this one, or no place came free for one that waited (`queue`).
     */
    code: 'EOPENBREAKER' | 'ETIMEDOUT' | 'ESEMLOCKED' | 'ESHUTDOWN' | 'ERAMPUP' | 'ETHROTTLED' | 'EQUEUE' | 'ERESULT'
    /** The name of the breaker that made it. */
    breaker: string
    /**
     * With `EOPENBREAKER` only: in what time the circuit lets one call try; `Infinity`:
     * never by itself; `undefined`: not before the call that is trying has ended. In
     * milliseconds.
     */
    retryAfter?: number | undefined
    /**
     * With `EOPENBREAKER` only: what failed last, if anything has; `lastFailure`. Of a failure
     * that is itself a refusal by a breaker, what that came from.
     */
    cause?: unknown
    /** With `ERESULT` only: the result that counts as a failure. */
    result?: any
    /**
     * With `ETIMEDOUT` only: for how long the call's time stood still, because the event loop
     * was stalled or the process suspended; with `timeoutClock: 'wall'`, for how long the loop
     * was stalled during the call. In milliseconds.
     */
    stalled?: number
  }

  /** Stalls of an event loop, counted together. */
  export interface Stalls {
    /** How many there were: turns that were busy for longer than 50 ms. */
    readonly stalls: number
    /** How long they were together. In milliseconds. */
    readonly stalled: number
    /** The length of the longest. In milliseconds. */
    readonly longestStall: number
  }

  /** Which half decides behind the class. */
  export interface Binding {
    /** The addon, or its WebAssembly. */
    readonly kind: 'native' | 'wasm'
    /** Why it is WebAssembly: what was said as the addon was loaded, or who asked for it. */
    readonly reason?: string
  }

  /**
   * What an event loop did in the last ten seconds. While a turn of it is busy, no timer
   * goes off and no answer is read.
   */
  export interface Loop extends EventEmitter, Stalls {
    /** How long the turn under way has been busy. In milliseconds. */
    readonly lag: number
    /** The mean of the turns' busy times. In milliseconds. */
    readonly lagMean: number
    /** Their quantiles, by quantile, 0 to 1. In milliseconds. */
    readonly percentiles: { readonly [percentile: number]: number }
    /** The stalls since the module was loaded. */
    readonly total: Stalls
    /**
     * Has long stalls told with the JavaScript function that held the loop: in the event `stall`,
     * here and of breakers, and by the server. V8's CPU profiler takes a sample of this thread
     * every 10 ms for it; to begin, it stalls the loop itself, for 10 to 60 ms, or half a second
     * in a program of 30,000 functions. What it costs then is in `docs/event-loop.md`. One
     * that is asked for anew takes the place of the one before. It does not keep the process
     * alive. While Node measures coverage or writes a profile of its own (`NODE_V8_COVERAGE`,
     * `--cpu-prof`), stalls are told without.
     *
     * @param options - or `false`: ends it
     * @returns what ends it, too
     * @throws TypeError for an option that makes no sense
     * @throws an error with the code `ENOPROFILER` where there is no inspector, as in Bun and Deno
     * @example
     * CircuitBreaker.loop.profile({ above: 200 })
     * CircuitBreaker.loop.on('stall', (ms, heldBy) => {
     *   if (heldBy) console.warn(`${heldBy.function} (${heldBy.url}:${heldBy.line}) held the loop for ${ms} ms`)
     * })
     */
    profile (options?: ProfileOptions): Profiling
    profile (options: false): void
    /** All of these as plain data. */
    toJSON (): Stalls & Pick<Loop, 'lag' | 'lagMean' | 'percentiles' | 'total'>

    /** Adds a listener; {@link LoopEvents} lists the events. */
    on<E extends EventName<LoopEvents>> (event: E, listener: Listener<LoopEvents, E>): this
    /** As `on`, for the next time only. */
    once<E extends EventName<LoopEvents>> (event: E, listener: Listener<LoopEvents, E>): this
  }

  /** What {@link Loop.profile} takes. */
  export interface ProfileOptions {
    /**
     * From what length on a stall is looked into. 50 or more: what is shorter is no stall. In
     * milliseconds.
     * @default 200
     */
    above?: number | undefined
  }

  /** What {@link Loop.profile} gives; `using` takes it where there is a `Symbol.dispose`. */
  export type Profiling = {
    /** From what length on stalls are looked into. In milliseconds. */
    readonly above: number
    /** Ends it, unless it has been asked for anew. Needs no `this`. */
    stop (): void
  } & { [Name in DisposeSymbol]: () => void }

  /**
   * The function that held the event loop in a stall: the deepest that was on the stack for half
   * of what was seen; where none was, the one that was there longest.
   */
  export interface HeldBy {
    /** Its name; `(anonymous)` where it has none, `(garbage collector)` where it was that. */
    readonly function: string
    /** The file that it is in, as V8 names it: mostly a `file:` URL. Empty for what has none. */
    readonly url: string
    /** The line in which it begins, from 1 on; 0 where nobody knows. */
    readonly line: number
    /** The column in which it begins, from 1 on; 0 where nobody knows. */
    readonly column: number
    /**
     * For what share of the stall it was seen on the stack, 0 to 1. Small, too, where little was
     * seen, because the machine had no time for the process.
     */
    readonly share: number
  }

  /** The events of {@link CircuitBreaker.loop}, each with the arguments that its listeners get. */
  export interface LoopEvents {
    /** A stall has ended that was so long, in milliseconds; what held the loop, where {@link Loop.profile} has found it out. */
    stall: [lengthMs: number, heldBy?: HeldBy]
  }

  /** A rolling window of counts and latencies: some buckets, of which the newest counts. */
  export interface Status extends EventEmitter {
    /** The totals of the window at this moment: a new object each time. */
    readonly stats: Stats
    /** The buckets, newest first: a new array of the living buckets, which may be corrected by hand. */
    readonly window: Window

    /** Adds a listener; {@link StatusEvents} lists the events. */
    on<E extends EventName<StatusEvents>> (event: E, listener: StatusListener<E>): this
    /** The same as `on`. */
    addListener<E extends EventName<StatusEvents>> (event: E, listener: StatusListener<E>): this
    addListener (event: string | symbol, listener: (...args: any[]) => void): this
    /** As `on`, for the next time only. */
    once<E extends EventName<StatusEvents>> (event: E, listener: StatusListener<E>): this
    once (event: string | symbol, listener: (...args: any[]) => void): this
    /** Takes a listener off an event. */
    off<E extends EventName<StatusEvents>> (event: E, listener: StatusListener<E>): this
    off (event: string | symbol, listener: (...args: any[]) => void): this
    /** The same as `off`. */
    removeListener<E extends EventName<StatusEvents>> (event: E, listener: StatusListener<E>): this
    removeListener (event: string | symbol, listener: (...args: any[]) => void): this
  }

  /** The events of a {@link Status}, each with the arguments that its listeners get. */
  export interface StatusEvents {
    /** The totals of the window, once per bucket; see {@link Options.enableSnapshots}. */
    snapshot: [stats: Stats]
  }

  /** What {@link CircuitBreaker.newStatus} can be told: the options that shape a breaker's window. */
  export interface StatusOptions extends Pick<Options, 'rollingCountTimeout' | 'rollingCountBuckets' |
    'rollingPercentilesEnabled' | 'enableSnapshots' | 'rotateBucketController'> {
    /** Counts for the newest bucket; those left out are 0. */
    stats?: Partial<Stats> | undefined
  }

  /** The counts of one slice of time. */
  export interface Bucket {
    /** Calls that failed: by error, timeout or locked semaphore. */
    failures: number
    /** Calls that a fallback answered. */
    fallbacks: number
    /** Calls that succeeded, by themselves or because `errorFilter` let their error pass. */
    successes: number
    /** Calls refused by an open or half-open circuit. */
    rejects: number
    /** Calls made, refused ones included. */
    fires: number
    /** Calls that took too long; among the failures too. */
    timeouts: number
    /** Calls answered from the cache. */
    cacheHits: number
    /** Calls that the cache had no answer for. */
    cacheMisses: number
    /** Calls that joined an earlier one. Always there, but in data written for @types/opossum. */
    coalesceCacheHits?: number
    /** Calls that found none to join. Always there, but in data written for @types/opossum. */
    coalesceCacheMisses?: number
    /** Calls refused for want of a permit; among the failures too. */
    semaphoreRejections: number
    /** Latencies in milliseconds by quantile, 0 to 1; empty in a bucket, filled in {@link Stats}. */
    percentiles: { [percentile: number]: number }
    /** The latencies of successes, failures and timeouts, in milliseconds. */
    latencyTimes: number[]
  }

  /** The buckets of a rolling window, newest first. */
  export type Window = Bucket[]

  /** The totals of a window. */
  export interface Stats extends Bucket {
    /** The mean latency in milliseconds; 0 without any, -1 when `rollingPercentilesEnabled` is `false`. */
    latencyMean: number
    /**
     * How long a call may take that begins now, where {@link Options.timeout} is learned, in
     * milliseconds: `max` until something was. Not there where it is not learned.
     */
    learnedTimeout?: number
    /** How many calls may be under way, where {@link Options.capacity} adapts. Not there where it does not. */
    capacityLimit?: number
    /** How many calls wait for a place, where any may ({@link Options.queue}); those whose turn it is are none. */
    queued?: number
  }

  /** The state of a breaker as plain data. */
  export interface State {
    /** Its name. */
    name: string
    /** Whether it guards its action. */
    enabled: boolean
    /** Whether the circuit is closed. */
    closed: boolean
    /** Whether the circuit is open. */
    open: boolean
    /** Whether the circuit is half open. */
    halfOpen: boolean
    /** Whether its warm-up lasts. */
    warmUp: boolean
    /** Whether it has been shut down. */
    shutdown: boolean
    /**
     * When the circuit opened last or, before that, when the breaker was made, in
     * milliseconds since the epoch. `undefined`: unknown.
     */
    lastTimerAt?: number | undefined
    /**
     * Of a circuit that is not closed and whose waits are not always the same
     * ({@link Backoff}, or a function): how often it has opened in a row.
     */
    attempt?: number | undefined
    /** With `attempt`: for how long it was to stay open the last time. In milliseconds. */
    wait?: number | undefined
    /** The timeout that was learned, where something was ({@link LearnedTimeout}). In milliseconds. */
    learnedTimeout?: number | undefined
    /** How many calls might be under way, where that adapts and something was learned ({@link AdaptiveCapacity}). */
    capacityLimit?: number | undefined
    /** With `capacityLimit`: the latency that was usual. In milliseconds. */
    usualLatency?: number | undefined
  }

  /** A counting semaphore: the permits that calls take, which programs may take too. */
  export interface Semaphore {
    /** The permits that are free. */
    readonly count: number
    /** Takes a permit if one is free, and tells whether it did. */
    test (): boolean
    /**
     * Takes a permit, waiting in line for one; gives the function that gives it back.
     *
     * @param timeout - how long to wait, in milliseconds; `0` or left out: for ever. The
     * promise then rejects with an error whose `code` is `ETIMEDOUT`.
     */
    take (timeout?: number): Promise<() => void>
    /** Gives a permit back. One too many adds a permit. */
    release (): void
  }
}

/**
 * What a breaker may be made around besides functions. No promise: its work is under way,
 * there is nothing to be guarded.
 */
type PlainValue = string | number | bigint | boolean | symbol | { call?: never, then?: never }

/** What an error is known to be when it is a breaker's own. `any` stays `any`, as `Object` says. */
type OurError<E> = 0 extends 1 & E ? Object : E & CircuitBreaker.CircuitBreakerError

/** Options none of which is `undefined`. */
type Filled<O> = { [K in keyof O]-?: Exclude<O[K], undefined> }

/**
 * A function whose parameters are compared both ways, as a method's are: it may ask for
 * narrower types, and a `CircuitBreaker<[string], number>` is a `CircuitBreaker`.
 */
type Bivariant<A extends unknown[], R> = { method (...args: A): R }['method']

/**
 * The arguments of a fallback: those of the call, then the error, which takes the place
 * of the first argument that the call left out.
 */
type WithError<TI extends unknown[]> =
  number extends TI['length'] ? [...OrError<TI>, ...Error[]]
    : TI extends Required<TI> ? [...TI, Error] : [...OrError<TI>, Error?]

/** These arguments, with an error possible in place of each that may be left out. */
type OrError<TI extends unknown[]> = { [K in keyof TI]: undefined extends TI[K] ? TI[K] | Error : TI[K] }

/** `Symbol.dispose` and `Symbol.asyncDispose`, where the declarations of the program have them. */
type DisposeSymbol = SymbolConstructor extends { readonly dispose: infer S } ? S & symbol : never
type AsyncDisposing = { [Name in AsyncDisposeSymbol]: () => Promise<void> }
type AsyncDisposeSymbol = SymbolConstructor extends { readonly asyncDispose: infer S } ? S & symbol : never

/** The names of some events, offered by editors, or any other name. */
type EventName<M> = keyof M | (string & {}) | symbol

/** For each event what its listeners get. */
type EventMap<M> = { [E in keyof M]: any[] }

/** What listeners of event `E` get, by the map `M`; anything when the map lacks it. */
type Arguments<M extends EventMap<M>, E> = E extends keyof M ? M[E] : any[]

/** A listener of event `E`, by the map `M`. */
type Listener<M extends EventMap<M>, E> = (...args: Arguments<M, E>) => void

/** The same for a status, so that any emitter with its fields is one to TypeScript before 5.1, too. */
type StatusListener<E> = E extends 'snapshot' ? (...args: CircuitBreaker.StatusEvents[E]) => void : (...args: any[]) => void

// An interface beside the class would say the same, but for TypeScript before 4.9.
/** An emitter that `await using` disposes of. */
declare const Drainable: Pick<typeof EventEmitter, keyof typeof EventEmitter> & (new () => EventEmitter & AsyncDisposing)

export = CircuitBreaker
