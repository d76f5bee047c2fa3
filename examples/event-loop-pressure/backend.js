'use strict'

// An unstable service: some of its answers are errors, and all of them take their time,
// the more of it the more it has to do. Each says when it was given, which is how the
// proxy knows afterwards whether a timeout was true.

const express = require('express')
const { setTimeout: sleep } = require('node:timers/promises')
const now = require('./lib/clock')
const { number, range, readOptions } = require('./lib/options')
const createRandom = require('./lib/random')
const serve = require('./lib/serve')

const options = readOptions('backend', {
  delay: { help: 'how long answers take, shortest and longest, ms', value: '100-800', read: range },
  errors: { help: 'how many of them are errors, %', value: '30', read: number() },
  crowd: { help: 'requests at once at which all delays are as likely', value: '60', read: number(1) },
  host: { help: 'address to listen on', value: '127.0.0.1' },
  port: { help: 'port to listen on; 0: any', value: '3001', read: number() },
  seed: { help: 'where its chances begin', value: '1', read: number() }
})

const random = createRandom(options.seed)
let underWay = 0

// Most answers come soon, some late: a power of an even chance. It falls with the load,
// from 4 to 1, and the answers become later.
function delay () {
  const [shortest, longest] = options.delay
  const power = 4 - 3 * Math.min(1, underWay / options.crowd)
  return shortest + (longest - shortest) * random() ** power
}

const app = express()
app.disable('x-powered-by')

app.get('/data', async (request, response) => {
  // Drawn before anything else, so that the same request has the same luck each time.
  const wait = delay()
  const fails = random() < options.errors / 100
  const value = Math.round(1e6 * random())
  underWay++
  await sleep(wait)
  underWay--
  response.set('X-Answered-At', now())
  if (fails) response.status(500).json({ error: 'the backend has failed' })
  else response.json({ value })
})

serve(app, 'backend', options)
