'use strict'

// Compares ours with opossum in random programs. Required, it gives a promise of what such
// a comparison finds. Run, it is the worker that makes it: outside of the test runner,
// which follows every promise and takes three times as long.

const assert = require('node:assert/strict')
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads')

/** Plays the programs of those seeds: what is different in the first that differs, or undefined. */
function findDifference (seeds) {
  return inWorker({ seeds })
}

/** The first of those seeds by whose program a known difference is seen, or undefined. */
function findKnownDifference (name, seeds) {
  return inWorker({ name, seeds })
}

module.exports = { findDifference, findKnownDifference }

function inWorker (workerData) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData })
    worker.once('message', resolve).once('error', reject)
    worker.once('exit', () => reject(new Error('the worker ended before it was done')))
  })
}

async function main ({ name, seeds }) {
  const { play } = require('./play')
  const { reference } = require('./reference')
  const { sequence } = require('./sequence')
  const { print, shorten } = require('./shorten')
  const Ours = require('../../..')
  const Reference = reference(name)

  for (const seed of seeds) {
    const program = sequence(seed)
    if (!await difference(program)) continue
    return name === undefined ? await report(seed, await shorten(program, difference)) : seed
  }
  return undefined

  // The first step after which something else is seen, and what.
  async function difference (program) {
    const opossums = await play(Reference, program)
    const ours = await play(Ours, program)
    const step = ours.findIndex((line, step) => line !== opossums[step])
    return step < 0 ? undefined : { step, ours: JSON.parse(ours[step]), opossums: JSON.parse(opossums[step]) }
  }

  async function report (seed, program) {
    const { step, ours, opossums } = await difference(program)
    const head = `DIDELPHIS_SEED=${seed} differs from opossum after step ${step + 1} of\n${print(program)}\n`
    try {
      assert.deepEqual(ours, opossums)
    } catch (error) {
      return head + error.message
    }
    return head
  }
}

if (!isMainThread && require.main === module) {
  main(workerData).then(found => parentPort.postMessage(found))
}
