'use strict'

// A circuit breaker at work. A backend in a process of its own is well, then
// slow, then down, then well again, while this program calls it at a steady
// rate. At the end it tells what the breaker did about it, and it fails if the
// breaker did not do its job.

const http = require('node:http')
const path = require('node:path')
const { fork } = require('node:child_process')
const { once } = require('node:events')
const { setTimeout: sleep } = require('node:timers/promises')
const CircuitBreaker = require('..')

const RATE = 50 // calls per second
const PHASES = [['well', 4], ['slow', 3.5], ['down', 3.5], ['well', 5]] // in seconds
const DURATION = PHASES.reduce((sum, [, seconds]) => sum + seconds, 0)
const OPTIONS = {
  timeout: 300,
  resetTimeout: 1500,
  errorThresholdPercentage: 50,
  volumeThreshold: 10,
  rollingCountTimeout: 2000,
  rollingCountBuckets: 10
}

// What is shown is counted in slices of time, one to a column of the panel.
const SLICES_PER_SECOND = 4
const OUTCOMES = ['ok', 'failed', 'timed out', 'spared']

const newSlice = () => ({ calls: 0, ok: 0, failed: 0, 'timed out': 0, spared: 0 })
const lastSecond = (slices, key) =>
  slices.slice(-SLICES_PER_SECOND).reduce((sum, slice) => sum + slice[key], 0)

const stateOf = breaker => breaker.opened ? 'open' : breaker.halfOpen ? 'half open' : 'closed'
const outcomeOf = code =>
  ({ ok: 'ok', EOPENBREAKER: 'spared', ETIMEDOUT: 'timed out' })[code] ?? 'failed'
const seconds = at => `${at.toFixed(1).padStart(4)} s`

// A window without calls has percentiles of 0, which would read as very fast.
const percentiles = ({ percentiles }) =>
  [0.5, 0.95, 0.99].map(p => percentiles[p] ? Math.round(percentiles[p]) : '-')

// ---- Plain output: one row per second, for logs and pipes

const row = ([time, backend, breaker, ...rest]) =>
  `${time.padStart(6)}  ${backend.padEnd(7)}  ${breaker.padEnd(9)}` +
  rest.map((cell, i) => String(cell).padStart([6, 5, 7, 10, 7, 6, 5, 5][i])).join('')

const TITLES = row(['time', 'backend', 'breaker', 'calls', ...OUTCOMES, 'p50', 'p95', 'p99'])

const plainRow = ({ at, phase, state, slices, stats }) => row([
  seconds(at), phase, state,
  ...['calls', ...OUTCOMES].map(key => lastSecond(slices, key)),
  ...percentiles(stats)
])

// ---- The live panel

const COLOURS = {
  32: ['well', 'closed', 'ok'], // green
  33: ['slow', 'half open', 'timed out'], // yellow
  31: ['down', 'open', 'failed'], // red
  36: ['spared'] // cyan
}
const colourOf = name => Object.keys(COLOURS).find(key => COLOURS[key].includes(name))
const MARKS = { well: '─', slow: '~', down: 'x', closed: '━', 'half open': '?', open: '╌' }
const paint = (name, text = name) =>
  process.env.NO_COLOR ? text : `\x1b[${colourOf(name)}m${text}\x1b[0m`
const bar = count => ' ▁▂▃▄▅▆▇█'[Math.min(8, Math.ceil(8 * count * SLICES_PER_SECOND / RATE))]

const line = (label, value, chart) => `${label.padEnd(9)} ${value.padStart(4)} ${chart}`
const strip = (slices, key) =>
  line(key, '', slices.map(slice => paint(slice[key], MARKS[slice[key]])).join(''))
const chart = (slices, key) =>
  line(key, `${lastSecond(slices, key)}/s`, paint(key, slices.map(slice => bar(slice[key])).join('')))

const AXIS = line('', '', Array.from({ length: Math.ceil(DURATION / 5) }, (_, i) =>
  `${5 * i} s`.padEnd(5 * SLICES_PER_SECOND)).join('').trimEnd())

function panel ({ at, phase, state, slices, stats }) {
  const [p50, p95, p99] = percentiles(stats)
  const shown = slices.slice(-DURATION * SLICES_PER_SECOND)
  return [
    `${seconds(at)}   the backend is ${paint(phase)}, the breaker is ${paint(state)}`,
    '',
    strip(shown, 'backend'),
    strip(shown, 'breaker'),
    ...OUTCOMES.map(key => chart(shown, key)),
    AXIS,
    '',
    `${lastSecond(slices, 'calls')} calls/s, latency p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms`
  ]
}

// ---- Where it is shown

const plainDisplay = out => ({
  start: () => out.write(`Counts per second, latencies in ms\n${TITLES}\n`),
  draw: view => view.slices.length % SLICES_PER_SECOND || out.write(`${plainRow(view)}\n`),
  stop: () => {}
})

function liveDisplay (out) {
  let height = 0
  return {
    // No cursor, and no wrapped lines: a wrapped one would spoil the count of
    // lines to go up in a narrow window.
    start: () => out.write('\x1b[?25l\x1b[?7l'),
    draw (view) {
      const lines = panel(view)
      const up = height ? `\x1b[${height}A` : ''
      out.write(up + lines.map(text => `${text}\x1b[K\n`).join(''))
      height = lines.length
    },
    stop: () => out.write('\x1b[?7h\x1b[?25h')
  }
}

// ---- The end of the story

function timeline (events) {
  return events.flatMap(({ name, at, why }, i) => {
    if (name === 'close') return [`closed      at ${seconds(at)}`]
    if (name === 'halfOpen') {
      const next = events[i + 1]
      const result = next?.name === 'close' ? 'ok' : next ? `${next.why}, open again` : 'no answer yet'
      return [`tried again at ${seconds(at)}  (half open, one call: ${result})`]
    }
    // To open again after a try is what the line of that try says already.
    return events[i - 1]?.name === 'halfOpen' ? [] : [`opened      at ${seconds(at)}  (${why})`]
  })
}

function summary ({ calls, codes, seen, events }) {
  const saw = Object.entries(codes).map(([code, count]) => `${count} ${code}`)
  return ['Summary', ...[
    ...timeline(events),
    `spared      ${codes.EOPENBREAKER ?? 0} calls the backend never saw`,
    `calls       ${calls} in all, ${seen} by the backend's own count`,
    `callers saw ${saw.join(', ')}`
  ].map(text => `  ${text}`)].join('\n')
}

function complaints ({ calls, codes, seen, events, state }) {
  const spared = codes.EOPENBREAKER ?? 0
  return [
    !events.some(({ name }) => name === 'open') && 'the breaker never opened',
    !spared && 'the breaker spared the backend no call',
    spared + seen > calls && 'the backend saw calls that it should have been spared',
    state !== 'closed' && `the breaker ended ${state}, not closed`
  ].filter(Boolean)
}

// ---- The run

async function main () {
  const out = process.stdout
  const display = out.isTTY && process.env.TERM !== 'dumb' ? liveDisplay(out) : plainDisplay(out)
  process.once('exit', display.stop) // leave a usable terminal behind, come what may
  const backend = fork(path.join(__dirname, 'demo-backend.js'))

  const quit = (code, message) => {
    console.error(message)
    backend.kill()
    process.exit(code)
  }
  const lost = () => quit(1, 'Demo failed: the backend process ended')
  backend.once('exit', lost)
  process.once('SIGINT', () => quit(130, 'Interrupted'))

  const enter = async phase => {
    const answer = once(backend, 'message')
    backend.send(phase)
    return (await answer)[0]
  }

  const agent = new http.Agent({ keepAlive: true })
  const { url } = await enter(PHASES[0][0])
  const breaker = new CircuitBreaker(() => new Promise((resolve, reject) => {
    http.get(url, { agent }, res => {
      res.on('error', reject).on('end', resolve).resume()
    }).on('error', reject)
  }), OPTIONS)

  const started = performance.now()
  const now = () => (performance.now() - started) / 1000
  const slices = []
  const codes = {}
  const events = []
  let [phase] = PHASES[0]
  let slice = newSlice()

  let lastCode
  breaker.on('failure', err => { lastCode = err.code })
  breaker.on('halfOpen', () => {
    slice.breaker = stateOf(breaker) // may be over before the slice is
    events.push({ name: 'halfOpen', at: now() })
  })
  breaker.on('close', () => events.push({ name: 'close', at: now() }))
  breaker.on('open', () => {
    const { failures, fires } = breaker.stats
    const rate = `${Math.round(100 * failures / fires)} %`
    const why = events.at(-1)?.name === 'halfOpen'
      ? lastCode
      : `${rate} of the calls in the last ${OPTIONS.rollingCountTimeout / 1000} s failed`
    events.push({ name: 'open', at: now(), why })
  })

  const call = async () => {
    slice.calls++
    const code = await breaker.fire().then(() => 'ok', err => err.code ?? err.name)
    slice[outcomeOf(code)]++
    codes[code] = (codes[code] ?? 0) + 1
  }

  // Timers come late, never early: the clock says how many calls are due.
  const calls = []
  const caller = setInterval(() => {
    while (calls.length < now() * RATE) calls.push(call())
  }, 500 / RATE)

  const endSlice = () => {
    const state = stateOf(breaker)
    slices.push({ breaker: state, backend: phase, ...slice })
    slice = newSlice()
    display.draw({ at: now(), phase, state, slices, stats: breaker.stats })
  }
  display.start()
  const painter = setInterval(endSlice, 1000 / SLICES_PER_SECOND)

  let end = 0
  for (const [name, length] of PHASES) {
    await enter(name)
    phase = name
    end += length
    await sleep(1000 * (end - now()))
  }
  clearInterval(caller)
  await Promise.all(calls)
  clearInterval(painter)
  if (slices.length < DURATION * SLICES_PER_SECOND) endSlice()

  const { seen } = await enter('down')
  const result = { calls: calls.length, codes, seen, events, state: stateOf(breaker) }
  display.stop()
  console.log(`\n${summary(result)}`)
  for (const complaint of complaints(result)) {
    console.error(`Demo failed: ${complaint}`)
    process.exitCode = 1
  }

  breaker.shutdown()
  agent.destroy()
  backend.off('exit', lost)
  backend.disconnect()
}

main()
