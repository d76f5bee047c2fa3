'use strict'

// A cache in memory: what `cache` uses where the user brings no transport of his own,
// and where `coalesce` keeps the calls in flight. Used by `call-cache.js`.
//
// Callers say by the time of day when an entry expires, as transports are told it. That may
// be set back, so the time that has really passed ends an entry, too. Both count: a machine
// that was suspended, or a test that shows a later date, moves the date alone.

const { performance } = require('./builtins')
const { isDateFaked } = require('./fake-clock')

class MemoryCache {
  constructor (maxEntries) {
    this.cache = new Map()
    this.maxEntries = maxEntries
  }

  /** What is kept under a key, unless it has expired. */
  get (key) {
    const entry = this.cache.get(key)
    if (entry === undefined) return undefined
    if (isFresh(entry)) return entry.value
    this.cache.delete(key)
    return undefined
  }

  /** Keeps a value until `expiresAt`, in milliseconds since the epoch; 0: for ever. */
  set (key, value, expiresAt) {
    if (this.maxEntries < 1) return
    if (!this.cache.has(key)) this.#makeRoom()
    const endsAt = expiresAt === 0 ? 0 : performance.now() + (expiresAt - Date.now())
    this.cache.set(key, { expiresAt, endsAt, value })
  }

  delete (key) {
    this.cache.delete(key)
  }

  flush () {
    this.cache.clear()
  }

  /** Keeps no more than that from now on. */
  resize (maxEntries) {
    this.maxEntries = maxEntries
    for (const key of this.cache.keys()) {
      if (this.cache.size <= maxEntries) break
      this.cache.delete(key)
    }
  }

  // Entries expire about in the order in which they came. Two are looked at for each one
  // that comes, so those whose keys are never asked for again do not pile up.
  #makeRoom () {
    let looks = 2
    for (const [key, entry] of this.cache) {
      if (looks-- === 0 || isFresh(entry)) break
      this.cache.delete(key)
    }
    if (this.cache.size >= this.maxEntries) this.cache.delete(this.cache.keys().next().value)
  }
}

module.exports = MemoryCache

function isFresh ({ expiresAt, endsAt }) {
  return expiresAt === 0 || (expiresAt > Date.now() && !hasEnded(endsAt))
}

// While a test moves the date, that alone counts.
function hasEnded (endsAt) {
  return endsAt <= performance.now() && !isDateFaked()
}
