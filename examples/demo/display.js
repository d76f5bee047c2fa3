'use strict'

// Where the demo is shown: in place in a terminal, or line by line wherever else.

const { OUTCOMES } = require('./caller')
const { lastSecond, panel, seconds } = require('./panel')

/** A display for a stream: something to `start`, to `draw` and to `stop`. */
function displayFor (out) {
  const isTerminal = out.isTTY && process.env.TERM !== 'dumb'
  return isTerminal ? new LiveDisplay(out) : new PlainDisplay(out)
}

module.exports = { displayFor }

class LiveDisplay {
  #height = 0

  constructor (out) {
    this.out = out
    // By NO_COLOR and what the terminal can.
    this.coloured = out.hasColors?.() ?? false
  }

  start () {
    // No cursor, and no wrapped lines: a wrapped one would spoil the count of lines to go up
    // in a narrow window.
    this.out.write('\x1b[?25l\x1b[?7l')
  }

  draw (view) {
    const lines = panel(view, this.coloured, this.out.columns ?? 80)
    const most = (this.out.rows ?? Infinity) - 1
    // What does not fit cannot be gone up over.
    const shown = lines.slice(0, most)
    const up = this.#height > 0 ? `\x1b[${this.#height}A` : ''
    this.out.write(up + shown.map(line => `${line}\x1b[K\n`).join(''))
    this.#height = shown.length
  }

  stop () {
    this.out.write('\x1b[?7h\x1b[?25h')
  }
}

// One line a second.
class PlainDisplay {
  #drawn = 0

  constructor (out) {
    this.out = out
  }

  start () {
    const titles = OUTCOMES.map(outcome => outcome.padStart(10)).join('')
    this.out.write(`Calls per second\n\n${' '.repeat(30)}${'opossum'.padEnd(50)}didelphis\n`)
    this.out.write(`${'time'.padStart(6)}  act  backend  process  ${`${'breaker'.padEnd(9)}${titles}  `.repeat(2).trimEnd()}\n`)
  }

  draw ({ callers, time }) {
    const second = Math.floor(time.now())
    if (second <= this.#drawn) return
    this.#drawn = second
    const { act, backend, load } = time.step
    const cells = callers.map(({ slices, state }) =>
      state.padEnd(9) + OUTCOMES.map(outcome => String(lastSecond(slices, outcome)).padStart(10)).join(''))
    const process_ = { stalls: 'stalls', 'never rests': 'busy' }[load] ?? ''
    this.out.write(`${seconds(time.now())}  ${String(act).padEnd(3)}  ${backend.padEnd(7)}  ${process_.padEnd(7)}  ${cells.join('  ')}\n`)
  }

  stop () {}
}
