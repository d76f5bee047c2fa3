'use strict'

// Programs of their own: what only shows when a process ends, crashes or stays.

const { spawn } = require('node:child_process')
const { join } = require('node:path')

const OURS = join(__dirname, '..', '..')

// Far beyond what any of them takes; a program that is killed ends with a signal.
const KILL_MS = 120_000

/**
 * Runs a function in a process of its own and tells how that ended. The function is
 * given `require` and `path`, that of our module; it sees nothing else from here. `env` is
 * added to the environment, `flags` to those of Node.
 */
function child (program, { env, flags = [], killMs = KILL_MS } = {}) {
  const source = `(${program})({ require, path: ${JSON.stringify(OURS)} })`
  return new Promise(resolve => {
    const options = {
      env: { ...process.env, ...env },
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: killMs
    }
    const process_ = spawn(process.execPath, ['--expose-gc', ...flags, '-e', source], options)
    const told = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr']) {
      process_[stream].setEncoding('utf8').on('data', text => { told[stream] += text })
    }
    process_.on('close', (code, signal) => resolve({ code, signal, ...told }))
  })
}

module.exports = { child }
