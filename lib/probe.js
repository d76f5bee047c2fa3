'use strict'

// The user's probe: what is tried in place of calls while the circuit is half open. When one is to
// begin is said by the native half. Used by the class.
//
// A probe has a permit, as a call has: it takes a place of the capacity, and its deadline passes in
// loop time. It is nobody's call, so it is not counted, and no listener hears of it but by what the
// circuit does.

const { AsyncResource } = require('./builtins')
const { drainEvents } = require('./drain-events')
const { throwAsync } = require('./emit')
const { buildError } = require('./errors')
const { timeoutOf } = require('./learned')
const { tryApplyLiveOptions } = require('./live-options')
const { toPromise } = require('./outcome')
const { serve } = require('./semaphore')

/** Notes what the breaker is probed by, as it is made and when that changes. */
function noteProbe (inner, { probe }) {
  if (!probe) {
    inner.probe = undefined
  } else if (inner.probe?.action !== probe) {
    inner.probe = new Prober(probe)
  }
}

/** The native half has asked for a probe. */
function beginProbe (breaker, inner) {
  if (inner.probe === undefined) return
  // Under the timeout as it stands.
  tryApplyLiveOptions(breaker, inner)
  const permit = inner.handle.beginProbe()
  if (permit !== null) inner.probe.begin(breaker, inner, permit)
}

/** The circuit has moved: nobody asks what the probe comes to. */
function abortProbe (inner, reason) {
  inner.probe?.current?.abort(reason)
}

module.exports = { abortProbe, beginProbe, noteProbe }

// The probe of a breaker, in the async context in which that was made: it is no business of the
// caller who happens to find out that the circuit is half open.
class Prober extends AsyncResource {
  constructor (action) {
    super('CircuitBreaker.Probe')
    this.action = action
    this.current = undefined
  }

  // Asked by test runners, about whatever was opened.
  hasRef () {
    return this.current !== undefined
  }

  begin (breaker, inner, permit) {
    // One that hangs is waited for no longer.
    this.current?.abort()
    const isLate = inner.calls[permit]?.isLate === true
    this.current = new Probe(breaker, inner, permit)
    if (isLate) this.current.timeOut()
    else this.current.run(this)
  }
}

// Stands among the calls of its breaker, as one of them: it is told there when it is late, and
// when the breaker is shut down.
class Probe {
  constructor (breaker, inner, permit) {
    this.breaker = breaker
    this.inner = inner
    this.permit = permit
    this.resolve = ignore
    this.companion = this
    this.taken = true
    this.controller = new AbortController()
    inner.calls[permit] = this
    // While it waits, the breaker must not be collected with its deadline.
    if (inner.timed) inner.owner.pinned = inner.breaker
  }

  run (prober) {
    let result
    try {
      result = toPromise(prober.runInAsyncScope(prober.action, undefined, this.controller.signal))
    } catch (error) {
      return this.end(false, error)
    }
    result.then(() => this.end(true), error => this.end(false, error))
  }

  timeOut () {
    const error = buildError(this.breaker, 'ETIMEDOUT', timeoutOf(this.inner, this.permit))
    this.end(false, error)
    this.abort(error)
  }

  abort (reason) {
    try {
      this.controller.abort(reason)
    } catch (error) {
      throwAsync(error)
    }
  }

  end (succeeded, error) {
    const { inner, permit } = this
    if (inner.calls[permit] !== this) return
    inner.calls[permit] = undefined
    if (inner.probe?.current === this) inner.probe.current = undefined
    if (!succeeded) inner.lastFailure = error
    if (!inner.handle.endProbe(permit, succeeded)) inner.owner.pinned = undefined
    drainEvents(inner.breaker, inner.id)
    if (inner.semaphore !== undefined) serve(inner.semaphore)
  }
}

function ignore () {}
