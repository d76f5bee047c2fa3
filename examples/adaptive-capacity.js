'use strict'

// As many calls as a service can do, and no more: node examples/adaptive-capacity.js (7 s).
//
// A service has four slots and a queue without an end, as most have. It is asked twice as often as it
// can answer: by callers who know nothing of it, and by callers behind a breaker that finds out how
// many calls may be under way.

const { setTimeout: sleep } = require('node:timers/promises')

const CircuitBreaker = require('..')

// 40 ms a call, four at once: 100 calls a second.
function startService () {
  const queue = []
  let free = 4
  const work = async ({ resolve }) => {
    await sleep(40)
    resolve()
    const next = queue.shift()
    if (next) work(next)
    else free++
  }
  return () => new Promise(resolve => {
    if (free === 0) return queue.push({ resolve })
    free--
    work({ resolve })
  })
}

// So many calls a second, whatever becomes of those before.
async function load (breaker, perSecond, ms) {
  const counts = { inTime: 0, late: 0, refused: 0 }
  const began = Date.now()
  for (let fired = 0, passed = 0; passed < ms; passed = Date.now() - began) {
    for (; fired < passed * perSecond / 1000; fired++) {
      const since = Date.now()
      breaker.fire().then(
        () => counts[Date.now() - since < 500 ? 'inTime' : 'late']++,
        ({ code }) => counts[code === 'ESEMLOCKED' ? 'refused' : 'late']++
      )
    }
    await sleep(5)
  }
  return counts
}

async function flood (name, options) {
  const breaker = new CircuitBreaker(startService(), { name, timeout: 2000, errorThresholdPercentage: 100, ...options })
  await load(breaker, 50, 1000)
  const counts = await load(breaker, 200, 5000)
  const { inTime, late, refused } = { ...counts }
  console.log(`${name}: ${inTime} answered within 500 ms, ${late} later or never, ${refused} refused at once`)
  return breaker
}

async function main () {
  const [, adaptive] = await Promise.all([
    flood('without a limit', {}),
    flood('adaptive capacity', { capacity: { adaptive: true } })
  ])
  console.log(adaptive.explain())
}

main()
