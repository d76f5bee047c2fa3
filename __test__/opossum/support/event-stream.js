'use strict'

// Server-sent events over HTTP: a page that streams, and a client that reads it.

const { once } = require('node:events')
const http = require('node:http')
const { until } = require('../../support/wait')

const PREAMBLE = 'retry: 10000\nevent: connecttime\n'

/** Pipes a stream of events to whoever asks, on a port of its own. */
async function serve (stream) {
  const server = http.createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
    response.write(PREAMBLE)
    stream.pipe(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** What a client has been sent: events as objects of their fields, `data` parsed. */
class EventClient {
  events = []
  ended = false

  #rest = ''
  #request

  constructor (server) {
    const { port } = server.address()
    this.#request = http.get({ host: '127.0.0.1', port, agent: false }, response => {
      this.type = response.headers['content-type']
      response.setEncoding('utf8')
      response.on('data', text => this.#read(text))
      response.on('end', () => { this.ended = true })
    })
    // Only by `end`: what has not come is waited for in vain, and said there.
    this.#request.on('error', () => {})
  }

  /** The first event that fits, from that place on. */
  async event (fits, from = 0) {
    let place
    await until(() => {
      place = this.events.findIndex((event, at) => at >= from && fits(event.data))
      return place >= 0
    })
    return { ...this.events[place].data, place }
  }

  end () {
    this.#request.destroy()
  }

  #read (text) {
    const blocks = (this.#rest + text).split('\n\n')
    this.#rest = blocks.pop()
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map(line => line.split(/: (.*)/, 2)))
      this.events.push({ ...fields, data: JSON.parse(fields.data) })
    }
  }
}

module.exports = { EventClient, serve }
