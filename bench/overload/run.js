'use strict'

// Runs a load through guards: for each of them a backend and callers, in processes of their own.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')
const { GUARDS } = require('./guards')

/** What came of it, by guard; so many of them at once. */
async function runLoad (of, load, { atOnce, names, seed }) {
  const results = {}
  const left = [...names]
  const worker = async () => {
    for (let name; (name = left.shift()) !== undefined;) results[name] = await runGuard({ load, name, of, seed })
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  const guards = names.map(name => ({ key: name, name: GUARDS[of][name].name, ...results[name] }))
  return { of, load, seed, guards }
}

async function runGuard (task) {
  const backend = fork(join(__dirname, 'backend.js'))
  const caller = fork(join(__dirname, 'caller.js'))
  const kill = () => [backend, caller].forEach(child => child.kill('SIGKILL'))
  process.on('exit', kill)
  try {
    const [{ port }] = await once(backend, 'message')
    return await new Promise((resolve, reject) => {
      for (const child of [backend, caller]) {
        child.on('error', reject)
        child.on('exit', code => reject(new Error(`of ${task.name} a process has ended with ${code}`)))
      }
      caller.on('message', ({ condition, result }) => {
        if (result) resolve(result)
        else backend.send(condition)
      })
      caller.send({ ...task, port })
    })
  } finally {
    process.off('exit', kill)
    kill()
  }
}

module.exports = { runLoad }
