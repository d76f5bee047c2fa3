// What the page remembers: of each breaker its states and figures, of each loop its lag. Pure;
// moments are those of the server's clock.

import { stateOf } from './states.mjs'

/** For how long, in ms. */
export const KEPT = 15 * 60_000

/** What the server calls a stall, in ms. */
export const STALL = 50

// Readings come once a second. One that is older than this is old because nothing has changed.
const QUIET = 1_500

// Stalls that are this near to each other are one: no two can be.
const SAME = STALL / 2

// Two readings that are this near to each other are no measure of a rate.
const NEAR = 500

/** Columns of numbers over time, of which the oldest are forgotten. */
export class Series {
  t = []
  columns

  constructor (width) {
    this.columns = Array.from({ length: width }, () => [])
  }

  push (at, ...values) {
    // Charts need moments in order; the server's clock may be set back.
    if (at < this.t.at(-1)) at = this.t.at(-1)
    this.t.push(at)
    values.forEach((value, index) => this.columns[index].push(value))
    if (this.t.length % 64 === 0 && this.t[64] < at - KEPT) {
      for (const column of [this.t, ...this.columns]) column.splice(0, 64)
    }
  }

  last (index) {
    return this.columns[index].at(-1)
  }

  get lastAt () {
    return this.t.at(-1)
  }

  /** A hole: what was between is not known. */
  gap (at) {
    if (this.t.length > 0) this.push(at, ...this.columns.map(() => null))
  }
}

/** `[at, state]` in order, the state `null` where it is not known. */
export class States {
  list = []

  set (at, state) {
    const last = this.list.at(-1)
    if (last?.state === state) return
    this.list.push({ at: Math.max(at, last?.at ?? at), state })
    const { length } = this.list
    if (length > 2_000) this.list.splice(0, length - 2_000)
  }

  /** Pieces `{ from, to, state }` of a span of time. */
  between (from, to) {
    const pieces = []
    for (let index = this.list.length - 1; index >= 0; index--) {
      const { at, state } = this.list[index]
      const end = this.list[index + 1]?.at ?? Infinity
      if (end <= from) break
      if (state !== null && at < to && end > at) pieces.unshift({ from: Math.max(at, from), to: Math.min(end, to), state })
    }
    return pieces
  }
}

export const COLUMNS = ['succeeded', 'failed', 'refused', 'p50', 'p90', 'p99', 'inFlight', 'capacity']

export class BreakerHistory {
  states = new States()
  series = new Series(COLUMNS.length)
  /** Openings: `{ at, to, trip }`, the newest last. */
  trips = []
  #total
  #moves
  #readAt

  /** The first reading of a connection: nobody knows what was before. */
  begin (breaker, now) {
    if (this.#readAt === undefined) this.states.set(breaker.since ?? -Infinity, breaker.state)
    else if (this.#moves !== breaker.moves) {
      this.states.set(this.#readAt, null)
      this.states.set(breaker.since ?? now, breaker.state)
    }
    this.series.gap(now - 1)
    this.#trip(breaker.lastTrip, breaker.state)
    this.#total = undefined
    this.read(breaker, now)
  }

  read (breaker, now) {
    const elapsed = now - this.#readAt
    const before = this.#total
    const isNear = before && elapsed < NEAR
    const { latency, total } = breaker
    if (breaker.state !== this.states.list.at(-1)?.state) this.states.set(now, breaker.state)
    this.#moves = breaker.moves
    if (isNear) return
    let rates = [null, null, null]
    if (before) {
      const quiet = elapsed > QUIET
      if (quiet) this.#rest(now - 1000)
      const seconds = Math.min(elapsed, quiet ? 1000 : elapsed) / 1000
      // A counter that goes back is that of another breaker.
      rates = ['successes', 'failures', 'rejects'].map(name => Math.max(0, total[name] - before[name]) / seconds)
    }
    this.series.push(now, ...rates, latency?.p50 ?? null, latency?.p90 ?? null, latency?.p99 ?? null, breaker.inFlight, breaker.capacity)
    this.#total = total
    this.#readAt = now
  }

  transition ({ at, from, to, trip, moves }) {
    // There were some in between, of which nobody tells.
    if (this.#moves !== undefined && moves > this.#moves + 1) this.states.set(at - 1, from)
    this.states.set(at, to)
    this.#moves = moves
    this.#trip(trip, to)
  }

  /** The columns up to `now`: what has not been told again has not changed, and nothing was called. */
  upTo (now, live) {
    const { t, columns } = this.series
    if (!live || t.length === 0 || now - this.series.lastAt < QUIET) return [t, ...columns]
    const same = [0, 0, 0, ...columns.slice(3).map(column => column.at(-1))]
    return [[...t, t.at(-1) + 1, now], ...columns.map((column, index) => [...column, same[index], same[index]])]
  }

  #rest (until) {
    const same = this.series.columns.slice(3).map(column => column.at(-1))
    for (const at of [this.series.lastAt + 1, until]) this.series.push(at, 0, 0, 0, ...same)
  }

  #trip (trip, to) {
    if (!trip || this.trips.at(-1)?.at >= trip.at) return
    this.trips.push({ at: trip.at, to, trip })
    if (this.trips.length > 50) this.trips.shift()
  }
}

export class LoopHistory {
  series = new Series(1)
  /** `{ from, to }`; `to` grows while it lasts. */
  stalls = []
  /** Those of which it is known what held the loop, `{ at, length, heldBy }`, the newest last. */
  held = []
  now

  read (loop, at) {
    const known = this.now?.lastStall?.at
    const { lastStall } = loop
    if (lastStall && lastStall.at !== known) this.#ended(lastStall)
    this.series.push(at, loop.lag)
    if (loop.stalled) this.#lasts(at - loop.lag, at)
    for (const stall of [...loop.profile?.stalls ?? []].reverse()) this.#wasHeld(stall)
    this.now = loop
  }

  /** What held the loop in the longest stall of those that `stalledBefore` tells of, where that is known. */
  heldBefore (at, within) {
    const before = this.held.filter(stall => stall.at - stall.length < at && stall.at >= at - within)
    return before.reduce((longest, stall) => stall.length > (longest?.length ?? 0) ? stall : longest, undefined)?.heldBy
  }

  gap (at) {
    this.series.gap(at)
  }

  /** For how long it had been stalled at a moment, or within so many ms before; the longest, 0: not at all. */
  stalledBefore (at, within) {
    const lengths = this.stalls.filter(({ from, to }) => from < at && to >= at - within).map(({ from, to }) => Math.min(to, at) - from)
    // What came with the opening, or after it, is not what caused it.
    return Math.max(0, ...lengths.filter(length => length >= STALL))
  }

  // One that fell between two readings is drawn, too: a line that rises while it lasts.
  #ended ({ at, length }) {
    const from = at - length
    if (this.series.lastAt === undefined || at < this.series.t[0]) {
      this.#lasts(from, at)
      return
    }
    if (from > this.series.lastAt) this.series.push(from, 0)
    if (at > this.series.lastAt) this.series.push(at, length)
    this.series.push(at + 1, 0)
    this.#lasts(from, at)
  }

  #wasHeld (stall) {
    // The server tells the last ten each time.
    if (!stall.heldBy || stall.at < (this.held.at(-1)?.at ?? -Infinity) + SAME) return
    this.held.push(stall)
    if (this.held.length > 200) this.held.shift()
  }

  #lasts (from, to) {
    const last = this.stalls.at(-1)
    // The same one, told again: its beginning is the server's reckoning each time.
    if (last && from < last.to + 1) {
      last.to = Math.max(last.to, to)
      return
    }
    this.stalls.push({ from, to })
    if (this.stalls.length > 2_000) this.stalls.shift()
  }
}

/** How a state is drawn: a share of the height. */
export const heightOf = state => stateOf(state).height
