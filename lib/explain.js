'use strict'

// Why a circuit stands as it does, in a sentence or two: for whoever looks at it in a console, a
// log or an incident. With `NODE_DEBUG=didelphis` each transition is written so. Used by the class.

const builtins = require('./builtins')
const { lastTrip } = require('./last-trip')
const { circuitOf, stateOf } = require('./modes')
const { codes } = require('./native/abi')
const { state } = require('./native/crossings')
const { readLastCalls, readNumber, readVolume } = require('./options')
const { readTogether } = require('./status')
const { isOn } = require('./switches')

const { IS_PENDING_CLOSE, IS_SWITCHED_ON, IS_WARM_UP } = codes

/** @param {import('./inner').Inner} inner */
function explain (breaker, inner) {
  const bits = state(inner.id)
  switch (stateOf(bits)) {
    case 'shutdown': return 'Shut down: every call is refused for good.'
    case 'disabled': return disabled(bits)
    case 'forcedOpen': return 'Forced open: every call is refused until close().'
    case 'metricsOnly': return `Counting only: no call is refused. ${figures(inner)}.${found(breaker, inner)}`
    case 'open': return open(breaker, inner)
    case 'halfOpen': return halfOpen(inner, bits) + found(breaker, inner)
    default: return closed(breaker, inner, bits)
  }
}

const debuglog = builtins.env.NODE_DEBUG ? builtins.debuglog('didelphis') : undefined

/** Writes where the circuit has come to, for who asked for that as the program was started. */
const trace = debuglog?.enabled ? breaker => debuglog('%s: %s', breaker.name, breaker.explain()) : undefined

module.exports = { explain, trace }

function disabled (bits) {
  const circuit = circuitOf(bits)
  const beneath = circuit === 'closed' ? '' : ` The circuit beneath is ${circuit === 'halfOpen' ? 'half open' : circuit}.`
  return (bits & IS_SWITCHED_ON) === 0
    ? `Disabled: every call goes through, unguarded, until enable().${beneath}`
    : `All breakers of the process are disabled, by disableAll() or DIDELPHIS_DISABLED: every call goes through.${beneath}`
}

function closed (breaker, inner, bits) {
  const warmUp = (bits & IS_WARM_UP) === 0 ? '' : ' It is warming up, and does not open yet.'
  const { resetWindowOnClose } = breaker.options
  const before = resetWindowOnClose && isOn('resetWindowOnClose', resetWindowOnClose) && lastTrip(inner) !== undefined
  const judged = before ? ', not counting those from before it closed' : ''
  const [, , share] = inner.handle.judged()
  const rejection = inner.handle.rejection()
  if (rejection !== null) return throttled(inner, rejection, warmUp)
  const pass = share < 1 ? `${percent(share * 100)} of the calls go through, more by and by (rampUp)` : 'calls go through'
  return `Closed: ${pass}. ${figures(inner)}; ${limits(breaker)}${judged}.${warmUp}${found(breaker, inner)}${waiting(inner)}`
}

// Those who wait for a place, where any may.
function waiting ({ handle }) {
  const queued = handle.queued()
  return queued > 0 ? ` For a place of the capacity ${queued === 1 ? 'one call waits' : `${queued} calls wait`}.` : ''
}

function throttled (inner, rejection, warmUp) {
  const pass = rejection > 0 ? `${percent(rejection * 100)} of the calls are refused by chance (throttle)` : 'calls go through'
  return `Closed: ${pass}. ${figures(inner)}; it is throttled in place of opening.${warmUp.replace('open', 'refuse')}${waiting(inner)}`
}

function open (breaker, inner) {
  const trip = lastTrip(inner)
  const since = trip === undefined ? 'Open' : `Open for ${duration(Date.now() - trip.at)}, ${because(trip)}`
  const wait = inner.handle.retryAfter()
  if (wait === Infinity) return `${since}. Every call is refused until close().`
  return `${since}. Calls are refused; in ${duration(Math.max(0, wait ?? 0))} one may try.`
}

function halfOpen (inner, bits) {
  const trip = lastTrip(inner)
  const opened = trip === undefined ? '' : ` It had opened ${because(trip)}.`
  return (bits & IS_PENDING_CLOSE) !== 0
    ? `Half open: the next call may try.${opened}`
    : `Half open: a call is trying, and others are refused until it has ended.${opened}`
}

// Why it opened, with what decided.
function because ({ calls, failures, percentage, reason, slowCalls, threshold }) {
  switch (reason) {
    case 'errorThresholdPercentage':
      return `because ${failures} of ${calls} calls had failed (${percent(percentage)}, above ${percent(threshold)})`
    case 'slowCallThresholdPercentage':
      return `because ${slowCalls} of ${calls} calls were slow (${percent(percentage)}, against ${percent(threshold)})`
    case 'consecutiveFailures':
    case 'maxFailures':
      return `because ${failures} calls in a row had failed (${reason}: ${threshold})`
    case 'probe': return 'because a call that tried it had failed'
    case 'open': return 'by open() or a health check'
    default: return `by ${reason}`
  }
}

// Those that are judged, which may be others than the window shows: calls that say nothing, or
// were before the circuit closed, may be left out.
function figures ({ handle }) {
  const [failures, calls] = handle.judged()
  return calls === 0 ? 'The window holds no call' : `The window holds ${failures} failures of ${calls} calls (${percent(failures / calls * 100)})`
}

// What the breaker has found out by itself.
function found ({ status }, { handle }) {
  const { learned, stats: { capacityLimit, learnedTimeout } } = readTogether(status)
  const places = capacityLimit === undefined
    ? ''
    : ` Latencies allow ${capacityLimit} calls at once; under way: ${Math.max(0, capacityLimit - handle.available())}.`
  if (learnedTimeout === undefined) return places
  const how = learned.learnedTimeout === undefined ? 'until something is learned' : 'by what was learned'
  return `${places} A call may take ${duration(learnedTimeout)}, ${how}.`
}

// What would open it.
function limits ({ options }) {
  const { consecutiveFailures, errorThresholdPercentage, maxFailures, shouldTrip, slowCallThresholdPercentage } = options
  const last = readLastCalls(options.window)
  const volume = readVolume(options)
  const of = last > 0 ? ` of the last ${last} outcomes` : ''
  const from = volume > 0 ? `, from ${volume} calls on` : ''
  const row = consecutiveFailures > 0 && consecutiveFailures < Infinity ? `, or at ${consecutiveFailures} failures in a row` : ''
  const rowOfOld = maxFailures > 0 && maxFailures < Infinity ? `, or at ${maxFailures} failures in a row (maxFailures)` : ''
  const slow = readNumber('slowCallDuration', options.slowCallDuration)
  const share = readNumber('slowCallThresholdPercentage', slowCallThresholdPercentage)
  const slowCalls = slow < Infinity ? `, or ${share < 100 ? 'above' : 'at'} ${percent(share)} slower than ${slow} ms` : ''
  const own = shouldTrip ? ', or where shouldTrip says so' : ''
  return `it opens above ${percent(errorThresholdPercentage)}${of}${from}${row}${rowOfOld}${slowCalls}${own}`
}

function percent (share) {
  return `${Math.round(share * 10) / 10} %`
}

function duration (ms) {
  if (ms < 1000) return `${Math.ceil(ms)} ms`
  if (ms < 120_000) return `${Math.ceil(ms / 100) / 10} s`
  return `${Math.ceil(ms / 60_000)} minutes`
}
