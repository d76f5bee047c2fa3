'use strict'

// The picture that a terminal shows while the demo runs: two breakers, one below the other,
// over time.

const { ACTS, DURATION, STEPS } = require('./acts')
const { OUTCOMES } = require('./caller')
const { SLICE } = require('./time')

const LABEL = 12
const FIGURE = 5

// As many calls in a second fill a bar.
const FULL = 50

const COLOURS = {
  32: ['well', 'closed', 'ok'], // green
  33: ['slow', 'hangs', 'half open', 'timed out', 'busy'], // yellow
  31: ['down', 'open', 'failed'], // red
  36: ['spared'] // cyan
}
const colourOf = name => Object.keys(COLOURS).find(key => COLOURS[key].includes(name))

const MARKS = {
  well: '─', slow: '~', down: 'x', hangs: '.', closed: '━', 'half open': '?', open: '╌', busy: '▓', rests: ' '
}

/** The lines of the picture, so many columns wide. `callers` are shown, the present is `time`. */
function panel ({ callers, time }, coloured, columns) {
  const paint = (name, text = name) => coloured && colourOf(name) ? `\x1b[${colourOf(name)}m${text}\x1b[0m` : text
  const row = (label, figure, chart) => `${label.padEnd(LABEL)}${String(figure).padStart(FIGURE)} ${chart}`
  const marks = names => names.map(name => paint(name, MARKS[name])).join('')
  // In a narrow window the past goes out on the left.
  const room = Math.max(1, columns - LABEL - FIGURE - 1)
  const { length } = callers[0].slices
  const first = Math.max(0, length - room)
  const shown = indices(length).slice(first)
  const slicesOf = caller => caller.slices.slice(first)

  const chart = (caller, key) =>
    row(`  ${key}`, `${lastSecond(caller.slices, key)}/s`, paint(key, slicesOf(caller).map(slice => bar(slice[key])).join('')))
  const breaker = caller => [
    row(caller.name, '', marks(slicesOf(caller).map(stateOf))),
    ...OUTCOMES.map(key => chart(caller, key))
  ]
  return [
    `${seconds(time.now())}  Act ${time.step.act} of ${ACTS.length}. ${time.step.title}`,
    '',
    row('backend', '', marks(shown.map(backendAt))),
    row('this process', '', marks(shown.map(index => time.stalled.has(index) ? 'busy' : 'rests'))),
    ...callers.flatMap(caller => ['', ...breaker(caller)]),
    row('', '', axis(first, room))
  ]
}

/** A time as people read it. */
function seconds (at) {
  return `${at.toFixed(1).padStart(4)} s`
}

/** How many there were in the last second of slices. */
function lastSecond (slices, key) {
  const last = slices.slice(-Math.round(1 / SLICE) - 1, -1)
  return Math.round(last.reduce((sum, slice) => sum + slice[key], 0) / Math.max(1, last.length) / SLICE)
}

/** Of the states that a slice has seen, the one that matters most. */
function stateOf ({ states }) {
  return states.includes('half open') ? 'half open' : states.at(-1)
}

module.exports = { lastSecond, panel, seconds, stateOf }

function bar (count) {
  return ' ▁▂▃▄▅▆▇█'[Math.min(8, Math.ceil(8 * count / SLICE / FULL))]
}

function backendAt (index) {
  return (STEPS.find(({ ends }) => (index + 0.5) * SLICE < ends) ?? STEPS.at(-1)).backend
}

function axis (first, room) {
  const labels = indices(Math.ceil(DURATION / 5)).map(i => ({ at: Math.round(i * 5 / SLICE) - first, text: `${5 * i} s` }))
  return labels.filter(({ at, text }) => at >= 0 && at + text.length <= room)
    .reduce((line, { at, text }) => line.padEnd(at) + text, '')
}

function indices (length) {
  return Array.from({ length }, (_, index) => index)
}
