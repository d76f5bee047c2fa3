'use strict'

// What every case of re-entering has: a clock whose functions do the deed, promises that have
// to settle, and a breaker that has to be whole afterwards.

const CircuitBreaker = require('../../..')
const { outcome, surfaced, told, turn } = require('../support/inside')
const { install } = require('./clocks')
const { DEEDS, SHORT } = require('./deeds')

const CAPACITY = 5
// So many deeds may be done inside each other where there is no end: enough for a borrow to
// be met, few enough for the next case.
const DEEPEST = 50
// And so many in all: what is done again whenever a call ends would have no end otherwise.
const MOST = 30
// Deeds that go wrong on purpose.
const ILL = /throws|overflows|nonsense/

class Case {
  constructor (deed, clock) {
    this.deed = deed
    this.armed = false
    this.depth = 0
    this.done = 0
    this.kept = []
    // Of those that are pending, which.
    this.open = new Set()
    this.breaker = undefined
    this.other = new CircuitBreaker(async kind => kind === 'hang' ? new Promise(() => {}) : kind, { timeout: SHORT })
    this.actions = {
      well: async () => 'well',
      ill: async () => { throw new Error('ill') },
      threw: () => { throw new Error('ill') },
      // It may have been disabled while a transport was asked.
      hang: () => isEnabled(this.breaker) ? new Promise(() => {}) : 'unguarded'
    }
    this.clockName = clock
    this.keep = this.keep.bind(this)
  }

  /** What a function of the user's or of the host's does, besides what it is for. */
  act () {
    const deepest = this.deed.endsWith('without end') ? DEEPEST : 1
    if (!this.armed || this.depth >= deepest || this.done >= MOST) return
    this.depth++
    this.done++
    try {
      DEEDS[this.deed](this)
    } finally {
      this.depth--
    }
  }

  /** Keeps an eye on a promise that is handed out, under a name. A refusal to give one is an answer. */
  keep (call, what = 'a promise') {
    try {
      const name = { what: this.nameOf(what) }
      const promise = call()
      if (!promise) return
      this.open.add(name)
      const done = () => { this.open.delete(name) }
      this.kept.push(promise.then(done, done))
    } catch {}
  }

  nameOf (what) {
    return what
  }

  get pending () {
    const which = [...this.open].slice(0, 5).map(({ what }) => what)
    return `${this.open.size} of ${this.kept.length} promises are pending: ${which.join('; ')}`
  }

  /** Does what may throw, now or later. */
  async try (does) {
    try {
      await does()
    } catch {}
  }

  /** Nobody ends a call that hangs where the breaker does not guard it. */
  fire (kind, ...args) {
    const { breaker } = this
    if (!breaker) return
    this.keep(() => {
      const guarded = isEnabled(breaker)
      const promise = breaker.fire(kind, ...args)
      promise.then(this.after, this.after).catch(() => {})
      return kind !== 'hang' || (guarded && isEnabled(breaker)) ? promise : undefined
    }, `fire('${kind}')`)
  }

  make (options) {
    const breaker = new CircuitBreaker(kind => this.actions[kind](), { capacity: CAPACITY, resetTimeout: SHORT, timeout: SHORT, ...options })
    // It is made when it is asked for.
    Reflect.get(breaker, 'semaphore')
    return breaker
  }

  install (clock = this.clockName) {
    this.clock?.uninstall()
    this.clock = install(clock, this.hook && (name => this.hook(name)))
  }
}

/**
 * Has something done with a case, and says what is wrong afterwards. `prepare` is done before
 * the deeds begin, `go` while they are done. Cases that are `isShared` run at once: nobody
 * knows whose is what nobody caught.
 */
async function runCase ({ deed, clock, hook, prepare, go, isShared = false }) {
  if (!isShared) surfaced.clear()
  const it = new Case(deed, clock)
  const problems = []
  try {
    if (hook) it.hook = name => hook(it, name)
    it.install()
    await prepare?.(it)
    it.armed = true
    await it.try(() => go(it))
    await turn()
    it.armed = false
    if (!await settled(it)) problems.push(it.pending)
    // Calls that nobody waits for have their deadlines, too.
    for (let steps = 0; steps < 10 && afterwards(it).length > 0; steps++) await it.clock.pass(10)
    problems.push(...afterwards(it))
  } catch (error) {
    problems.push(`the case failed: ${told(error)}`)
  } finally {
    it.armed = false
    it.clock.uninstall()
    it.try(() => it.breaker?.shutdown())
  }
  await turn()
  if (isShared || ILL.test(deed)) return problems
  return [...problems, ...[...surfaced].filter(error => !isLateAnswer(error)).map(error => `uncaught: ${told(error)}`)]
}

// Where time goes by, a transport that answers later is late, and is to be heard of.
function isLateAnswer (error) {
  return String(error?.message).startsWith('options.cacheTransport.get ')
}

module.exports = { CAPACITY, Case, comeBy, isEnabled, runCase }

// Its getter may do a deed.
function isEnabled (breaker) {
  return Reflect.get(CircuitBreaker.prototype, 'enabled', breaker)
}

// Under a fake clock, time has to go by; and what a clock that threw never set, somebody has
// to come by for.
async function settled (it) {
  const all = Promise.all(it.kept).then(() => true)
  const within = () => Promise.race([all, it.clock.pass(10).then(turn)])
  for (let steps = 0; steps < 8; steps++) if (await within()) return true
  comeBy(it)
  for (let steps = 0; steps < 8; steps++) if (await within()) return true
  it.clock.uninstall()
  comeBy(it)
  return (await outcome(all)).value === true
}

function comeBy (it) {
  for (const breaker of [it.breaker, it.other]) it.try(() => breaker?.fire('well').catch(() => {}))
}

function afterwards ({ breaker }) {
  if (!breaker) return []
  const { count } = breaker.semaphore
  return count === CAPACITY ? [] : [`${count} of ${CAPACITY} places are free`]
}
