'use strict'

// Plays a random program with a circuit breaker class, under a fake clock of its own, and
// writes down after every step what a program could have seen: events with their
// arguments, results, state, statistics. Latencies are among it: the clock is fake.

const FakeTimers = require('@sinonjs/fake-timers')
const { EVENTS, GRID } = require('./sequence')

// Odd, for round numbers are the easy ones.
const BEGINNING = 1_800_000_000_007
const FAKED = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date']

// More microtasks than any answer needs to get through.
const HOPS = 12

/** What was seen after each step of a program, one string a step. */
async function play (CircuitBreaker, program) {
  const clock = FakeTimers.install({ now: BEGINNING, toFake: FAKED })
  try {
    return await new Player(CircuitBreaker, clock, program).play()
  } finally {
    clock.uninstall()
  }
}

module.exports = { play }

class Player {
  constructor (CircuitBreaker, clock, { options, around, steps }) {
    this.CircuitBreaker = CircuitBreaker
    this.clock = clock
    this.around = around
    this.steps = steps
    this.fired = 0
    // Calls whose action has not settled.
    this.pending = []
    this.events = []
    this.results = []
    this.breaker = new CircuitBreaker(call => this.act(call), {
      ...options,
      name: 'random',
      cacheGetKey: call => `key ${call.key}`,
      errorFilter: FILTERS[around.filter]
    })
    if (around.fallback !== 'none') this.breaker.fallback(FALLBACKS[around.fallback])
    if (around.listening) this.listen()
    if (around.snapshots) {
      this.breaker.status.on('snapshot', stats => this.events.push(['snapshot', describeStats(stats)]))
    }
    for (const { on, act, how, key, times } of around.meddling) this.meddle(on, act, how, key, times)
  }

  async play () {
    const seen = []
    for (const [number, step] of this.steps.entries()) {
      await this.take(step)
      const last = number === this.steps.length - 1
      const { events, results } = this
      this.events = []
      this.results = []
      // Which of two promises is heard first is a matter of microtasks.
      results.sort()
      const looked = last || this.around.looking ? this.look() : undefined
      const closely = last || (this.around.looking && number % CLOSELY === 0) ? this.lookClosely() : undefined
      seen.push(JSON.stringify({ events, results, ...looked, ...closely }))
    }
    this.breaker.shutdown()
    return seen
  }

  async take ({ do: what, ...step }) {
    const { breaker } = this
    switch (what) {
      case 'fire': this.fire(step.how, step.key); break
      case 'settle': this.settle(step); break
      case 'wait': await this.wait(step.ms); break
      case 'take': this.results.push(`took ${breaker.semaphore.test()}`); break
      // No number tells more places than there are by default.
      case 'release': if (breaker.options.capacity < 100) breaker.semaphore.release(); break
      case 'set': breaker.options[step.option] = step.to; break
      default: breaker[what]()
    }
    await flush()
  }

  fire (how, key) {
    const call = { id: ++this.fired, how, key }
    try {
      this.begin(call).then(
        value => this.results.push(`${call.id} resolved ${describe(value)}`),
        error => this.results.push(`${call.id} rejected ${describe(error)}`)
      )
    } catch (error) {
      this.results.push(`${call.id} threw ${describe(error)}`)
    }
  }

  // Ours has ways that opossum has not: with nothing special asked for, they are `fire`.
  begin (call) {
    const { breaker } = this
    if (!breaker.fireWith || call.id % 3 === 0) return breaker.fire(call)
    return breaker.fireWith(call.id % 3 === 1 ? {} : { signal: new AbortController().signal }, call)
  }

  act ({ id, how }) {
    // Whoever asks changes nothing.
    if (id % 2 === 0) this.breaker.getSignal()
    if (how !== 'later') return OUTCOMES[how](id)
    return new Promise((resolve, reject) => this.pending.push({ id, resolve, reject }))
  }

  settle ({ which, how, stall }) {
    const { pending } = this
    if (pending.length === 0) return
    const [{ id, resolve, reject }] = pending.splice(which % pending.length, 1)
    if (how === 'promise') resolve(valueOf(id))
    else reject(errorOf(id, how))
    if (stall) this.clock.tick(stall)
  }

  // In pieces, so that what timers set off has its turn before the next timer.
  async wait (ms) {
    const piece = GRID * Math.ceil(ms / GRID / PIECES)
    for (let left = ms; left > 0; left -= piece) {
      this.clock.tick(Math.min(piece, left))
      await flush()
    }
  }

  listen () {
    for (const event of [...EVENTS, 'shutdown']) {
      // Why a circuit opened, ours alone says.
      const known = args => event === 'open' ? [] : args
      this.breaker.on(event, (...args) => this.events.push([event, ...known(args).map(arg => this.describeArgument(arg))]))
    }
  }

  // A listener that does something.
  meddle (event, act, how, key, times) {
    const { breaker } = this
    breaker.on(event, () => {
      if (times-- <= 0) return
      if (act === 'fire') this.fire(how, key)
      else if (act === 'look') this.events.push(['looked', this.lookInside()])
      else breaker[act]()
    })
  }

  look () {
    const { breaker } = this
    const { closed, opened, halfOpen, pendingClose, enabled, warmUp, isShutdown } = breaker
    return {
      now: Date.now() - BEGINNING,
      state: { closed, opened, halfOpen, pendingClose, enabled, warmUp, isShutdown, permits: breaker.semaphore.count },
      stats: describeStats(breaker.stats)
    }
  }

  lookClosely () {
    return { restores: this.breaker.toJSON().state, window: this.breaker.status.window.map(describeBucket) }
  }

  // Calls that time out in the same millisecond give their permits back together, where
  // opossum's do it one by one: inside a listener the number is no promise.
  lookInside () {
    const seen = this.look()
    delete seen.state.permits
    return seen
  }

  describeArgument (value) {
    const ours = value instanceof Error && this.CircuitBreaker.isOurError(value)
    return ours ? `ours: ${describe(value)}` : describe(value)
  }
}

const PIECES = 6

// After so many steps all there is is read; it is much.
const CLOSELY = 8

const FILTERS = {
  none: undefined,
  harmless: error => error.harmless === true,
  timeouts: error => error.code === 'ETIMEDOUT',
  locked: error => error.code === 'ESEMLOCKED',
  all: () => true
}

const FALLBACKS = {
  value: ({ id }) => ({ instead: id }),
  promise: async ({ id }) => ({ instead: id }),
  rejection: async ({ id }) => { throw new Error(`no fallback for ${id}`) },
  throw: ({ id }) => { throw new Error(`no fallback for ${id}`) }
}

const OUTCOMES = {
  promise: async id => valueOf(id),
  value: valueOf,
  rejection: async id => { throw errorOf(id) },
  throw: id => { throw errorOf(id) },
  harmless: async id => { throw errorOf(id, 'harmless') }
}

function valueOf (id) {
  return { call: id }
}

function errorOf (id, how) {
  return Object.assign(new Error(`failure of ${id}`), how === 'harmless' && { harmless: true })
}

async function flush () {
  for (let hop = 0; hop < HOPS; hop++) await null
}

function describe (value) {
  if (value instanceof Error) return `${value.code ?? 'Error'}: ${value.message}`
  if (value instanceof Promise) return 'a promise'
  return JSON.stringify(value)
}

function describeStats ({ latencyTimes, latencyMean, percentiles, ...counts }) {
  return {
    ...counts,
    latencies: latencyTimes.length,
    // A sum of nanoseconds divides into another last digit than one of milliseconds.
    mean: Number(latencyMean.toPrecision(12)),
    least: percentiles[0],
    greatest: percentiles[1]
  }
}

function describeBucket ({ latencyTimes, percentiles, isCircuitBreakerOpen, ...counts }) {
  const fields = Object.entries(counts).filter(([, count]) => count !== 0)
  return { ...Object.fromEntries(fields), latencies: latencyTimes.length, open: isCircuitBreakerOpen }
}
