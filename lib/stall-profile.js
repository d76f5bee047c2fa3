'use strict'

// What held the loop while it was stalled, by V8's own CPU profiler: asked for samples all the
// while, for nobody knows when a stall begins. Only where somebody wants to know. Used by the loop.
//
// To begin, the profiler walks all functions of the heap, which is a stall of its own. To begin a
// second profile beside one that runs costs next to nothing, and the inspector's console can do
// that. So two profiles run, and whenever one ends, another has begun before.

const builtins = require('./builtins')
const { clearTimeout, setTimeout } = builtins
const { throwAsync } = require('./emit')
const { heldBy } = require('./held-by')
const { withLibuv } = require('./native/load')

// How often a sample is taken, and how often the older profile is thrown away, in ms.
const EVERY = 10
const RENEWED = 1000

let profiles = 0

class StallProfile {
  #console
  #finished
  #running = []
  #session
  #timer

  /** Begins. Where Node itself has V8's profiler at work, it does not, and says nothing. */
  constructor () {
    const { console, Session } = inspector()
    if (isBusy()) return
    this.#session = new Session()
    this.#console = console
    try {
      this.#session.connect()
      this.#session.on('Profiler.consoleProfileFinished', ({ params }) => { this.#finished = params })
      this.#post('Profiler.enable')
      this.#post('Profiler.setSamplingInterval', { interval: EVERY * 1000 })
    } catch (error) {
      throw unavailable(error)
    }
    this.#begin()
    this.#renew()
  }

  /** Whether there is anything to be learned. */
  get runs () {
    return this.#session !== undefined
  }

  /** What held the loop in a stall of so many milliseconds that ended so many ago, if that is known. */
  heldBy (length, endedAgo) {
    if (!this.runs) return undefined
    try {
      const profile = this.#turnOver()
      return profile && heldBy(profile, length, endedAgo)
    } catch (error) {
      // The stall is told all the same.
      throwAsync(error)
      return undefined
    }
  }

  end () {
    clearTimeout(this.#timer)
    this.#session?.disconnect()
    this.#session = undefined
  }

  #renew () {
    this.#begin()
    this.#timer = setTimeout(() => {
      this.#end()
      this.#renew()
    }, RENEWED)
    // Jest's own environment has timers that are numbers.
    this.#timer.unref?.()
  }

  // Gives the older profile, which has whatever has happened since the one before it was given.
  #turnOver () {
    clearTimeout(this.#timer)
    const profile = this.#end()
    this.#renew()
    return profile
  }

  #begin () {
    const title = `didelphis ${++profiles}`
    this.#running.push(title)
    this.#console.profile(title)
  }

  #end () {
    const title = this.#running.shift()
    this.#finished = undefined
    this.#console.profileEnd(title)
    return this.#finished?.title === title ? this.#finished.profile : undefined
  }

  // In a session with its own thread the answer is there when this returns.
  #post (method, parameters) {
    this.#session.post(method, parameters, error => { if (error) throw error })
  }
}

module.exports = { StallProfile }

function inspector () {
  if (!withLibuv) throw unavailable()
  try {
    return builtins.inspector
  } catch (error) {
    throw unavailable(error)
  }
}

function unavailable (cause) {
  const message = 'CircuitBreaker.loop.profile() needs the inspector of Node.js, which is not to be had here'
  const error = new Error(cause ? `${message}: ${cause.message}` : message, cause && { cause })
  return Object.assign(error, { code: 'ENOPROFILER' })
}

// What the console begins, every session of the inspector begins that has its profiler enabled.
// Those of Node's own that measure coverage, or write a profile, print what they hear of it.
function isBusy () {
  const { env, execArgv } = builtins
  const flags = `${execArgv.join(' ')} ${env.NODE_OPTIONS}`
  return Boolean(env.NODE_V8_COVERAGE) || /--(cpu-prof|experimental-test-coverage)(?![\w-])/.test(flags)
}
