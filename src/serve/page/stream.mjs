// The stream of the server, opened again whenever it ends. Asks for the token where reading needs it.

import { Parser } from './sse.mjs'

const FIRST_WAIT = 500
const LONGEST_WAIT = 10_000
// The server says something every quarter of a second: after this it is gone, whatever TCP thinks.
const SILENCE = 5_000

/**
 * `on.event(name, data)`, `on.state('connecting' | 'live' | 'lost' | 'locked', detail)`;
 * `headers()` is asked at each attempt.
 */
export class Stream {
  #on
  #headers
  #wait = FIRST_WAIT
  #timer
  #abort

  constructor (on, headers) {
    this.#on = on
    this.#headers = headers
  }

  open () {
    clearTimeout(this.#timer)
    this.#abort?.abort()
    this.#abort = new AbortController()
    this.#read(this.#abort).then(problem => problem && this.#again(problem))
  }

  async #read (abort) {
    const problem = text => abort === this.#abort ? text : undefined
    let silence
    const heard = () => {
      clearTimeout(silence)
      silence = setTimeout(() => abort.abort(), SILENCE)
    }
    this.#on.state('connecting')
    try {
      heard()
      const response = await fetch('events', { headers: this.#headers(), signal: abort.signal, cache: 'no-store' })
      if (response.status === 401) {
        this.#on.state('locked')
        return
      }
      if (!response.ok) return problem(`the server answers ${response.status}`)
      const parser = new Parser()
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done || abort !== this.#abort) break
        heard()
        for (const { event, data } of parser.push(value)) {
          this.#wait = FIRST_WAIT
          this.#on.event(event, JSON.parse(data))
        }
      }
      return problem('the server ended the stream')
    } catch {
      return problem('the server does not answer')
    } finally {
      clearTimeout(silence)
      if (abort === this.#abort) abort.abort()
    }
  }

  #again (problem) {
    this.#on.state('lost', problem)
    this.#timer = setTimeout(() => this.open(), this.#wait)
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT)
  }
}
