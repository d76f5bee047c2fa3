// Which breakers are shown, and in which order. Pure.

import { stateOf, wordOf } from './states.mjs'

// For how long one that has moved is worth a look, in ms.
const RECENT = 60_000

/**
 * How much a breaker needs to be looked at, in coarse steps: rows that change places every second
 * cannot be read. Its state counts most, then failures, that it has just
 * moved, and how full it is.
 */
export function trouble (breaker, now) {
  const { stats } = breaker
  const failing = Math.ceil((breaker.failureRate ?? 0) / 10)
  const full = breaker.capacity > 0 && breaker.inFlight >= breaker.capacity ? 1 : 0
  const moved = breaker.moves > 0 && now - breaker.since < RECENT ? 15 : 0
  const refused = stats.semaphoreRejections > 0 ? 1 : 0
  return stateOf(breaker.state).trouble * 1000 + failing * 10 + moved + full * 5 + refused * 2 + (breaker.draining ? 1 : 0)
}

const KEYS = {
  trouble,
  name: () => 0,
  calls: breaker => breaker.callRate,
  failing: breaker => breaker.failureRate,
  latency: breaker => breaker.latency?.p99,
  inFlight: breaker => breaker.inFlight
}

/** A comparison for `sort`: most first, what is not known last, names and age decide the rest. */
export function by (key, now) {
  const value = KEYS[key] ?? KEYS.trouble
  return (one, other) =>
    (value(other, now) ?? -1) - (value(one, now) ?? -1) || compareNames(one.name, other.name) || one.id - other.id
}

const { compare: compareNames } = new Intl.Collator('en', { numeric: true })

/** Whether all words of a search are in what a breaker is called, labelled with, or is. */
export function matches (breaker, search) {
  const text = [breaker.name, breaker.group, breaker.thread, wordOf(breaker.state),
    ...Object.entries(breaker.labels ?? {}).map(([name, value]) => `${name}=${value}`)].join('\n').toLowerCase()
  return search.toLowerCase().split(/\s+/).every(word => text.includes(word))
}
