'use strict'

// Answers that are given again: results that are cached, and calls in flight that others
// join (coalescing). Breakers that do neither never come here. Used by the way of a call
// and by the class.

const MemoryCache = require('./cache')
const { KINDS, tally } = require('./counts')
const { emit, hears, surface } = require('./emit')
const { CACHE, COALESCE_CACHE } = require('./fields')
const { readNumber } = require('./options')

/** Whether answers of that breaker's calls are kept. */
function remembers ({ options }) {
  return options.cache || options.coalesce
}

/** Forgets every answer of a breaker. */
function forget (breaker) {
  if (breaker.options.cache) cacheOf(breaker).flush()
  breaker[COALESCE_CACHE]?.flush()
}

/** What is kept of one call: looked up before it begins, noted as it ends. */
class Memo {
  constructor (breaker, args) {
    this.breaker = breaker
    this.key = breaker.options.cacheGetKey.apply(breaker, args)
    // What the action promises.
    this.result = undefined
    // Whether others may join the call.
    this.joinable = false
  }

  /** An answer that is there already: a promise, or what a transport keeps; or undefined. */
  recall () {
    const { cache, coalesce } = this.breaker.options
    return (cache && this.#lookUp(cacheOf, 'cacheHit', 'cacheMiss')) ||
      (coalesce && this.#lookUp(coalesceCacheOf, 'coalesceCacheHit', 'coalesceCacheMiss')) ||
      undefined
  }

  /** The call was admitted; its action begins. */
  began () {
    this.joinable = true
  }

  /** Lets later calls join this one, whose promise it is. */
  share (promise) {
    const { coalesce, coalesceTTL } = this.breaker.options
    if (coalesce && this.joinable) coalesceCacheOf(this.breaker).set(this.key, promise, expiry(coalesceTTL))
  }

  /** The action resolved: keeps its promise. */
  succeeded () {
    this.ended('success')
    const { cache, cacheTTL } = this.breaker.options
    if (!cache) return
    try {
      cacheOf(this.breaker).set(this.key, this.result, expiry(cacheTTL))
    } catch (error) {
      // A transport that fails has not made the call fail.
      surface(error)
    }
  }

  /** The call ended for that reason: `success`, `error` or `timeout`. */
  ended (reason) {
    if (!this.breaker.options.coalesceResetOn.includes(reason)) return
    this.joinable = false
    this.breaker[COALESCE_CACHE]?.delete(this.key)
  }

  #lookUp (find, hit, miss) {
    const answer = find(this.breaker).get(this.key)
    const event = answer ? hit : miss
    tally(this.breaker, EVENT_KINDS[event])
    if (hears(this.breaker, event)) emit(this.breaker, event)
    return answer
  }
}

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
function cacheOf (breaker) {
  const { options } = breaker
  if (options.cacheTransport && !(options.cacheTransport instanceof MemoryCache)) return options.cacheTransport
  breaker[CACHE] ??= new MemoryCache(readNumber('cacheSize', options.cacheSize))
  return (options.cacheTransport = breaker[CACHE])
}

function coalesceCacheOf (breaker) {
  breaker[COALESCE_CACHE] ??= new MemoryCache(readNumber('coalesceSize', breaker.options.coalesceSize))
  return (breaker.options.coalesceCache = breaker[COALESCE_CACHE])
}

/** Makes what options show. */
function prepareMemory (breaker) {
  if (breaker.options.cache) cacheOf(breaker)
  if (breaker.options.coalesce) coalesceCacheOf(breaker)
}

// As transports are told it: in milliseconds since the epoch, 0 for never.
function expiry (ttl) {
  return ttl > 0 ? Date.now() + Number(ttl) : 0
}

module.exports = { Memo, forget, prepareMemory, remembers }
