'use strict'

// Clients of a server, in processes of their own: what they are told while this one is stalled.

const { once } = require('node:events')
const { spawn } = require('node:child_process')
const http = require('node:http')
const { connect } = require('node:net')

const TOKEN = 'a token of the tests'.replaceAll(' ', '-')

/** Asks for a path, with this process' own loop: `{ status, headers, text, json }`. */
function ask (url, path, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    // Node's parser of URLs would tidy up the path.
    const options = { host: hostname.replace(/[[\]]/g, ''), port, path: `/${path}`, method, headers, agent: false }
    const request = http.request(options, response => {
      let text = ''
      response.setEncoding('utf8').on('data', more => { text += more }).on('error', reject)
      response.on('end', () => {
        const { statusCode: status, headers } = response
        resolve({ status, headers, text, get json () { return JSON.parse(text) } })
      })
    })
    request.on('error', reject).end(body)
  })
}

/** Gives a command. */
function command (url, name, word, headers = { authorization: `Bearer ${TOKEN}` }) {
  return ask(url, `api/breakers/${encodeURIComponent(name)}/${word}`, { method: 'POST', headers })
}

/**
 * Runs `program({ ask, TOKEN, url, sleep })` in a process of its own; `result` is a promise of what
 * it gives. The program begins when `ready` is fulfilled.
 */
function elsewhere (url, program) {
  const source = `
    const { ask, command, TOKEN } = require(${JSON.stringify(__filename)})
    const { setTimeout: sleep } = require('node:timers/promises')
    process.stdout.write('ready\\n')
    ;(${program})({ ask, command, sleep, TOKEN, url: ${JSON.stringify(url)} })
      .then(result => process.stdout.write(JSON.stringify(result ?? null)))`
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  const ready = new Promise(resolve => {
    child.stdout.setEncoding('utf8').on('data', more => {
      text += more
      if (text.startsWith('ready\n')) resolve()
    })
  })
  const result = once(child, 'close').then(([code]) => {
    if (code !== 0) throw new Error(`the client ended with ${code}`)
    return JSON.parse(text.slice('ready\n'.length))
  })
  return { ready, result }
}

/** A socket to a server, and all that comes from there as `text`. */
async function socket (url) {
  const { hostname, port } = new URL(url)
  const open = connect(port, hostname)
  open.text = ''
  open.setEncoding('utf8').on('data', more => { open.text += more }).on('error', () => {})
  await once(open, 'connect')
  return open
}

/** Holds the loop. */
function stall (ms) {
  const until = performance.now() + ms
  while (performance.now() < until);
}

module.exports = { TOKEN, ask, command, elsewhere, socket, stall }
