'use strict'

// The pictures of docs/policies.md, drawn from what breakers did on a clock that is stepped:
// `npm run pictures`.

const { writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { withGlobal } = require('@sinonjs/fake-timers')
const { lanes, line } = require('./svg')

const clock = withGlobal(globalThis).install({ now: 0 })
const CircuitBreaker = require('../..')

const DOCS = join(__dirname, '../../docs')

main()

async function main () {
  const outages = [[10, 17], [80, 240]]
  const isUp = at => outages.every(([from, to]) => at < from || at >= to)
  draw('backoff.svg', lanes({
    title: 'A short outage and a long one: when it is tried, and when it is over',
    subtitle: 'A call every 100 ms. Each line is a call that was let through; those that failed are red.',
    seconds: 300,
    outages,
    lanes: [
      { name: 'resetTimeout: 30 000', ...await play({ resetTimeout: 30_000 }, 300, isUp) },
      { name: 'resetTimeout: { initial: 1000, max: 60 000 }', ...await play({ resetTimeout: { initial: 1000, max: 60_000 } }, 300, isUp) }
    ]
  }))
  draw('probes.svg', lanes({
    title: 'A service that comes back, and loses one call in five',
    subtitle: 'A call every 100 ms; down from 5 s to 20 s, and then every fifth call fails. It opens above 50 %.',
    seconds: 40,
    outages: [[5, 20]],
    lanes: [
      { name: 'halfOpenCalls: 1', ...await play({ resetTimeout: 5000 }, 40, shaky()) },
      {
        name: 'halfOpenCalls: 5, halfOpenThresholdPercentage: 40',
        ...await play({ resetTimeout: 5000, halfOpenCalls: 5, halfOpenThresholdPercentage: 40 }, 40, shaky())
      }
    ]
  }))
  draw('ramp-up.svg', line({
    title: 'After a circuit has closed: calls a second that are let through',
    subtitle: '200 calls a second are asked for; the service is down from 2 s to 6 s.',
    seconds: 25,
    most: 220,
    lines: [
      { name: 'no rampUp', ...await rates({ resetTimeout: 5000 }) },
      { name: 'rampUp: 10 000', ...await rates({ resetTimeout: 5000, rampUp: 10_000 }) }
    ]
  }))
  clock.uninstall()
}

/** Plays a service on a breaker: the calls that got through, and how long it was open. */
async function play (options, seconds, isUp, step = 100) {
  clock.reset()
  const began = Date.now()
  const random = draws(7)
  const breaker = new CircuitBreaker(async () => {
    if (!isUp((Date.now() - began) / 1000)) throw new Error('down')
  }, { name: 'shown', volumeThreshold: 5, rollingCountTimeout: 10_000, rateOf: 'outcomes', resetWindowOnClose: true, random, ...options })
  const calls = []
  const states = [{ at: 0, state: breaker.state }]
  for (let ms = 0; ms < seconds * 1000; ms += step) {
    const at = ms / 1000
    await breaker.fire().then(() => calls.push({ at, failed: false }), error => {
      if (error.message === 'down') calls.push({ at, failed: true })
    })
    if (breaker.state !== states.at(-1).state) states.push({ at, state: breaker.state })
    await clock.tickAsync(step)
  }
  breaker.shutdown()
  return { calls, states }
}

async function rates (options) {
  const { calls } = await play(options, 25, outage(2, 6), 5)
  const points = new Array(50).fill(0)
  for (const { at } of calls) points[Math.floor(at * 2)] += 2
  return { points: points.map((rate, i) => [i / 2 + 0.25, rate]) }
}

function outage (from, to) {
  return at => at < from || at >= to
}

// Once it is back, the first of five calls fails.
function shaky () {
  let calls = 0
  return at => at < 5 || (at >= 20 && calls++ % 5 !== 0)
}

// Always the same chance, so that a picture changes only when a policy does.
function draws (seed) {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

function draw (file, svg) {
  writeFileSync(join(DOCS, file), svg)
}
