'use strict'

// A process in which one of the sources throws, read by read, in every way a call can end.

const { runInside, surfaced, told } = require('../support/inside')
const { runOnce } = require('./run')
const { SOURCES } = require('./sources')
const { WAYS } = require('./ways')

const MOST_READS = 400

async function everyRead (source, way, listened) {
  surfaced.clear()
  const quiet = await runOnce(source, way, listened, 0)
  const problems = [...quiet.problems]
  const { outcomes, run: { reads } } = quiet
  const again = k => runOnce(source, way, listened, k, outcomes)

  const runs = []
  for (let k = 1; k <= reads; k++) {
    const run = again(k)
    // There is one host, for one at a time.
    if (source.host) await run
    runs.push(run)
  }
  for (const run of runs) problems.push(...(await run).problems)
  // There may be more reads where one has thrown.
  for (let k = reads + 1; k < MOST_READS; k++) {
    const { problems: more, run } = await again(k)
    if (!run.thrown) break
    problems.push(...more)
  }
  for (const error of surfaced) problems.push(`uncaught besides: ${told(error)}`)
  return problems
}

const cases = {}
const source = SOURCES[process.argv[3]]
for (const [name, way] of Object.entries(WAYS)) {
  cases[name] = () => everyRead(source, way, false)
  cases[`${name}, with listeners`] = () => everyRead(source, way, true)
}

runInside(cases)
