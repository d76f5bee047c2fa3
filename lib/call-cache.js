'use strict'

// Answers that are given again: results that are cached, and calls in flight that others
// join (coalescing). Breakers that do neither never come here. Used by the way of a call
// and by the class.

const MemoryCache = require('./cache')
const { Companion } = require('./companion')
const { increment } = require('./counters')
const { emit, hasListeners, throwAsync } = require('./emit')
const { INNER } = require('./inner')
const { isLater, noteGiven, waitFor } = require('./lookup')
const { kinds: KINDS } = require('./native/abi')
const { readNumber } = require('./options')
const { toPromise } = require('./outcome')
const { isOn } = require('./switches')
const { warnOnce } = require('./warnings')

/** Whether answers of that breaker's calls are kept. */
function remembers ({ options }) {
  // The second question is asked of those alone who seem to want it.
  return (options.cache || options.coalesce) && (caches(options) || coalesces(options))
}

function caches ({ cache }) {
  return isOn('cache', cache)
}

function coalesces ({ coalesce }) {
  return isOn('coalesce', coalesce)
}

/** Forgets every answer of a breaker. */
function forget (breaker) {
  const inner = breaker[INNER]
  inner.lookups?.flush()
  if (caches(breaker.options)) surfaceLater(cacheOf(breaker, inner).flush())
  inner.coalesceCache?.flush()
}

/**
 * What is kept of one call, whose companion it is: looked up before it begins, noted as it ends. Once it has begun,
 * what options and transports throw surfaces: the call has not failed by it.
 */
class CallCache extends Companion {
  constructor (breaker, inner, args) {
    super()
    this.breaker = breaker
    this.inner = inner
    this.key = breaker.options.cacheGetKey.apply(breaker, args)
    if (typeof this.key?.then === 'function') warnOnce('DIDELPHIS_ASYNC_KEY', ASYNC_KEY, 'cacheGetKey')
    // What the action promises.
    this.result = undefined
    // Whether others may join the call, and the promise that they are given.
    this.joinable = false
    this.promise = undefined
    // Where the transport is still to answer: a promise of that.
    this.later = undefined
  }

  /**
   * An answer that is there already: a promise, or what a transport keeps; or undefined. Where
   * the transport answers later, `later` is a promise of what it says.
   */
  lookUp () {
    const { breaker, inner } = this
    if (caches(breaker.options)) {
      const joined = inner.lookups !== undefined && this.#joinLookup()
      if (joined) return joined
      const cache = cacheOf(breaker, inner)
      const answer = cache.get(this.key)
      if (cache !== inner.cache && isLater(answer)) {
        this.later = waitFor(breaker, inner, answer)
        return undefined
      }
      if (this.#found(answer, 'cacheHit', 'cacheMiss')) return answer
    }
    return this.#join()
  }

  /** The transport has answered: what there is now, as of `lookUp`. */
  lookUpLater (answer) {
    const { lookups } = this.inner
    if (lookups?.get(this.key) === this.promise) lookups.delete(this.key)
    return this.#found(answer, 'cacheHit', 'cacheMiss') ? answer : this.#join()
  }

  /** Lets calls join this one, whose promise it is, while the transport has not answered. */
  shareLater (promise) {
    this.promise = promise
    try {
      const { options } = this.breaker
      if (coalesces(options)) {
        this.inner.lookups ??= new MemoryCache(readNumber('coalesceSize', options.coalesceSize))
        this.inner.lookups.set(this.key, promise, expiry(options.coalesceTTL))
      }
    } catch (error) {
      throwAsync(error)
    }
    return promise
  }

  /** The call waits for a place: others may do so with it. */
  waits () {
    this.joinable = true
  }

  /** It has waited in vain. Who comes later asks anew. */
  unqueued () {
    this.joinable = false
    try {
      this.#forgetCall()
    } catch (error) {
      throwAsync(error)
    }
  }

  /** The call was admitted; its action begins. */
  began () {
    this.joinable = true
  }

  /** The action has given something: a promise of its result. */
  acted (result) {
    this.result = result
  }

  /** Lets later calls join this one, whose promise it is. */
  share (promise) {
    this.promise = promise
    try {
      const { options } = this.breaker
      if (!this.joinable || !coalesces(options)) return
      coalesceCacheOf(this.breaker, this.inner).set(this.key, promise, expiry(options.coalesceTTL))
    } catch (error) {
      throwAsync(error)
    }
  }

  /** The action resolved: keeps its promise. */
  succeeded () {
    this.ended('success')
    try {
      const { breaker, inner, key, result } = this
      if (!caches(breaker.options)) return
      const cache = cacheOf(breaker, inner)
      if (cache !== inner.cache) noteGiven(result)
      surfaceLater(cache.set(key, result, expiry(breaker.options.cacheTTL)))
    } catch (error) {
      throwAsync(error)
    }
  }

  /** The call ended for that reason: `success`, `error` or `timeout`. */
  ended (reason) {
    try {
      if (!this.breaker.options.coalesceResetOn.includes(reason)) return
      this.joinable = false
      this.#forgetCall()
    } catch (error) {
      throwAsync(error)
    }
  }

  #forgetCall () {
    const calls = this.inner.coalesceCache
    // The entry may be a later call's: this one's has expired, or was cleared.
    if (calls?.get(this.key) === this.promise) calls.delete(this.key)
  }

  #join () {
    const { breaker, inner } = this
    if (!coalesces(breaker.options)) return undefined
    const call = coalesceCacheOf(breaker, inner).get(this.key)
    return this.#found(call, 'coalesceCacheHit', 'coalesceCacheMiss') ? call : undefined
  }

  // A call that waits for the transport with the same question.
  #joinLookup () {
    const call = coalesces(this.breaker.options) && this.inner.lookups.get(this.key)
    return call && this.#found(call, 'coalesceCacheHit') ? call : undefined
  }

  #found (answer, hit, miss) {
    const event = answer ? hit : miss
    increment(this.inner, EVENT_KINDS[event])
    if (hasListeners(this.breaker, event)) emit(this.breaker, event)
    return Boolean(answer)
  }
}

// No two promises are the same.
const ASYNC_KEY = 'options.cacheGetKey gives a promise, which is a key that no other call has: nothing is found ' +
  'again. It should return a string.'

const EVENT_KINDS = {
  cacheHit: KINDS.cacheHits,
  cacheMiss: KINDS.cacheMisses,
  coalesceCacheHit: KINDS.coalesceCacheHits,
  coalesceCacheMiss: KINDS.coalesceCacheMisses
}

/**
 * Where a breaker caches: the user's transport, or memory of its own. Several breakers may
 * be given one options object, so memory that stands there may be another one's.
 */
function cacheOf ({ options }, inner) {
  if (options.cacheTransport && !(options.cacheTransport instanceof MemoryCache)) return options.cacheTransport
  inner.cache ??= new MemoryCache(readNumber('cacheSize', options.cacheSize))
  show(options, 'cacheTransport', inner.cache)
  return inner.cache
}

function coalesceCacheOf ({ options }, inner) {
  inner.coalesceCache ??= new MemoryCache(readNumber('coalesceSize', options.coalesceSize))
  show(options, 'coalesceCache', inner.coalesceCache)
  return inner.coalesceCache
}

// Options that have been frozen show what they showed before.
function show (options, name, cache) {
  if (options[name] !== cache) Reflect.set(options, name, cache)
}

/** Makes what options show. */
function prepareMemory (breaker) {
  if (caches(breaker.options)) cacheOf(breaker, breaker[INNER])
  if (coalesces(breaker.options)) coalesceCacheOf(breaker, breaker[INNER])
}

// As transports are told it: in milliseconds since the epoch, 0 for never.
function expiry (ttl) {
  return ttl > 0 ? Date.now() + Number(ttl) : 0
}

// What a transport promises is waited for by nobody; that it fails is heard of.
function surfaceLater (result) {
  try {
    if (typeof result?.then === 'function') toPromise(result).then(undefined, throwAsync)
  } catch (error) {
    throwAsync(error)
  }
}

module.exports = { CallCache, coalesces, forget, prepareMemory, remembers }
