'use strict'

// A random program: it uses breakers in every way, and every function of the user's and of
// the host's throws from and re-enters the library as it likes. Run, it goes on for so many
// seconds, round by round; its arguments are the seed of the first round, which leads to that
// of the next, and the seconds.

const { setTimeout: sleep } = require('node:timers/promises')
const CircuitBreaker = require('../..')
const { CLOCKS } = require('./reentering/clocks')
const { CAPACITY, Case, comeBy, isEnabled } = require('./reentering/case')
const { DEEDS, SHORT } = require('./reentering/deeds')
const { FUNCTIONS } = require('./reentering/functions')
const { outcome, surfaced, tell, told } = require('./support/inside')

// How often a function that is called does something, and how much is done in a round.
const LIKELY = 0.2
const DEEPEST = 4
const MOST = 60
const STEPS = 30

// What takes a place may not give it back when the clock throws in between.
const NOT_HERE = ['takes places and gives them back', 'collects garbage']
const DEED_NAMES = Object.keys(DEEDS).filter(name => !NOT_HERE.includes(name))
const FUNCTION_NAMES = Object.keys(FUNCTIONS)
const CLOCK_NAMES = Object.keys(CLOCKS)
// Of these a call may have no end.
const LOOSE = /disables/
// With these nothing is throttled.
const UNTHROTTLED = /probe|shouldTrip/
// After these, what is counted need not be whole.
const UNCOUNTED = /rotates|clock|garbage/

/** Numbers from 0 to 1 that a seed leads to (mulberry32). */
function numbers (seed) {
  return () => {
    seed = (seed + 0x6D2B79F5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

class RandomCase extends Case {
  constructor (seed) {
    super('anything', undefined)
    this.random = numbers(seed)
    this.breakers = []
    this.isCounted = true
    // In half of the rounds nothing makes a call that never ends, so each must end by itself.
    this.isLoose = this.random() < 0.5
    this.loose = []
    // How much was done, and what last.
    this.steps = 0
    this.last = ''
    // Whoever has waited for those begins when they have ended.
    this.isOver = false
    Object.assign(this.actions, { hang: breaker => this.hang(breaker) })
  }

  // Nobody but the end of the round ends what is not guarded.
  hang (breaker) {
    const isLoose = this.isLoose || !isEnabled(breaker)
    return new Promise(resolve => {
      if (this.isOver) resolve('late')
      else if (isLoose) this.loose.push(resolve)
    })
  }

  get breaker () {
    return this.breakers?.length > 0 ? this.pick(this.breakers) : undefined
  }

  set breaker (ignored) {}

  pick (list) {
    return list[Math.floor(this.random() * list.length)]
  }

  act () {
    if (!this.armed || this.depth >= DEEPEST || this.done >= MOST || this.random() > LIKELY) return
    this.done++
    this.do(this.pick(DEED_NAMES))
  }

  do (deed) {
    if (LOOSE.test(deed) && !this.isLoose) return
    if (UNCOUNTED.test(deed)) this.isCounted = false
    this.log(`${'  '.repeat(this.depth)}${deed}`)
    this.depth++
    try {
      return DEEDS[deed](this)
    } finally {
      this.depth--
    }
  }

  log (op) {
    this.last = `${++this.steps} ${op.trim()}`
    tell({ op: `${this.steps} ${op}` })
  }

  nameOf (what) {
    return `${what} at ${this.last}`
  }

  fire (kind) {
    super.fire(kind, ...Array(Math.floor(this.random() * 4)))
  }
}

// One at a time, with what it takes.
const STEPS_BY_NAME = {
  'make a breaker': make,
  fire: it => it.fire(it.pick(['well', 'well', 'ill', 'threw', 'hang'])),
  'fire many': it => { for (let count = 0; count < 20; count++) it.fire(it.pick(['well', 'ill', 'hang'])) },
  'do something': it => it.do(it.pick(DEED_NAMES)),
  wait: it => it.clock.pass(it.pick([1, 5, 30])),
  'change the clock': it => {
    const name = it.pick(CLOCK_NAMES)
    it.log(`  to ${name}`)
    it.isCounted = false
    it.install(name)
  },
  'freeze something': it => {
    const { breaker } = it
    const how = it.pick(['freeze', 'seal', 'preventExtensions'])
    const what = it.pick(['breaker', 'options'])
    it.log(`  ${how} ${what}`)
    if (breaker) Object[how](what === 'breaker' ? breaker : breaker.options)
  },
  'fire in a cycle': it => {
    const { breaker, other } = it
    if (!breaker) return
    // Round and round, but not for ever.
    let rounds = 0
    breaker.fallback(other)
    other.fallback((...args) => rounds++ < 100 ? breaker.fire(...args) : 'enough')
    it.fire('ill')
  }
}

function make (it) {
  const { random } = it
  const names = [it.pick(FUNCTION_NAMES), it.pick(FUNCTION_NAMES), it.pick(FUNCTION_NAMES)]
  it.log(`  with ${names.join(', ')}`)
  const options = {
    capacity: random() < 0.3 ? { adaptive: true, min: it.pick([1, CAPACITY]), max: 2 * CAPACITY, initial: CAPACITY } : CAPACITY,
    resetTimeout: it.pick([0, 1, SHORT, 10_000]),
    timeout: it.pick([1, SHORT, SHORT, it.isLoose ? false : SHORT, { adaptive: true, min: 1, max: SHORT }]),
    errorThresholdPercentage: it.pick([0, 50, 100]),
    cache: random() < 0.2,
    coalesce: random() < 0.2,
    coalesceResetOn: it.pick([undefined, ['error'], ['error', 'success', 'timeout']]),
    allowWarmUp: random() < 0.2,
    stackTraces: random() < 0.2,
    timeoutClock: it.pick(['loop', 'wall']),
    autoRenewAbortController: random() < 0.2,
    ...(random() < 0.3 && { retry: { attempts: 2, delay: { initial: 1, max: SHORT } } }),
    ...(random() < 0.3 && { queue: { size: it.pick([1, 5, 100]), timeout: it.pick([1, SHORT, SHORT, it.isLoose ? false : SHORT]) } }),
    ...(random() < 0.2 && !names.some(name => UNTHROTTLED.test(name)) && { throttle: true })
  }
  const given = names.map(name => FUNCTIONS[name])
  let all = options
  for (const { actions, options: optionsOf } of given) {
    if (actions) Object.assign(it.actions, actions(it))
    // One of them may be a Proxy, which stays one.
    if (optionsOf) all = Object.assign(optionsOf(it), all)
  }
  const { actions } = it
  const breaker = new CircuitBreaker(kind => actions[kind](breaker), all)
  // It is made when it is asked for.
  Reflect.get(breaker, 'semaphore')
  it.breakers.push(breaker)
  for (const { breaker: put } of given) put?.(it, breaker)
}

/** One round; what is wrong afterwards. */
async function round (seed) {
  const it = new RandomCase(seed)
  it.hook = () => it.act()
  try {
    it.install(it.pick(CLOCK_NAMES))
    for (let step = 0; step < STEPS; step++) {
      const name = step === 0 ? 'make a breaker' : it.pick(Object.keys(STEPS_BY_NAME))
      it.log(name)
      // The first is there for all the others.
      it.armed = step > 0
      await it.try(() => STEPS_BY_NAME[name](it))
    }
    it.armed = false
    return await wrong(it)
  } finally {
    it.armed = false
    it.clock.uninstall()
    delete Error.prepareStackTrace
    for (const breaker of [...it.breakers, it.other]) it.try(() => breaker.shutdown())
  }
}

// Where they adapt, they may have changed by now.
function placesOf ({ capacityLimit = CAPACITY }) {
  return capacityLimit
}

async function wrong (it) {
  const problems = []
  // Those that are fallbacks of each other may pass a call that hangs back and forth.
  for (const breaker of [...it.breakers, it.other]) breaker.fallback(null)
  const all = Promise.all(it.kept).then(() => true)
  for (let steps = 0; steps < 6 && it.open.size > 0; steps++) await it.clock.pass(10)
  it.clock.uninstall()
  for (const breaker of it.breakers) comeBy({ breaker, other: it.other, try: it.try })
  // Those beside which a call hangs for good, for it is not guarded.
  it.isOver = true
  for (const settle of it.loose) settle('late')
  if (!(await outcome(all)).value) problems.push(it.pending)
  // A call that nobody waits for, of a breaker that was disabled meanwhile, has its deadline, too.
  const isWhole = ({ semaphore: { count }, stats }) => count === placesOf(stats)
  for (let steps = 0; steps < 10 && !it.breakers.every(isWhole); steps++) await sleep(10)
  for (const [number, breaker] of it.breakers.entries()) {
    const { count } = breaker.semaphore
    const places = placesOf(breaker.stats)
    if (count !== places) problems.push(`${count} of ${places} places of breaker ${number} are free`)
    const { failures, fires, rejects, successes } = breaker.stats
    if (it.isCounted && fires < failures + rejects + successes) {
      problems.push(`${fires} fires: ${failures} failures, ${rejects} rejects, ${successes} successes`)
    }
  }
  return problems
}

async function main (seed, seconds) {
  process.on('uncaughtException', error => surfaced.add(error))
  const end = performance.now() + seconds * 1000
  const next = numbers(seed)
  let rounds = 0
  do {
    tell({ seed })
    const problems = await round(seed).catch(error => [`the round failed: ${told(error)}`])
    tell({ ended: seed, problems })
    surfaced.clear()
    seed = Math.floor(next() * 2 ** 32)
    rounds++
  } while (performance.now() < end)
  tell({ done: rounds })
}

if (require.main === module) main(...process.argv.slice(2).map(Number))

module.exports = { numbers }
