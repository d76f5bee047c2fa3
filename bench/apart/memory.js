'use strict'

// The memory of breakers that have never been fired.

const { setTimeout: sleep } = require('node:timers/promises')
const { succeed } = require('../calls')
const { flags, held, heldByEach } = require('./held')

module.exports = {
  rows: {
    heap: { what: 'memory of an idle breaker, heap and external', unit: 'bytes' },
    resident: { what: 'memory of an idle breaker, resident', unit: 'bytes' }
  },
  takesPart: ({ bare }) => !bare,
  rounds: 3,
  flags,
  measure: async ({ guard }, { quick }) => {
    const list = new Array(quick ? 5_000 : 10_000)
    for (let number = 0; number < 500; number++) guard(succeed, {}).shutdown?.()
    await sleep(100)
    const before = held()
    for (let number = 0; number < list.length; number++) list[number] = guard(succeed, {})
    return heldByEach(before, list.length)
  }
}
