'use strict'

const { parentPort, workerData } = require('node:worker_threads')
const CircuitBreaker = require('../../..')
const { underStalls } = require('./experiment')

const { phase, port } = workerData
underStalls([CircuitBreaker], phase, port).then(([ours]) => parentPort.postMessage(ours))
