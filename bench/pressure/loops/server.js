'use strict'

// A server at work: every page it renders calls an upstream through a breaker, and does not
// wait for it. Pages of one turn of the loop are in one turn's way.

const { once } = require('node:events')
const http = require('node:http')
const { dice, now, sleep, spin } = require('../clock')
const { LIBRARIES } = require('../libraries')
const { TRANSPORTS } = require('../transports')
const { Calls } = require('./calls')
const { Journal } = require('./journal')

// What the network takes of a request, at most, where nothing is in its way.
const MARGIN = 5

/** With an upstream that hangs, until the circuit is open or `limit` has passed; else as long as it `lasts`. */
async function runServer (cell, { options, ports, ask }) {
  const { backend, forgiven, lasts, library, limit, page, run, seed, load } = cell
  const hangs = backend === 'hangs'
  const transport = TRANSPORTS[cell.transport](ports)
  const control = `http://127.0.0.1:${ports.http}`
  const journal = new Journal()
  const roll = dice(seed)
  let ids = 0
  const get = delay => {
    const id = `${run}.${ids++}`
    return { id, done: transport.get(`/${id}/${delay}/10`) }
  }
  await Promise.all(Array.from({ length: 5 }, () => get(10).done))
  const calls = new Calls(library, require(LIBRARIES[library]), get, cell, {
    errorThresholdPercentage: 50, ...(library === 'didelphis' && options)
  })

  let began
  let pages = 0
  let turnBegan
  const server = http.createServer((request, response) => {
    began ??= now()
    if (turnBegan === undefined) {
      turnBegan = now()
      setImmediate(() => {
        journal.worked(turnBegan, now())
        turnBegan = undefined
      })
    }
    pages++
    const first = roll() < 0.5
    if (first) calls.fire()
    spin(page)
    if (!first) calls.fire()
    response.end('a page')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const opened = new Promise(resolve => calls.breaker.once('open', () => resolve(now())))
  ask({ load: { port: server.address().port, page, ...load } })
  let timer
  const at = await Promise.race([hangs ? opened : sleep(lasts), new Promise(resolve => { timer = setTimeout(resolve, limit) })])
  clearTimeout(timer)
  const until = now()
  server.close()
  server.closeAllConnections()
  await (await fetch(`${control}/release/${run}`)).text()
  if (!hangs) await calls.told()
  const notes = await (await fetch(`${control}/notes/${run}`)).json()
  transport.close()
  journal.seal()
  const judged = calls.judge(notes, journal, { forgiven, margin: MARGIN, until })
  return { took: journal.turn, pages, results: [{ ...judged, found: at && at - began }] }
}

module.exports = { runServer }
