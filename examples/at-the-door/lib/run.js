'use strict'

// One service under its load. Used by the comparison and the tests.

const Children = require('./children')
const { summarize } = require('./summary')
const { VARIANTS } = require('./variants')

// As many at a time keep the service busy, and it does not pile up what it has not begun.
const CLIENTS = 10

/** How many orders a second this framework answers where nobody has to wait for long. */
async function capacityOf (framework, { connections, seconds }) {
  const { calls } = await play({ framework, door: 'none' }, { clients: CLIENTS, connections, phases: `0x${1 + seconds}` })
  // In the first second it is not warm.
  return calls.filter(({ at, outcome }) => at >= 1000 && outcome === 'answered').length / seconds
}

/** Half of what the service can do, then so many times that, then half of it again. */
async function run ({ framework, variant, capacity, times, seconds, calm, connections, patience }) {
  const { title, ...about } = VARIANTS[variant]
  const phases = [[capacity / 2, calm], [times * capacity, seconds], [capacity / 2, calm]]
  const heard = await play({ framework, ...about }, { connections, patience, phases: phases.map(phase => phase.join('x')).join() })
  const rush = { from: 1000 * calm, to: 1000 * (calm + seconds) }
  return { framework, variant, title, rush, ...heard, summary: summarize({ ...heard, rush }) }
}

module.exports = { capacityOf, run }

async function play (service, customers) {
  const children = new Children()
  try {
    const backend = await children.start('backend.js', { port: 0 })
    const server = await children.start('server.js', { port: 0, backend: backend.url, ...service })
    const load = await children.start('load.js', { url: server.url, ...customers })
    return await load.next()
  } finally {
    await children.stop()
  }
}
