'use strict'

// A real outage: a backend that was well hangs from one moment on. How long until the
// circuit is open, with a loop that is free, and with one that is stalled half of the time?

const { now, sleep } = require('./clock')
const { Ledger } = require('./stalls')
const { TRANSPORTS } = require('./transports')
const { LIBRARIES } = require('./libraries')

const TIMEOUT = 200
const HEALTHY = 60
const PACE = 5

/** Milliseconds from the outage to `open`, by library: by the wall clock and in loop time. */
async function runOutage ({ run, stalled }, { options, ports }) {
  const ledger = new Ledger()
  const found = {}
  let outage = Infinity
  const transport = TRANSPORTS.net(ports)
  let delay = 5
  let calls = 0
  const breakers = Object.entries(LIBRARIES).map(([name, path]) => {
    const breaker = new (require(path))(() => transport.get(`/${run}.${calls++}/${delay}/10`), {
      timeout: TIMEOUT, ...(name === 'didelphis' && options)
    })
    breaker.once('open', () => {
      const at = now()
      // One that opened before has not seen the outage.
      if (at > outage) found[name] = { wall: at - outage, loop: at - outage - ledger.stalled(outage, at) }
    })
    return breaker
  })

  let stall
  const press = () => {
    ledger.spin(100)
    stall = setTimeout(press, 100)
  }
  if (stalled) stall = setTimeout(press)
  // Calls go out at one pace in loop time: a busy machine makes timers late, and would
  // else make calls fewer.
  const fireWhile = async wanted => {
    const began = now()
    for (let fired = 0; wanted(fired);) {
      const due = (now() - began - ledger.stalled(began, now())) / PACE
      for (; fired < due; fired++) Promise.allSettled(breakers.map(breaker => breaker.fire()))
      await sleep(PACE)
    }
  }
  await fireWhile(fired => fired < HEALTHY)
  // Nobody who was asked before is hanging now.
  await sleep(2 * TIMEOUT)
  delay = -1
  outage = now()
  await fireWhile(() => Object.keys(found).length < breakers.length && now() - outage < LIMIT)
  clearTimeout(stall)
  transport.close()
  return found
}

const LIMIT = 10_000

module.exports = { runOutage }
