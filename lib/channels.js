'use strict'

// What is told on `node:diagnostics_channel` (`docs/observability.md`): calls, as the tracing channel
// `didelphis:call`, and circuits that move, as `didelphis:transition`. Used by the way of a call and by the class.
//
// Every call asks the channels whether somebody listens, so that whoever comes later hears of the
// next one. While nobody ever has, V8 knows that as it compiles the call, and asks nothing.

const { channel } = require('./builtins')
const { Companion } = require('./companion')
const { lastTrip } = require('./last-trip')
const { codes: { CLOSED, HALF_OPENED, IS_FORCED_OPEN, OPENED, UNGUARDED } } = require('./native/abi')
const { state } = require('./native/crossings')
const { toPromise } = require('./outcome')

// Held here, for Node forgets those that nobody holds: with them who has subscribed.
const start = channel('tracing:didelphis:call:start')
const end = channel('tracing:didelphis:call:end')
const asyncStart = channel('tracing:didelphis:call:asyncStart')
const asyncEnd = channel('tracing:didelphis:call:asyncEnd')
const failed = channel('tracing:didelphis:call:error')
const transition = channel('didelphis:transition')

/** Whether anybody wants to hear of calls. */
function isTraced () {
  return start.hasSubscribers || end.hasSubscribers || asyncStart.hasSubscribers || asyncEnd.hasSubscribers ||
    failed.hasSubscribers
}

/**
 * Begins a call and tells of it, as Node's `tracePromise`: `begin` is given a companion for it. The
 * promise that it gives, or one that comes to the same. Throws what `begin` throws.
 *
 * @param {import('./inner').Inner} inner
 */
function trace (inner, args, begin) {
  if (inner.isGuard) return begin(undefined)
  const told = { breaker: inner.breaker, args, outcome: undefined }
  const companion = new Trace()
  const promise = start.runStores ? start.runStores(told, run, undefined, told, companion, begin) : run(told, companion, begin)
  return toPromise(promise).then(
    result => {
      told.result = result
      told.outcome = companion.outcome ?? 'cached'
      tellEnd(told)
      return result
    },
    error => {
      told.error = error
      told.outcome = companion.outcome ?? 'failure'
      failed.publish(told)
      tellEnd(told)
      throw error
    }
  )
}

/** Tells what a circuit did, by the code of its event. */
function tellTransition (breaker, inner, event) {
  const from = inner.circuit
  inner.circuit = CIRCUITS[event]
  if (!transition.hasSubscribers) return
  if (event === OPENED && (state(inner.id) & IS_FORCED_OPEN) !== 0) inner.circuit = 'forcedOpen'
  transition.publish({ breaker, from, to: inner.circuit, lastTrip: lastTrip(inner) })
}

module.exports = { isTraced, tellTransition, trace }

const CIRCUITS = { [OPENED]: 'open', [CLOSED]: 'closed', [HALF_OPENED]: 'halfOpen' }

// What becomes of a call that is told of; undefined while its action has not begun, which it does
// not where the answer was there.
class Trace extends Companion {
  outcome = undefined

  refused (code) {
    this.outcome = code === UNGUARDED ? 'unguarded' : 'rejected'
  }

  unqueued (how) {
    this.outcome = how === 'abort' ? 'aborted' : 'rejected'
  }

  succeeded () {
    this.outcome = 'success'
  }

  ended (how) {
    this.outcome = HOW[how] ?? 'failure'
  }
}

const HOW = { abort: 'aborted', timeout: 'timeout' }

function run (told, companion, begin) {
  try {
    return begin(companion)
  } catch (error) {
    told.error = error
    failed.publish(told)
    throw error
  } finally {
    end.publish(told)
  }
}

function tellEnd (told) {
  asyncStart.publish(told)
  asyncEnd.publish(told)
}
