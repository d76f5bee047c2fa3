'use strict'

// `didelphis top`: what a server shows, once or again and again.

const { Complaint } = require('./remote')
const { tableOf } = require('./table')

/** Shows it: for as long as the user looks, where there is a terminal, and otherwise once. */
async function top (remote, terminal, json) {
  const reading = await remote.read()
  if (json) terminal.output.write(`${JSON.stringify(reading, null, 2)}\n`)
  else if (!terminal.output.isTTY) terminal.output.write(`${tableOf(reading).join('\n')}\n`)
  else await live(remote, terminal, reading)
}

module.exports = { top }

const EVERY_MS = 1000
const ESC = '\u001b['
const [ENTER, LEAVE] = [`${ESC}?1049h${ESC}?25l`, `${ESC}?25h${ESC}?1049l`]

function live (remote, { env, input, output }, first) {
  let last = first
  let trouble
  let timer
  const isColored = !env.NO_COLOR
  const draw = () => {
    const { columns = 80, rows = 24 } = output
    const title = trouble ?? `didelphis  ${remote.url}  ${new Date(last.now).toISOString().slice(11, 19)}Z  q: quit`
    const lines = [title.slice(0, columns - 1), ...tableOf(last, { columns: columns - 1, isColored, rows: rows - 1 })]
    // Line by line over what was there, and no more than that: nothing flickers.
    output.write(`${ESC}H${lines.map(line => `${line}${ESC}K`).join('\r\n')}${ESC}J`)
  }
  const refresh = async () => {
    try {
      last = await remote.read()
      trouble = undefined
    } catch (error) {
      if (!(error instanceof Complaint)) throw error
      trouble = `${error.message}  (trying again; q: quit)`
    }
  }
  return new Promise((resolve, reject) => {
    const stop = error => {
      if (timer === undefined) return
      clearTimeout(timer)
      timer = undefined
      output.off('resize', draw)
      for (const signal of SIGNALS) process.off(signal, onSignal)
      if (input.isTTY) input.setRawMode(false)
      input.off('data', onKeys).pause()
      output.write(LEAVE)
      if (error === undefined) resolve()
      else reject(error)
    }
    const onSignal = () => stop()
    const onKeys = keys => { if (QUIT.test(keys)) stop() }
    const onTimer = () => refresh().then(() => {
      if (timer === undefined) return
      draw()
      timer = setTimeout(onTimer, EVERY_MS)
    }).catch(stop)
    for (const signal of SIGNALS) process.on(signal, onSignal)
    output.on('resize', draw)
    if (input.isTTY) input.setRawMode(true)
    input.setEncoding('utf8').on('data', onKeys).resume()
    output.write(ENTER)
    draw()
    timer = setTimeout(onTimer, EVERY_MS)
  })
}

// In raw mode Ctrl+C and Ctrl+D are keys as others are.
const QUIT = /[qQ\u0003\u0004]/ // eslint-disable-line no-control-regex
const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM']
