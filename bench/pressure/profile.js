'use strict'

// Whose the time of the loop's thread is, by V8's sampling profiler. A sample belongs to
// the library whose frame is nearest to its leaf: so native code and timers that a library
// calls are its own, and an action that it calls is not.

const { Session } = require('node:inspector/promises')

/** Begins; the result ends it, and gives the milliseconds of each owner. */
async function profile () {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 200 })
  await session.post('Profiler.start')
  return async () => {
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    return attribute(profile)
  }
}

module.exports = { profile }

const OWNERS = [
  ['opossum', /\/node_modules\/opossum\//],
  ['the pressure', /\/bench\/pressure\/(stalls|clock)\.js$/],
  ['the experiment', /\/bench\/pressure\//],
  ['didelphis', /\/(lib\/[\w-]+|index)\.js$/]
]

function attribute ({ nodes, samples, timeDeltas }) {
  const owners = new Map()
  const byId = new Map(nodes.map(node => [node.id, node]))
  const own = (node, inherited) => {
    const { functionName, url } = node.callFrame
    const file = url.replace('file://', '')
    const owner = functionName === '(idle)'
      ? 'idle'
      : OWNERS.find(([, files]) => !file.startsWith('node:') && files.test(file))?.[0] ?? inherited
    owners.set(node.id, owner)
    for (const id of node.children ?? []) own(byId.get(id), owner)
  }
  own(nodes[0], 'Node.js and its fetch')
  const took = {}
  for (const [i, id] of samples.entries()) took[owners.get(id)] = (took[owners.get(id)] ?? 0) + timeDeltas[i] / 1000
  return took
}
