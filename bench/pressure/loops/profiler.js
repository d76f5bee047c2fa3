'use strict'

// A CPU profiler over the process, as services in production run one.

const { Session } = require('node:inspector')
const { promisify } = require('node:util')

/** Begins to sample every so many microseconds; the result ends it. Without a number it does nothing. */
async function startProfiler (interval) {
  if (typeof interval !== 'number') return async () => {}
  const session = new Session()
  session.connect()
  const post = promisify(session.post).bind(session)
  await post('Profiler.enable')
  await post('Profiler.setSamplingInterval', { interval })
  await post('Profiler.start')
  return async () => {
    await post('Profiler.stop')
    session.disconnect()
  }
}

module.exports = { startProfiler }
