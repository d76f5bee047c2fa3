'use strict'

// The process under pressure. Runs the task it is sent in its main thread or in a
// worker, and sends back what came of it.

const { once } = require('node:events')
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
const { runCell } = require('./cell')
const { runOutage } = require('./outage')
const { runPressed } = require('./loops/pressed')
const { runServer } = require('./loops/server')

const TASKS = { cell: runCell, outage: runOutage, pressed: runPressed, server: runServer }

if (isMainThread) {
  process.once('message', async task => {
    const result = await (task.cell.worker ? inWorker(task) : perform(task, message => process.send(message), process))
    process.send({ result }, () => process.disconnect())
  })
} else {
  perform(workerData, message => parentPort.postMessage(message), parentPort)
    .then(result => parentPort.postMessage({ result }))
}

// To be stopped, a process needs somebody outside.
function perform ({ kind, cell, ...rest }, send, receiver) {
  const ask = async question => {
    send(question)
    const [message] = await once(receiver, 'message')
    return message
  }
  return TASKS[kind](cell, { ...rest, ask, stop: length => ask({ stop: length }) })
}

async function inWorker (task) {
  const worker = new Worker(__filename, { workerData: task })
  const pass = message => worker.postMessage(message)
  process.on('message', pass)
  try {
    return await new Promise((resolve, reject) => {
      worker.on('error', reject)
      worker.on('message', message => message.result ? resolve(message.result) : process.send(message))
    })
  } finally {
    process.off('message', pass)
  }
}
