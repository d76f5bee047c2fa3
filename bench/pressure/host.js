'use strict'

// The experiment from outside: forks the backend, a process for each cell, and stops
// that when it asks for it.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { makeCertificate } = require('./certificate')
const { now, sleep } = require('./clock')

class Host {
  #backend

  async start () {
    const certificate = makeCertificate()
    this.directory = mkdtempSync(join(tmpdir(), 'didelphis-'))
    this.authority = join(this.directory, 'certificate.pem')
    writeFileSync(this.authority, certificate.cert)
    this.#backend = fork(join(__dirname, 'backend.js'))
    this.#backend.send(certificate)
    ;[this.ports] = await once(this.#backend, 'message')
    return this
  }

  /** Runs a task in a process of its own, in whichever runtime it is to be. */
  async run (kind, cell, options, { limit = LIMIT, execPath = process.execPath, execArgv = [], env = {} } = {}) {
    const client = fork(join(__dirname, 'client.js'), {
      execPath, execArgv, env: { ...process.env, NODE_EXTRA_CA_CERTS: this.authority, ...env }
    })
    const throttle = new Throttle(client)
    const kill = () => client.kill('SIGKILL')
    process.on('exit', kill)
    let load
    let timer
    try {
      return await new Promise((resolve, reject) => {
        client.on('error', reject)
        timer = setTimeout(() => {
          kill()
          reject(new Error(`no end of ${kind} ${JSON.stringify(cell)}`))
        }, limit)
        client.on('exit', code => reject(new Error(`the client has ended with ${code}`)))
        client.on('message', async message => {
          if (message.result) resolve(message.result)
          else if (message.stop) client.send(await stopFor(client, message.stop))
          else if (message.throttle) client.send(throttle.begin(message.throttle))
          else if (message.load) load = fork(join(__dirname, 'loops', 'load.js'), [JSON.stringify(message.load)])
          else client.send(await throttle.end())
        })
        client.send({ kind, cell, options, ports: this.ports })
      })
    } finally {
      clearTimeout(timer)
      await throttle.end()
      load?.kill()
      process.off('exit', kill)
      if (client.connected) client.disconnect()
    }
  }

  end () {
    this.#backend.disconnect()
    rmSync(this.directory, { recursive: true })
  }
}

module.exports = { Host }

// What takes longer than any task does hangs.
const LIMIT = 60_000

/** Stops a process for a part of every period, as a container over its quota is. */
class Throttle {
  #client
  #running
  #wanted = false
  #spans = []

  constructor (client) {
    this.#client = client
  }

  begin ({ stopped, every }) {
    this.#wanted = true
    this.#running = this.#run(stopped, every)
    return true
  }

  /** The spans for which it was stopped. */
  async end () {
    this.#wanted = false
    await this.#running
    return this.#spans
  }

  async #run (stopped, every) {
    while (this.#wanted) {
      this.#spans.push(await stopFor(this.#client, stopped))
      await sleep(every - stopped)
    }
  }
}

async function stopFor (client, ms) {
  const from = now()
  client.kill('SIGSTOP')
  await sleep(ms)
  client.kill('SIGCONT')
  return [from, now()]
}
