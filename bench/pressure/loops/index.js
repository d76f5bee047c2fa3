'use strict'

// The phases whose pressure lasts, cell after cell. What was found is printed and kept as
// JSON in `target/experiment`, a file for each phase.

const { mkdirSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { complete, runIn } = require('./cell')
const { chart } = require('./chart')
const { PHASES, cellsOf } = require('./phases')
const print = require('./print')
const { TARGET } = require('./runtimes')
const { wrong } = require('./verdict')

/** Runs the phases named in `phases`; the messages of what is wrong. */
async function runPhases (host, { cells: wanted = '', chart: picture, jobs = 1, phases, quick }, { hostLine, options }) {
  const directory = join(TARGET, 'experiment')
  mkdirSync(directory, { recursive: true })
  const all = []
  for (const phase of phases === 'all' ? PHASES : phases.split(',')) {
    if (!PHASES.includes(phase)) throw new Error(`no phase "${phase}"; there are ${PHASES}`)
    const cells = cellsOf(phase, quick).map(complete).filter(cell => print.name(cell).includes(wanted))
    const found = await runCells(host, phase, cells, { jobs, options })
    writeFileSync(join(directory, `${phase}${quick ? '-quick' : ''}.json`), JSON.stringify({ host: hostLine, quick, cells: found }, null, 1))
    all.push(...found)
  }
  console.log(print.summary(all))
  if (picture) writeFileSync(picture, chart(all))
  return all.flatMap(cell => wrong(cell, quick).map(text => `${print.name(cell)}: ${text}`))
}

module.exports = { runPhases }

async function runCells (host, phase, cells, { jobs, options }) {
  const found = []
  const waiting = [...cells]
  const work = async () => {
    for (let cell = waiting.shift(); cell; cell = waiting.shift()) {
      const done = await runIn(host, cell, options).catch(error => ({ ...cell, error: error.message }))
      console.log(print.line(done, found.length === 0 && phase))
      found.push(done)
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  return found
}
