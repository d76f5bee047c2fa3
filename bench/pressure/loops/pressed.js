'use strict'

// One cell of the phases that last: calls through one library or both, side by side in a loop
// that is under pressure from before the first call until after the last.

const { agree, dice, now, sleep } = require('../clock')
const { LIBRARIES } = require('../libraries')
const { TRANSPORTS } = require('../transports')
const { Calls, LOOK, SLACK } = require('./calls')
const { Journal } = require('./journal')
const { press } = require('./presses')
const { startProfiler } = require('./profiler')

// What the network takes of a request, at most, where nothing is in its way.
const MARGIN = 5

// A call that hangs is given so much longer to be told of its timeout.
const GRACE = 2000

/** `ask` asks the process outside: to be stopped, once or all the time. */
async function runPressed (cell, { options, ports, ask }) {
  const { budget, forgiven, freeze, gust, library, profiler, run, seed, share, throttle, timeout, warm } = cell
  const transport = TRANSPORTS[cell.transport](ports)
  const control = `http://127.0.0.1:${ports.http}`
  const { bun, deno } = process.versions
  if (bun || deno) await agree(async () => (await fetch(`${control}/now/`)).json())
  const journal = new Journal()
  const roll = dice(seed)
  let ids = 0
  const get = delay => {
    const id = `${run}.${ids++}`
    return { id, done: transport.get(`/${id}/${delay}/10`) }
  }
  // Connections that are kept, and code that has run.
  await Promise.all(Array.from({ length: WARMED }, () => get(10).done))

  const libraries = Object.entries(LIBRARIES).filter(([name]) => library === 'both' || library === name)
  const { loop } = require(LIBRARIES.didelphis)
  const subjects = libraries.map(([name, path]) =>
    new Calls(name, require(path), get, cell, name === 'didelphis' ? options : {}))

  const endProfiler = await startProfiler(profiler)
  const stallsBefore = loop.total.stalls
  if (throttle) await ask({ throttle })
  const fire = () => {
    for (let i = 0; i < gust; i++) {
      for (const subject of roll() < 0.5 ? subjects : subjects.toReversed()) subject.fire()
    }
  }
  const every = cell.every ?? Math.max(20, Math.min(timeout / 2, budget / 12))
  const from = now() + warm
  let next = from
  const end = press(cell, journal, roll, () => {
    if (freeze || now() > from + budget) return Infinity
    if (now() < next) return next
    fire()
    return (next = Math.max(now(), next + every * (0.5 + roll())))
  })
  if (freeze) await underFreezes()
  else await sleep(warm + budget)
  await within(patience(cell) + GRACE, subjects.map(subject => subject.told()))
  const until = now()
  await end()
  if (throttle) journal.stopped(await ask({ throttle: null }))
  const stallsTold = loop.total.stalls - stallsBefore
  await endProfiler()

  await (await fetch(`${control}/release/${run}`)).text()
  const notes = await (await fetch(`${control}/notes/${run}`)).json()
  transport.close()
  journal.seal()
  return {
    took: journal.turn,
    stalls: { were: journal.count, told: stallsTold },
    results: subjects.map(subject => subject.judge(notes, journal, { forgiven, margin: MARGIN, until }))
  }

  // Calls are under way, and the whole process is stopped.
  async function underFreezes () {
    const stop = async () => journal.stopped([await ask({ stop: freeze.stopped })])
    if (warm) await stop()
    for (let round = 0; round < freeze.rounds; round++) {
      fire()
      await sleep(Math.min(freeze.after, timeout * share / 2))
      await stop()
      await within(timeout, subjects.map(subject => subject.told()))
    }
  }
}

module.exports = { runPressed }

const WARMED = 24

/** How long after it was fired a call is told that it hangs, at the most and as far as one can plan. */
function patience ({ forgiven, freeze, throttle, timeout, turn }) {
  const stopped = throttle?.stopped ?? 0
  const slower = throttle ? throttle.every / (throttle.every - stopped) : 1
  return timeout + forgiven * Math.max(turn, stopped) + (freeze?.stopped ?? 0) + slower * (LOOK * turn + SLACK)
}

async function within (ms, promises) {
  let timer
  await Promise.race([Promise.all(promises), new Promise(resolve => { timer = setTimeout(resolve, ms) })])
  clearTimeout(timer)
}
