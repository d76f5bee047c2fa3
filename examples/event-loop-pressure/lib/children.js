'use strict'

// The programs that another one starts: each is told of the next by its port, which is
// whichever is free, and all end with the one that started them. Used by the comparison
// and by what checks this example.

const { fork, spawn } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')

class Children {
  #children = new Set()
  #failed

  constructor () {
    // Rejects when a child fails that was not told to end.
    this.failure = new Promise((resolve, reject) => { this.#failed = reject })
    this.failure.catch(() => {})
    // Not every program notices that nobody is there any more.
    process.once('exit', () => { for (const child of this.#children) child.kill() })
  }

  /** Starts a program of this folder: what it says first, and how to hear of the `next`. */
  async start (program, ...args) {
    const child = fork(join(__dirname, '..', program), args.map(String))
    this.#keep(child, program)
    const next = async () => (await Promise.race([once(child, 'message'), this.failure]))[0]
    return { ...await next(), next }
  }

  /** Starts a program of the system, which says what it has to say to the terminal. */
  spawn (program, ...args) {
    this.#keep(spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] }), program)
  }

  /** Ends all of them, and waits until they have. */
  async stop () {
    const children = [...this.#children]
    this.#children.clear()
    await Promise.all(children.map(child => {
      const ended = child.exitCode === null && child.signalCode === null && once(child, 'exit')
      child.kill()
      return ended
    }))
  }

  #keep (child, program) {
    this.#children.add(child)
    child.once('error', error => {
      this.#children.delete(child)
      this.#failed(error)
    })
    child.once('exit', (code, signal) => {
      const expected = !this.#children.delete(child) || code === 0
      if (!expected) this.#failed(new Error(`${program} ended: ${signal ?? `code ${code}`}`))
    })
  }
}

module.exports = Children
