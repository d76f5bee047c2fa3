'use strict'

// The programs that a comparison starts. They end with it, however it ends.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')

class Children {
  #children = new Set()

  /** Starts a program of this folder, with these options; what it says first, and how to hear of the `next`. */
  async start (program, options = {}) {
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    const child = fork(join(__dirname, '..', program), args)
    this.#children.add(child)
    const ended = new Promise((resolve, reject) => {
      child.once('exit', (code, signal) => {
        if (this.#children.delete(child) && code !== 0) reject(new Error(`${program} ended: ${signal ?? `code ${code}`}`))
      })
    })
    ended.catch(() => {})
    const next = async () => (await Promise.race([once(child, 'message'), ended]))[0]
    const first = await next()
    return { ...first, next, stop: () => this.#stop(child) }
  }

  /** Ends all of them, and waits until they have. */
  async stop () {
    await Promise.all(Array.from(this.#children, child => this.#stop(child)))
  }

  async #stop (child) {
    if (!this.#children.delete(child)) return
    const ended = once(child, 'exit')
    child.kill()
    await ended
  }
}

module.exports = Children
