'use strict'

// A run as a picture that a terminal shows. Used by the comparison.

const { timeline } = require('./timeline')

const WIDTH = 60
const LABEL = 18
const SHADES = ' ▁▂▃▄▅▆▇█'
const LOOK = [
  ['good', 'good answers', 32],
  ['failed', 'backend errors', 33],
  ['late', 'true timeouts', 33],
  ['blamed', 'FALSE timeouts', 31],
  ['refused', 'refused', 36]
]
const MARKS = { closed: '━', 'half open': '?', open: '╌' }

/** The lines of the picture; with colours, if the terminal has them. */
function picture (run, coloured) {
  const paint = (colour, text) => coloured ? `\x1b[${colour}m${text}\x1b[0m` : text
  const slices = timeline(run, WIDTH)
  const row = (label, text) => `  ${label.padEnd(LABEL)}${text}`
  const bars = (values, full) => values
    .map(value => SHADES[value > 0 ? Math.max(1, Math.min(8, Math.round(8 * value / full))) : 0]).join('')
  const most = Math.max(1, ...slices.flatMap(({ outcomes }) => Object.values(outcomes)))
  // Of the states that a slice has seen, the one that matters most.
  const circuit = slices.map(({ states }) =>
    states.includes('open') ? MARKS.open : states.includes('half open') ? MARKS['half open'] : MARKS.closed)
  return [
    `${run.breaker}`,
    row('circuit', circuit.join('')),
    ...LOOK.map(([outcome, label, colour]) =>
      row(label, paint(colour, bars(slices.map(({ outcomes }) => outcomes[outcome]), most)))),
    row('lag of the loop', bars(slices.map(({ lag }) => lag), Math.max(...slices.map(({ lag }) => lag)))),
    row('', axis(run.stages))
  ].join('\n')
}

module.exports = picture

function axis (stages) {
  const [{ from }] = stages
  const length = stages.at(-1).to - from
  return stages.map(stage => {
    const cells = Math.round(WIDTH * (stage.to - from) / length) - Math.round(WIDTH * (stage.from - from) / length)
    return `|${stage.stall > 0 ? `stalls ${stage.stall} ms` : 'no pressure'}`.padEnd(cells).slice(0, cells)
  }).join('')
}
