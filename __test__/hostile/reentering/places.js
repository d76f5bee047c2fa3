'use strict'

// A process in which every function of the user's does all that may be done, while a breaker
// goes through its life.

const CircuitBreaker = require('../../..')
const { runInside } = require('../support/inside')
const { runCase } = require('./case')
const { DEEDS, SHORT, readAll } = require('./deeds')
const { FUNCTIONS } = require('./functions')

const ill = () => { throw new Error('ill') }

// What a breaker goes through.
async function life (it, place) {
  if (place.actions) Object.assign(it.actions, place.actions(it))
  // Of a window that is short, so that there are snapshots.
  const options = Object.assign(place.options?.(it) ?? {}, { rollingCountTimeout: 50, rollingCountBuckets: 5 })
  it.breaker = it.make(options)
  const { breaker } = it
  place.breaker?.(it, breaker)
  const fire = kind => it.fire(kind)

  for (const kind of ['well', 'well', 'ill', 'hang']) {
    await it.try(() => breaker.close())
    fire(kind)
    fire(kind)
    await it.clock.pass(5)
  }
  await it.clock.pass(2 * SHORT)
  await it.try(() => breaker.open())
  fire('well')
  await it.clock.pass(2 * SHORT)
  fire('well')
  await it.clock.pass(5)
  let taken = 0
  while (breaker.semaphore.test()) taken++
  fire('ill')
  for (; taken > 0; taken--) breaker.semaphore.release()
  await it.try(() => it.controller?.emit('rotate'))
  await it.try(() => readAll(breaker))
  await it.try(() => new CircuitBreaker(ill, { timeout: breaker.options.nonsense }))
  await it.try(() => breaker.clearCache())
  await it.try(() => breaker.disable())
  fire('well')
  await it.try(() => breaker.enable())
  fire('hang')
  await it.try(() => breaker.shutdown())
  fire('well')
  await it.clock.pass(5)
}

const [, , , clock] = process.argv
const cases = {}

for (const [name, place] of Object.entries(FUNCTIONS)) {
  const run = (deed, isShared) => runCase({ deed, clock, go: it => life(it, place), isShared })
  const deeds = Object.keys(DEEDS)
  if (clock === 'real') {
    // Time takes its time: all deeds at once.
    cases[`${name} does all there is`] = alone(async () => {
      const problems = await Promise.all(deeds.map(deed => run(deed, true)))
      return problems.flatMap((lines, index) => lines.map(line => `${deeds[index]}: ${line}`))
    })
  } else {
    for (const deed of deeds) cases[`${name} ${deed}`] = alone(() => run(deed, false))
  }
}

runInside(cases)

// What a case leaves behind is taken away.
function alone (does) {
  return async () => {
    try {
      return await does()
    } finally {
      delete Error.prepareStackTrace
    }
  }
}
