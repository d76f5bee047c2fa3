'use strict'

// What was in the way of the loop, and when: turns that were busy for so long that they are
// stalls, and spans for which the process was stopped. Answers when a call is due, as
// didelphis promises it: a call forgives the first so many of them, whole, and no more.

const { now, spin } = require('../clock')

// A turn that is busy for longer is a stall, as in the default of `stallThreshold`.
const STALL = 50

class Journal {
  #spans = []
  #stops = []
  #turns = []

  /** Keeps the loop at work. */
  work (ms) {
    const from = now()
    spin(ms)
    this.worked(from, now())
  }

  /** The loop was at work. */
  worked (from, to) {
    this.#turns.push([from, to])
    if (to - from > STALL) this.#spans.push([from, to])
  }

  /** The process was stopped for these spans. */
  stopped (spans) {
    this.#stops.push(...spans)
    this.#spans.push(...spans)
  }

  /** Once everything is noted: a stop within a turn is one stall with it. */
  seal () {
    this.#stops.sort(byBeginning)
    const merged = []
    for (const [from, to] of this.#spans.sort(byBeginning)) {
      const last = merged.at(-1)
      if (last && from <= last[1]) last[1] = Math.max(last[1], to)
      else merged.push([from, to])
    }
    this.#spans = merged
    return this
  }

  /** Stalls and suspensions so far. */
  get count () {
    return this.#spans.length
  }

  /** What the work of a turn takes while the process is not stopped, but for a few of the longest. */
  get turn () {
    const sorted = this.#turns.map(([from, to]) => to - from - overlap(this.#stops, from, to)).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length * 0.95)] ?? 0
  }

  /** Milliseconds between two moments within the first `most` stalls and suspensions after the first moment. */
  forgiven (from, to, most) {
    return overlap(this.#following(from, most), from, to)
  }

  /** When the timeout of a call has passed that forgives the first `most` of them. */
  due (fired, timeout, most) {
    return after(fired, timeout, this.#following(fired, most))
  }

  /** When the process has been let run for so long since then. */
  awake (since, ms) {
    return after(since, ms, this.#stops.filter(([, to]) => to > since))
  }

  #following (from, most) {
    const first = this.#spans.findIndex(([, to]) => to > from)
    return first < 0 ? [] : this.#spans.slice(first, first + most)
  }
}

module.exports = { Journal, STALL }

const byBeginning = ([a], [b]) => a - b

function overlap (spans, from, to) {
  return spans.reduce((sum, [begin, end]) => sum + Math.max(0, Math.min(to, end) - Math.max(from, begin)), 0)
}

// The moment by which so much time has passed since another one, without that in the spans.
function after (since, ms, spans) {
  let at = since + ms
  for (const [from, to] of spans) {
    if (from > at) break
    at += to - Math.max(from, since)
  }
  return at
}
