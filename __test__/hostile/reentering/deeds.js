'use strict'

// What a function of the user's or of the host's may do when the library calls it. Each is
// given the case: its `breaker`, which may not be there yet, another one, `keep` for
// promises, which have to settle, and the `clock`.

const CircuitBreaker = require('../../..')

const SHORT = 20
const MEMBERS = [
  'name', 'group', 'closed', 'opened', 'halfOpen', 'pendingClose', 'isShutdown', 'enabled', 'warmUp', 'volumeThreshold',
  'status', 'stats', 'hystrixStats', 'semaphore'
]

const well = async () => 'well'
const make = (options = {}) => new CircuitBreaker(well, { timeout: SHORT, ...options })

// What is read for its own sake.
function touch () {}

function readAll (breaker) {
  touch(...MEMBERS.map(name => breaker[name]))
  for (const bucket of breaker.status.window) JSON.stringify(bucket)
  JSON.stringify(breaker)
  breaker.eventNames()
  breaker.getSignal()
  touch(breaker.semaphore.count)
}

const cannotBeTold = { toString () { throw cannotBeTold } }

const overflow = () => overflow() + 1

const revoked = Proxy.revocable({}, {})
revoked.revoke()

// One that is frozen cannot be updated, and says so.
function tryUpdate (breaker, options) {
  try {
    breaker?.update(options)
  } catch {}
}

/** With `without end`, a deed is done again inside itself. */
const DEEDS = {
  'makes a breaker': () => { make() },
  'makes a breaker, without end': () => { make() },
  'makes a breaker and fires it': ({ keep }) => keep(() => make().fire()),
  'makes one with all there is': ({ keep }) => {
    const breaker = make({ cache: true, coalesce: true, allowWarmUp: true, autoRenewAbortController: true, capacity: 1 })
    breaker.status.on('snapshot', () => {})
    keep(() => breaker.fire())
    readAll(breaker)
    breaker.shutdown()
  },
  'makes a window': () => {
    const status = CircuitBreaker.newStatus({})
    status.increment('successes', 5)
    touch(status.stats)
  },
  'reads all there is': ({ breaker, other }) => {
    readAll(other)
    if (breaker) readAll(breaker)
  },
  'reads the loop': () => { JSON.stringify([CircuitBreaker.loop.lag, CircuitBreaker.loop, CircuitBreaker.stats === null]) },
  'fires the breaker': it => it.fire('well'),
  'fires the breaker, without end': it => it.fire('well'),
  'fires what fails': it => it.fire('ill'),
  'fires what hangs': it => it.fire('hang'),
  'fires another': ({ keep, other }) => {
    keep(() => other.fire('well'))
    keep(() => other.fire('hang'))
  },
  'fires on terms of its own': ({ breaker, keep }) => {
    if (!breaker) return
    const controller = new AbortController()
    const { signal } = controller
    keep(() => breaker.fireWith({ context: {}, signal, timeout: SHORT }, 'well'))
    keep(() => breaker.fireWith({ signal, timeout: SHORT }, 'hang'))
    controller.abort()
  },
  'takes permits and settles them': ({ breaker, done }) => {
    if (!breaker) return
    const controller = new AbortController()
    for (const end of ['success', 'failure', 'ignore', undefined]) {
      try {
        const permit = breaker.acquire({ signal: controller.signal, timeout: SHORT })
        touch(permit.signal)
        permit[end]?.(new Error('ill'))
      } catch {}
    }
    // Or it is left to its timeout.
    if (done % 2 === 0) controller.abort()
  },
  'drains it': ({ breaker, keep }) => keep(() => breaker?.drain({ timeout: SHORT })),
  'has calls tried again': ({ breaker }) => tryUpdate(breaker, { retry: { attempts: 2, delay: { initial: 1, max: 2 }, timeout: SHORT } }),
  'has calls tried once': ({ breaker }) => tryUpdate(breaker, { retry: false }),
  'opens it': ({ breaker }) => breaker?.open(),
  'opens and closes it': ({ breaker }) => {
    breaker?.open()
    breaker?.close()
    breaker?.open()
    breaker?.close()
  },
  'disables and enables it': ({ breaker }) => {
    breaker?.disable()
    breaker?.enable()
  },
  'disables it': ({ breaker }) => breaker?.disable(),
  'shuts it down': ({ breaker }) => breaker?.shutdown(),
  'changes its limits': ({ breaker }) => {
    if (!breaker) return
    const { timeout } = breaker.options
    const longer = typeof timeout === 'object' ? { ...timeout, max: timeout.max + 1 } : timeout + 1
    Object.assign(breaker.options, { timeout: longer, resetTimeout: 21, errorThresholdPercentage: 49 })
  },
  'changes its limits to nonsense': ({ breaker }) => {
    if (breaker) Object.assign(breaker.options, { timeout: NaN, cacheTransport: {} })
  },
  'updates its options': ({ breaker, done }) => {
    breaker?.update({ timeout: 25 + done, rollingCountBuckets: 1 + done % 3, cache: true, enabled: true })
  },
  'has it learn, and no more': ({ breaker, done }) => {
    const learned = { timeout: { adaptive: true, min: 1, max: SHORT }, capacity: { adaptive: true, min: 5, max: 5 } }
    tryUpdate(breaker, done % 3 === 2 ? { timeout: SHORT, capacity: 5 } : learned)
  },
  'updates them to nonsense': ({ breaker }) => {
    try {
      breaker?.update({ capacity: 1, rollingCountBuckets: -1 })
    } catch {}
  },
  'switches its memory on': ({ breaker }) => {
    if (breaker) Object.assign(breaker.options, { cache: true, coalesce: true })
  },
  'forgets what is cached': ({ breaker }) => breaker?.clearCache(),
  'takes places and gives them back': ({ breaker, keep }) => {
    if (!breaker) return
    const { semaphore } = breaker
    if (semaphore.test()) semaphore.release()
    keep(() => semaphore.take(SHORT).then(release => release()))
  },
  'rotates its window': ({ breaker }) => breaker?.status.rotateBucket(),
  'listens, and no more': ({ breaker }) => {
    if (!breaker) return
    breaker.status.on('snapshot', () => {})
    breaker.on('success', () => {})
    breaker.removeAllListeners()
  },
  'checks its health': ({ breaker }) => breaker?.healthCheck(async () => { throw new Error('unwell') }, 10),
  'lets time go by': ({ clock }) => clock?.jump(30),
  'collects garbage': ({ done }) => { if (done === 1) globalThis.gc() },
  throws: () => { throw new Error('thrown') },
  'throws nothing': () => { throw undefined }, // eslint-disable-line no-throw-literal
  'throws what cannot be told': () => { throw cannotBeTold },
  'throws a symbol': () => { throw Symbol('thrown') },
  'throws what is revoked': () => { throw revoked.proxy },
  'overflows the stack': overflow
}

module.exports = { DEEDS, SHORT, readAll }
