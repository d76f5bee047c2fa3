'use strict'

// A process in which breakers, or their host, are spoilt before they are called, or when they
// have been, in every way a call can end.

const CircuitBreaker = require('../../..')
const { runInside, surfaced } = require('../support/inside')
const { runOnce } = require('./run')
const { GLOBALS, SPOILS } = require('./spoils')
const { WAYS } = require('./ways')

const ALL = Object.entries(WAYS).flatMap(([name, way]) => [[name, way, false], [`${name}, with listeners`, way, true]])

const make = (run, action, options) => new CircuitBreaker(action, options)
const untouched = { make, live: (run, breaker) => breaker }

// All ways at once.
async function spoilt (spoil, isInFlight) {
  let mendGlobal
  surfaced.clear()
  const quiet = await Promise.all(ALL.map(([, way, listened]) => runOnce(untouched, way, listened, 0)))
  const meet = meeting(ALL.length)
  const runs = await Promise.all(ALL.map(([, way, listened], place) => {
    return runOnce(source(), way, listened, 0, quiet[place].outcomes)
  }))
  surfaced.clear()
  return ALL.flatMap(([name], place) => runs[place].problems.map(problem => `${name}: ${problem}`))

  function source () {
    const isGlobal = GLOBALS.includes(spoil)
    // Not a microtask later: by then many calls have settled.
    const spoilIt = (run, breaker) => {
      run.isSpoilt = true
      if (isGlobal) return meet(() => { mendGlobal = spoil() })
      run.mend = spoil(breaker)
    }
    const mend = async run => {
      run.canBeMended = Boolean(run.mend ?? mendGlobal)
      run.mend?.()
      await meet(() => mendGlobal?.())
    }
    return {
      make,
      async live (run, breaker) {
        // A frozen one cannot make it any more.
        Reflect.get(breaker, 'semaphore')
        if (!isInFlight) await spoilIt(run, breaker)
        return breaker
      },
      inFlight: (run, breaker) => isInFlight && spoilIt(run, breaker),
      mend
    }
  }
}

// Has something done when so many have come.
function meeting (all) {
  let come = 0
  let waiting = []
  return does => new Promise(resolve => {
    waiting.push(resolve)
    if (++come % all !== 0) return
    does()
    for (const goOn of waiting) goOn()
    waiting = []
  })
}

const cases = {}
for (const [name, spoil] of Object.entries(SPOILS)) {
  cases[name] = () => spoilt(spoil, false)
  cases[`${name}, when calls are in flight`] = () => spoilt(spoil, true)
}

runInside(cases)
