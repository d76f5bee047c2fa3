'use strict'

// Who is compared. A new peer is one more entry of the list.

const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { loadFloor } = require('./floor')
const { loadWebAssembly } = require('./webassembly')

const OURS = 'didelphis'
const RIVAL = named('opossum')
const COCKATIEL = named('cockatiel')
const COCKATIEL_ALONE = `${COCKATIEL}, no timeout`
const MOLLITIA = named('mollitia')
const FLOOR = 'floor'
const UNGUARDED = 'unguarded'
const WEBASSEMBLY = `${OURS}, WebAssembly`

// From the least to the most that is done for a call, ours last.
const NAMES = [UNGUARDED, FLOOR, COCKATIEL_ALONE, COCKATIEL, MOLLITIA, RIVAL, WEBASSEMBLY, OURS]

/**
 * The contestants, ours first: the others are measured by it.
 *
 * `guard` gives an action its guard: an object with `fire`, or nothing where it cannot do
 * what the options ask for. Options are those of opossum. `dropIn`: the guard has all that
 * an opossum has. `bare`: it breaks nothing. `holds`: with how many calls in the window it
 * still can be waited for. `slow`: it takes tens of microseconds for a call, and no part
 * in quick runs; `again`: nor does ours once more.
 */
async function contestants ({ quick } = {}) {
  const CircuitBreaker = require('..')
  const Opossum = require('opossum')
  // It is an ES module.
  const cockatiel = await import('cockatiel')
  const mollitia = require('mollitia')
  const floor = loadFloor()
  const inWebAssembly = loadWebAssembly()
  const all = [
    { name: OURS, dropIn: true, holds: Infinity, guard: (action, options) => new CircuitBreaker(action, { ...options }) },
    { name: RIVAL, dropIn: true, holds: 100_000, guard: (action, options) => new Opossum(action, { ...options }) },
    { name: MOLLITIA, slow: true, holds: 0, guard: (action, options) => guardByMollitia(mollitia, action, options) },
    {
      name: COCKATIEL,
      slow: true,
      holds: 0,
      guard: (action, options) => options.timeout === false ? undefined : guardByCockatiel(cockatiel, action, options)
    },
    {
      name: COCKATIEL_ALONE,
      holds: Infinity,
      guard: (action, options) => options.timeout ? undefined : guardByCockatiel(cockatiel, action, { ...options, timeout: false })
    },
    ...(inWebAssembly ? [{ name: WEBASSEMBLY, again: true, holds: Infinity, guard: inWebAssembly }] : []),
    ...(floor ? [{ name: FLOOR, bare: true, holds: 0, guard: floor }] : []),
    { name: UNGUARDED, bare: true, holds: 0, guard: action => ({ fire: action }) }
  ]
  return quick ? all.filter(({ again, slow }) => !again && !slow) : all
}

module.exports = { COCKATIEL_ALONE, FLOOR, NAMES, OURS, RIVAL, UNGUARDED, WEBASSEMBLY, contestants }

// Its breaker opens at a share of failures in a rolling window, too. Asked for so many
// calls a second that there never are, it does not open.
function guardByCockatiel ({ bulkhead, circuitBreaker, handleAll, SamplingBreaker, timeout, TimeoutStrategy, wrap }, action, options) {
  const { capacity, errorThresholdPercentage = 50, resetTimeout, rollingCountTimeout, timeout: ms } = { ...DEFAULTS, ...options }
  const never = errorThresholdPercentage >= 100
  const policies = [
    circuitBreaker(handleAll, {
      halfOpenAfter: resetTimeout,
      breaker: new SamplingBreaker({
        threshold: never ? 0.99 : errorThresholdPercentage / 100,
        duration: rollingCountTimeout,
        minimumRps: never ? 1e12 : 1e-12
      })
    })
  ]
  if (ms) policies.push(timeout(ms, TimeoutStrategy.Aggressive))
  if (capacity) policies.push(bulkhead(capacity))
  const policy = policies.length > 1 ? wrap(...policies) : policies[0]
  return { fire: (...args) => policy.execute(() => action(...args)) }
}

// Its window of time keeps the last thousand calls at most.
function guardByMollitia ({ Bulkhead, Circuit, circuits, SlidingTimeBreaker, Timeout }, action, options) {
  const { capacity, errorThresholdPercentage, resetTimeout, rollingCountTimeout, timeout: ms } = { ...DEFAULTS, ...options }
  const modules = [
    new SlidingTimeBreaker({
      failureRateThreshold: errorThresholdPercentage,
      openStateDelay: resetTimeout,
      slidingWindowSize: rollingCountTimeout
    })
  ]
  if (ms) modules.push(new Timeout({ delay: ms }))
  if (capacity) modules.push(new Bulkhead({ concurrentSize: capacity, queueSize: 0 }))
  const circuit = new Circuit({ func: action, options: { modules } })
  return {
    fire: (...args) => circuit.execute(...args),
    shutdown: () => {
      circuit.dispose()
      // It keeps a list of all circuits there ever were.
      circuits.length = 0
    }
  }
}

// What an opossum has by default.
const DEFAULTS = { errorThresholdPercentage: 50, resetTimeout: 30_000, rollingCountTimeout: 10_000, timeout: 10_000 }

// Not every package lets its package.json be required.
function named (name) {
  const { version } = JSON.parse(readFileSync(join(__dirname, '..', 'node_modules', name, 'package.json'), 'utf8'))
  return `${name} ${version.match(/^(0\.)?\d+/)[0]}`
}
