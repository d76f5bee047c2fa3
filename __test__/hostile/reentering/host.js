'use strict'

// A process in which the functions of a host do all that may be done, at each moment at which
// the library calls them.

const { runInside } = require('../support/inside')
const { runCase } = require('./case')
const { CLOCKS } = require('./clocks')
const { DEEDS, SHORT, readAll } = require('./deeds')

const FUNCTIONS = ['setTimeout', 'clearTimeout', 'Date.now']

const breakerOf = options => it => { it.breaker = it.make(options) }
const opened = it => {
  breakerOf()(it)
  it.breaker.open()
}

/** What a user does, by name: `[before the deeds begin, while they are done]`. */
const MOMENTS = {
  'a breaker is made': [undefined, breakerOf()],
  'a breaker with all there is is made': [undefined, breakerOf({
    allowWarmUp: true, autoRenewAbortController: true, cache: true, cacheTTL: 1000, coalesce: true, stackTraces: true
  })],
  'a breaker is restored': [undefined, breakerOf({ state: { closed: false, lastTimerAt: 1_700_000_000_000 } })],
  'a call succeeds': [breakerOf(), it => it.fire('well')],
  'a call is heard of': [breakerOf(), it => {
    it.breaker.on('fire', () => {})
    it.fire('well')
  }],
  'a call fails': [breakerOf(), it => it.fire('ill')],
  'a call fails at once': [breakerOf(), it => it.fire('threw')],
  'a call times out': [breakerOf(), async it => {
    it.fire('hang')
    it.fire('hang')
    await it.clock.pass(3 * SHORT)
  }],
  'a call is refused': [opened, it => it.fire('well')],
  'a circuit is opened and closed': [breakerOf(), it => {
    it.breaker.open()
    it.breaker.close()
  }],
  'a circuit goes half open, and is probed': [opened, async it => {
    await it.clock.pass(3 * SHORT)
    it.fire('well')
  }],
  'a probe is fired first': [opened, async it => {
    it.armed = false
    await it.clock.pass(3 * SHORT)
    it.armed = true
    it.fire('ill')
  }],
  'a breaker is read': [breakerOf(), it => readAll(it.breaker)],
  'a window is written': [breakerOf(), it => {
    it.breaker.status.increment('failures', 5)
    it.breaker.status.window[0].fires = 7
    it.breaker.status.window[0].latencyTimes = [1, 2]
  }],
  'limits are changed': [breakerOf(), it => {
    it.fire('hang')
    Object.assign(it.breaker.options, { timeout: 2 * SHORT, resetTimeout: 7 })
    it.fire('hang')
  }],
  'snapshots are taken': [breakerOf({ rollingCountTimeout: 100 }), async it => {
    it.breaker.status.on('snapshot', () => {})
    await it.clock.pass(50)
  }],
  'a place is waited for': [breakerOf({ capacity: 5 }), it => {
    let taken = 0
    while (it.breaker.semaphore.test()) taken++
    it.keep(() => it.breaker.semaphore.take(10).then(release => release()))
    for (; taken > 0; taken--) it.breaker.semaphore.release()
  }],
  'a breaker is disabled': [breakerOf(), it => {
    it.breaker.disable()
    it.fire('well')
    it.breaker.enable()
  }],
  'a breaker is shut down': [breakerOf(), it => {
    it.fire('hang')
    it.breaker.shutdown()
  }],
  'a clock is put in its place': [it => {
    it.clock.uninstall()
    breakerOf()(it)
    it.fire('hang')
    // It is made when it is asked for.
    Reflect.get(it.breaker, 'semaphore')
    it.install()
  }, it => it.fire('hang')],
  'a clock is taken away': [it => {
    breakerOf()(it)
    it.fire('hang')
  }, it => {
    it.install('real')
    it.fire('hang')
  }],
  'a clock is replaced by another': [it => {
    breakerOf()(it)
    it.fire('hang')
  }, it => {
    it.install('that of sinon')
    it.fire('hang')
    it.install('that of node:test')
    it.fire('well')
  }]
}

const cases = {}
for (const clock of process.argv.slice(3)) {
  for (const func of FUNCTIONS) {
    for (const [moment, [prepare, go]] of Object.entries(MOMENTS)) {
      for (const deed of Object.keys(DEEDS)) {
        const hook = (it, name) => { if (name === func) it.act() }
        cases[`${moment} by a clock ${clock}, whose ${func} ${deed}`] = () => runCase({ deed, clock, hook, prepare, go })
      }
    }
  }
}

if (require.main === module) runInside(cases)

module.exports = { CLOCKS }
