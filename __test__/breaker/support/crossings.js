'use strict'

// Counts the crossings into the native half: whatever of the binary JavaScript calls, it is
// written down here. To be required before the module is, for that may keep the functions it finds.

const { exports: half } = require('../../../lib/binding')

const crossed = []

/** The names of the crossings that something makes, in their order. */
function crossingsOf (act) {
  crossed.length = 0
  act()
  return [...crossed]
}

/** The same, until the promise of something settles, whatever it settles with. */
async function crossingsUntil (act) {
  crossed.length = 0
  await act().then(() => {}, () => {})
  return [...crossed]
}

module.exports = { crossingsOf, crossingsUntil }

const noted = (name, crossing) => function (...args) {
  crossed.push(name)
  return crossing.apply(this, args)
}

const { Environment, Handle } = half

for (const { prototype } of [Environment, Handle]) {
  for (const [name, { configurable, get, value, ...rest }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === 'constructor') continue
    Object.defineProperty(prototype, name, get ? { configurable, get: noted(name, get) } : { configurable, value: noted(name, value), ...rest })
  }
}

// The raw functions come out of a crossing themselves.
const { hot } = Environment.prototype

Environment.prototype.hot = function () {
  return Object.fromEntries(Object.entries(hot.call(this)).map(([name, crossing]) => [name, noted(name, crossing)]))
}
