'use strict'

// The capacity of a breaker, in the hands of its user: opossum's `breaker.semaphore`.
// The places themselves are counted natively; here wait those who asked for one.

const { drainEvents } = require('./drain-events')
const { throwAsync } = require('./emit')

/**
 * Hands free places to those who wait for one. What a timer throws surfaces. A function, for
 * what is a user's has the methods of opossum's alone.
 */
let serve

class Semaphore {
  #inner
  /** @type {import('../src/node/binding').Handle} */
  #handle
  #takers = []

  static {
    serve = semaphore => semaphore.#serve()
  }

  /** @param {import('./inner').Inner} inner */
  constructor (inner) {
    const { handle } = inner
    this.#inner = inner
    this.#handle = handle
    this.take = this.take.bind(this)
    this.release = this.release.bind(this)
    this.test = this.test.bind(this)
    Object.defineProperty(this, 'count', { get: () => handle.available(), enumerable: true })
  }

  /** Takes a place if there is one; whether there was. */
  test () {
    return this.#handle.takeCapacity()
  }

  /** A promise of a place, and of the function that gives it back. */
  take (timeout) {
    if (this.test()) return Promise.resolve(this.release)
    return new Promise((resolve, reject) => {
      const taker = { resolve, timer: undefined }
      let isOver = false
      // Before the taker is in the queue, for timers may throw.
      if (timeout) {
        taker.timer = setTimeout(() => {
          // One of a test may go off as it is set.
          isOver = true
          const place = this.#takers.indexOf(taker)
          if (place >= 0) this.#takers.splice(place, 1)
          // Not a breaker's error: no call of one has timed out.
          reject(Object.assign(new Error(`Timed out after ${timeout}ms`), { code: 'ETIMEDOUT' }))
        }, timeout)
      }
      if (isOver) return
      this.#takers.push(taker)
      // Meanwhile a place may have become free.
      if (timeout) this.#serve()
    })
  }

  /** Gives a place back. */
  release () {
    this.#release()
    this.#serve()
  }

  // A call that waits for a place goes before those who do so here.
  #release () {
    if (this.#handle.releaseCapacity()) drainEvents(this.#inner.breaker, this.#inner.id)
  }

  #serve () {
    while (this.#takers.length > 0 && this.test()) {
      const taker = this.#takers.shift()
      if (taker === undefined) {
        // The clock of a host has served it meanwhile; and another may have come.
        this.#release()
        continue
      }
      const { resolve, timer } = taker
      resolve(this.release)
      try {
        clearTimeout(timer)
      } catch (error) {
        throwAsync(error)
      }
    }
  }
}

module.exports = { Semaphore, serve }
