'use strict'

// Traffic for what watches circuits: one circuit for each thing that can become of
// calls, all of one class. What they count does not depend on how fast the machine is:
// nothing here waits for a time, and the window outlasts any test.

const { obey, down, NEVER_MS } = require('../../differential/scenarios/actions')
const { defer, until } = require('../../support/wait')

const TIMEOUT_MS = 20
const RESET_MS = 20

// A snapshot every 200 ms, for a minute.
const WINDOW = { rollingCountTimeout: 60_000, rollingCountBuckets: 300 }

const CALM = { ...WINDOW, timeout: NEVER_MS, resetTimeout: NEVER_MS, errorThresholdPercentage: 100 }

// A line for each circuit: its options on top of the calm ones, or a function of the class
// that gives them; the events that the program itself listens to; what is done with it.
const TRAFFIC = [
  { name: 'all is well', play: circuit => fire(circuit, 'a', 'b', 'c') },
  { name: 'filtered errors', options: { errorFilter: () => true }, play: circuit => fire(circuit, down(), 'a') },
  { name: 'failures', play: circuit => fire(circuit, down(), 'a', down()) },
  { name: 'timeouts', options: { timeout: TIMEOUT_MS }, play: timeOut },
  { name: 'fallbacks', play: circuit => fire(circuit.fallback(() => 'instead'), down(), 'a', down()) },
  { name: 'failing fallbacks', play: circuit => fire(circuit.fallback(() => obey(down())), down(), 'a') },
  { name: 'room for one', options: { capacity: 1 }, play: lockOut },
  { name: 'opens', options: { errorThresholdPercentage: 50 }, play: circuit => fire(circuit, 'a', down(), down(), 'b', 'c') },
  { name: 'opens late', options: { errorThresholdPercentage: 50, volumeThreshold: 3 }, play: circuit => fire(circuit, down(), down(), down(), 'a') },
  { name: 'recovers', play: recover },
  { name: 'recovers, and is heard', heard: ['halfOpen', 'shutdown'], play: recover },
  { name: 'moved by hand', play: moveByHand },
  { name: 'disabled', options: { enabled: false }, play: disableAndEnable },
  { name: 'warming up', options: { errorThresholdPercentage: 1, allowWarmUp: true }, play: circuit => fire(circuit, down(), down()) },
  { name: 'restored', options: { state: { closed: false } }, play: circuit => fire(circuit, 'a', 'b') },
  { name: 'primed', options: ({ newStatus }) => ({ status: newStatus({ ...WINDOW, stats: earlier() }) }), play: circuit => fire(circuit, 'a', down()) },
  { name: 'no latencies', options: { rollingPercentilesEnabled: false }, play: circuit => fire(circuit, 'a', down()) },
  { name: 'no snapshots', options: { enableSnapshots: false }, play: circuit => fire(circuit, 'a', down()) },
  { name: 'a "name" \\ with\na line', options: { group: 'a group' }, play: circuit => fire(circuit, 'a') },
  { name: undefined, play: circuit => fire(circuit, 'a') },
  { name: 'cached', options: { cache: true }, play: circuit => fire(circuit, 'a', 'a', 'b', down()) },
  { name: 'coalesced', options: { coalesce: true }, play: circuit => fireTogether(circuit, 'a', 'a', 'b') },
  { name: 'cached and coalesced', options: { cache: true, coalesce: true }, play: circuit => fireTogether(circuit, 'a', 'a', 'b') },
  { name: 'ill', heard: ['healthCheckFailed'], play: failHealthCheck },
  { name: 'shut down', heard: ['shutdown'], play: shutDown }
]

// Of its own for each, for opossum writes on what it is given. Latencies that are all
// the same have exact percentiles with either.
function earlier () {
  return { fires: 7, successes: 4, failures: 3, fallbacks: 2, timeouts: 1, cacheHits: 5, latencyTimes: [4, 4, 4] }
}

/** The circuits of one class, and what is done with them. */
class Traffic {
  #plays

  constructor (CircuitBreaker) {
    this.circuits = TRAFFIC.map(entry => make(CircuitBreaker, entry))
    this.#plays = TRAFFIC.map(({ play }) => play)
  }

  /** One circuit after the other, so that the order in which things are counted is given. */
  async play () {
    for (const [place, circuit] of this.circuits.entries()) await this.#plays[place](circuit)
  }

  end () {
    for (const circuit of this.circuits) circuit.shutdown()
  }
}

module.exports = { CALM, TIMEOUT_MS, Traffic }

function make (CircuitBreaker, { name, heard = [], options = {} }) {
  const own = typeof options === 'function' ? options(CircuitBreaker) : options
  // Without a name of its own.
  const circuit = new CircuitBreaker((() => order => obey(order))(), { ...CALM, name, ...own })
  for (const event of heard) circuit.on(event, () => {})
  return circuit
}

async function fire (circuit, ...orders) {
  for (const order of orders) await settled(circuit.fire(order))
}

function fireTogether (circuit, ...orders) {
  return Promise.all(orders.map(order => fire(circuit, order)))
}

async function timeOut (circuit) {
  const work = defer()
  await fire(circuit, work.promise)
  work.resolve('too late')
  await fire(circuit.fallback(() => 'instead'), new Promise(() => {}))
}

async function lockOut (circuit) {
  const work = defer()
  const first = settled(circuit.fire(work.promise))
  await fire(circuit, 'locked out', 'locked out')
  work.resolve('a')
  await first
}

// The first probe fails and opens the circuit again. The second succeeds; another call
// is turned away while it is under way.
async function recover (circuit) {
  circuit.open()
  await fire(circuit, 'turned away')
  circuit.close()
  circuit.options.resetTimeout = RESET_MS
  circuit.open()
  await until(() => circuit.halfOpen)
  await fire(circuit, down())
  await until(() => circuit.halfOpen)
  const work = defer()
  const probe = settled(circuit.fire(work.promise))
  await fire(circuit, 'turned away')
  work.resolve('a')
  await probe
  await fire(circuit, 'b')
}

async function moveByHand (circuit) {
  circuit.open()
  circuit.open()
  await fire(circuit.fallback(() => 'instead'), 'turned away')
  circuit.close()
  circuit.close()
  await fire(circuit, 'a')
  circuit.open()
}

async function disableAndEnable (circuit) {
  await fire(circuit, 'a', down())
  circuit.enable()
  await fire(circuit, 'a', down())
  circuit.disable()
  await fire(circuit, down())
}

async function failHealthCheck (circuit) {
  circuit.healthCheck(() => obey(down()), NEVER_MS)
  await until(() => circuit.opened)
  await fire(circuit, 'turned away')
}

async function shutDown (circuit) {
  await fire(circuit, 'a', down())
  circuit.shutdown()
  await fire(circuit, 'refused')
}

function settled (promise) {
  return promise.catch(() => {})
}
