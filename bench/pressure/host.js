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
  #directory

  async start () {
    const certificate = makeCertificate()
    this.#directory = mkdtempSync(join(tmpdir(), 'didelphis-'))
    this.authority = join(this.#directory, 'certificate.pem')
    writeFileSync(this.authority, certificate.cert)
    this.#backend = fork(join(__dirname, 'backend.js'))
    this.#backend.send(certificate)
    ;[this.ports] = await once(this.#backend, 'message')
    return this
  }

  /** Runs a task in a process of its own. */
  async run (kind, cell, options) {
    const client = fork(join(__dirname, 'client.js'), {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: this.authority }
    })
    let limit
    try {
      return await new Promise((resolve, reject) => {
        client.on('error', reject)
        limit = setTimeout(() => {
          client.kill('SIGKILL')
          reject(new Error(`no end of ${kind} ${JSON.stringify(cell)}`))
        }, LIMIT)
        client.on('exit', code => reject(new Error(`the client has ended with ${code}`)))
        client.on('message', message => message.stop ? stopFor(client, message.stop) : resolve(message.result))
        client.send({ kind, cell, options, ports: this.ports })
      })
    } finally {
      clearTimeout(limit)
      if (client.connected) client.disconnect()
    }
  }

  end () {
    this.#backend.disconnect()
    rmSync(this.#directory, { recursive: true })
  }
}

module.exports = { Host }

// What takes longer than any task does hangs.
const LIMIT = 60_000

async function stopFor (client, ms) {
  const from = now()
  client.kill('SIGSTOP')
  await sleep(ms)
  client.kill('SIGCONT')
  client.send([from, now()])
}
