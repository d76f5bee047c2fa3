'use strict'

// A process of its own for what is measured: a case of all contestants, or something of one
// of them. Started by `processes.js`, to which it sends what it found.

const { contestants } = require('./contestants')
const { runCase } = require('./paired')

process.once('message', async ({ group, id, contestant, quick }) => {
  const found = contestant ? await runApart(group, contestant, quick) : await runCase(group, id, { quick })
  // Nothing is found of one that has no part.
  process.send(found ?? null, () => process.exit())
})

async function runApart (group, name, quick) {
  const contestant = (await contestants()).find(contestant => contestant.name === name)
  return require('./apart')[group].measure(contestant, { quick })
}
