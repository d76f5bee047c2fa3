'use strict'

// The callers, a process of its own: they ask at random moments, whatever becomes of the calls
// before (an open loop), and do not try again. First it is found out what the backend can do. What
// became of the calls of each second, those that were due in it, is sent in the end.

const http = require('node:http')
const { dice, sleep, spin } = require('../pressure/clock')
const { GUARDS } = require('./guards')
const { beginnings, callsOf, workOf } = require('./loads')

const MEASURED_MS = 4000
const LATE = new Set(['ETIMEDOUT', 'ABORT_ERR'])
const REFUSED = new Set(['EOPENBREAKER', 'ESEMLOCKED', 'EQUEUE', 'ETHROTTLED'])

process.once('message', async ({ load, name, of, port, seed }) => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: Infinity })
  const ask = (path, signal) => get({ agent, host: '127.0.0.1', port, path, signal })
  process.send({ condition: { slots: load.slots } })
  const capacity = of === 'flood' ? await measure(load, ask, seed) : undefined
  const { make, stall } = GUARDS[of][name]
  const seconds = await play(load, make(ask), { capacity, seed, stall })
  agent.destroy()
  process.send({ result: { capacity, seconds } }, () => process.disconnect())
})

/** How many calls a second are answered while each slot always has somebody waiting for it. */
async function measure ({ slots, work }, ask, seed) {
  const random = dice(seed + 1)
  let answers = -2 * slots
  let from
  const until = performance.now() + MEASURED_MS
  const loops = Array.from({ length: 2 * slots }, async () => {
    while (performance.now() < until) {
      const { ms } = workOf(work, random)
      await ask(`/${ms.toFixed(1)}`)
      // The first calls open sockets.
      if (performance.now() < until && ++answers === 0) from = performance.now()
    }
  })
  await Promise.all(loops)
  return answers / (until - from) * 1000
}

async function play (load, { fire, look, end }, { capacity, seed, stall }) {
  const length = load.phases.reduce((sum, { seconds }) => sum + seconds, 0)
  const seconds = Array.from({ length }, () => ({ offered: 0, good: 0, refused: 0, timedOut: 0, failed: 0, slow: 0, slowGood: 0, latencies: [] }))
  const calls = callsOf(load, capacity, seed)
  const pending = new Set()
  const began = performance.now()
  const timers = beginnings(load).map((at, i) =>
    setTimeout(() => process.send({ condition: load.phases[i].condition ?? {} }), at * 1000))
  timers.push(setInterval(() => {
    const second = seconds[Math.round((performance.now() - began) / 1000) - 1]
    if (second) Object.assign(second, look?.())
  }, 1000))
  if (stall) timers.push(setInterval(() => spin(stall.ms), stall.every))

  const call = async ({ at, isSlow, ms }) => {
    const second = seconds[Math.floor(at / 1000)]
    second.offered++
    if (isSlow) second.slow++
    try {
      await fire(`/${ms.toFixed(1)}/${isSlow ? 'slow' : 'usual'}`)
      second.good++
      if (isSlow) second.slowGood++
      second.latencies.push(Number((performance.now() - began - at).toFixed(1)))
    } catch (error) {
      second[REFUSED.has(error.code) ? 'refused' : LATE.has(error.code) ? 'timedOut' : 'failed']++
      if (!REFUSED.has(error.code) && !LATE.has(error.code)) second.error = String(error)
    }
  }
  for (const next of calls) {
    const wait = next.at - (performance.now() - began)
    if (wait > 0) await sleep(wait)
    const one = call(next)
    pending.add(one)
    one.then(() => pending.delete(one))
  }
  await sleep(length * 1000 - (performance.now() - began))
  await Promise.all(pending)
  for (const timer of timers) clearInterval(timer)
  end?.()
  return seconds
}

function get (options) {
  return new Promise((resolve, reject) => {
    http.get(options, response => {
      response.resume()
      response.on('end', resolve)
      response.on('error', reject)
    }).on('error', reject)
  })
}
