// Server-sent events out of pieces of text, by the rules of the HTML standard as far as the server
// uses them. EventSource would do it, but cannot send the token.

/** Takes pieces of a stream, and gives the events that they complete: `{ event, data }`. */
export class Parser {
  #rest = ''
  #event = ''
  #data = []

  push (text) {
    const events = []
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop()
    for (const line of lines) {
      if (line === '') {
        if (this.#data.length > 0) events.push({ event: this.#event || 'message', data: this.#data.join('\n') })
        this.#event = ''
        this.#data = []
        continue
      }
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line)
      if (field === 'event') this.#event = value
      else if (field === 'data') this.#data.push(value)
    }
    return events
  }
}
