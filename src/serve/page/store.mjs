// All that the server has told: breakers by id, loops by thread, and the server's clock.

import { BreakerHistory, LoopHistory } from './history.mjs'

export class Store {
  /** Of each breaker what was told last (`seen`) and before (`history`). */
  breakers = new Map()
  loops = new Map()
  steering = false
  live = false
  #ahead = 0

  /** The time of day by the server's clock. */
  now () {
    return Date.now() + this.#ahead
  }

  /** Takes an event of the stream; gives what to tell those who listen rather than look. */
  take (event, data) {
    switch (event) {
      case 'snapshot': return this.#snapshot(data)
      case 'transition': return this.#transition(data)
      case 'breakers': return this.#changed(data)
      case 'loop': return this.#loops(data)
    }
  }

  lost () {
    this.live = false
    for (const loop of this.loops.values()) loop.gap(this.now())
  }

  #tick (now) {
    // The fastest message is the nearest to the truth.
    const ahead = now - Date.now()
    // Unless a clock was set.
    this.#ahead = Math.abs(ahead - this.#ahead) > 5_000 ? ahead : Math.max(this.#ahead, ahead)
  }

  #snapshot ({ now, steering, breakers, loops }) {
    this.#ahead = now - Date.now()
    this.live = true
    this.steering = steering
    const ids = new Set(breakers.map(({ id }) => id))
    for (const [id, { seen }] of this.breakers) {
      // Another process may have taken the port: its ids begin anew.
      const still = ids.has(id) && breakers.find(other => other.id === id).name === seen.name
      if (!still) this.breakers.delete(id)
    }
    for (const breaker of breakers) this.#entry(breaker).history.begin(breaker, now)
    for (const thread of this.loops.keys()) if (!loops.some(loop => loop.thread === thread)) this.loops.delete(thread)
    this.#loops({ now, loops })
  }

  #entry (seen) {
    const known = this.breakers.get(seen.id)
    if (known) {
      known.seen = seen
      return known
    }
    const made = { id: seen.id, seen, history: new BreakerHistory() }
    this.breakers.set(seen.id, made)
    return made
  }

  #transition (data) {
    const entry = this.breakers.get(data.id)
    if (!entry) return
    entry.history.transition(data)
    const { at, to, trip, moves } = data
    entry.seen = {
      ...entry.seen, state: to, moves, since: at, nextAttemptAt: null, ...(trip && { lastTrip: trip })
    }
    return entry
  }

  #changed ({ now, changed, gone }) {
    this.#tick(now)
    for (const breaker of changed) {
      const isNew = !this.breakers.has(breaker.id)
      const { history } = this.#entry(breaker)
      if (isNew) history.begin(breaker, now)
      else history.read(breaker, now)
    }
    for (const id of gone) this.breakers.delete(id)
  }

  #loops ({ now, loops }) {
    this.#tick(now)
    for (const loop of loops) {
      if (!this.loops.has(loop.thread)) this.loops.set(loop.thread, new LoopHistory())
      this.loops.get(loop.thread).read(loop, now)
    }
    for (const thread of this.loops.keys()) if (!loops.some(loop => loop.thread === thread)) this.loops.delete(thread)
  }
}
