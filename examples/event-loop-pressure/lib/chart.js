'use strict'

// Runs as an SVG: one below another, on the same scales. Used by the comparison.

const { spans, timeline } = require('./timeline')

const WIDTH = 960
const LEFT = 110
const RIGHT = 24
const TOP = 84
const PLOT = WIDTH - LEFT - RIGHT
const BARS = 150
const LAG = 46
const PANEL = 290

const SERIES = [
  ['good', 'good answer', '#2da44e'],
  ['failed', 'error of the backend', '#d4a72c'],
  ['late', 'true timeout', '#9a6700'],
  ['blamed', 'false timeout', '#cf222e'],
  ['refused', 'refused', '#afb8c1']
]
const STATES = { closed: '#aceebb', 'half open': '#d4a72c', open: '#ff8182' }

/** The text of an SVG file. */
function chart (runs) {
  const { stages } = runs[0]
  const seconds = (stages.at(-1).to - stages[0].from) / 1000
  const sliced = runs.map(run => timeline(run, Math.max(10, Math.min(200, Math.round(2 * seconds)))))
  const all = sliced.flat()
  const scales = {
    calls: Math.max(1, ...all.map(({ outcomes }) => Object.values(outcomes).reduce((sum, count) => sum + count))),
    lag: Math.max(1, ...all.map(({ lag }) => lag))
  }
  const height = TOP + PANEL * runs.length
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"` +
      ` font-family="system-ui, sans-serif" font-size="12" fill="#24292f" role="img" aria-label="${spoken(runs)}">`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>`,
    text(24, 34, 'A circuit breaker in a process whose event loop is held', 'font-size="16" font-weight="600"'),
    ...SERIES.map(([, label, colour], i) => legend(24 + 165 * i, label, colour)),
    ...runs.flatMap((run, i) => panel(run, sliced[i], TOP + PANEL * i, scales)),
    '</svg>',
    ''
  ].join('\n')
}

module.exports = chart

function panel (run, slices, top, scales) {
  const { breaker, stages, summary } = run
  const [{ from }] = stages
  const x = at => LEFT + PLOT * (at - from) / (stages.at(-1).to - from)
  const bars = top + 56
  const lag = bars + BARS + 12
  const width = PLOT / slices.length
  return [
    text(24, top + 20, breaker, 'font-size="14" font-weight="600"'),
    text(LEFT, top + 20, verdict(summary), 'fill="#57606a"'),
    ...stages.flatMap((stage, i) => [
      i % 2 === 1 && box(x(stage.from), top + 30, x(stage.to) - x(stage.from), lag + LAG - top - 30, '#f6f8fa'),
      text(x(stage.from) + 4, lag + LAG + 16, stage.stall > 0 ? `stalls of ${stage.stall} ms` : 'no pressure', 'fill="#57606a"')
    ]),
    label(top + 46, 'circuit'),
    ...spans(run).map(({ from, state, to }) => box(x(from), top + 36, x(to) - x(from), 12, STATES[state], state)),
    label(bars + BARS / 2, 'calls'),
    ...slices.flatMap(({ outcomes }, i) => stacked(outcomes, LEFT + i * width, bars + BARS, width, scales.calls)),
    `<path d="M${LEFT} ${bars + BARS}h${PLOT}" stroke="#8c959f"/>`,
    label(lag + LAG / 2, `lag, to ${Math.round(scales.lag)} ms`),
    ...slices.map((slice, i) => {
      const height = LAG * slice.lag / scales.lag
      return box(LEFT + i * width, lag + LAG - height, width, height, '#bc4c00')
    })
  ].filter(Boolean)
}

function stacked (outcomes, x, foot, width, full) {
  let y = foot
  return SERIES.filter(([outcome]) => outcomes[outcome] > 0).map(([outcome, label, colour]) => {
    const height = BARS * outcomes[outcome] / full
    y -= height
    return box(x, y, width - 0.5, height, colour, `${outcomes[outcome]} ${label}`)
  })
}

function verdict ({ falseOpenings, openings, outcomes }) {
  return [
    `false timeouts: ${outcomes.blamed}`,
    `openings: ${openings}${openings > 0 ? `, ${falseOpenings} of them false` : ''}`,
    `good answers: ${outcomes.good}`
  ].join(', ')
}

function spoken (runs) {
  return runs.map(({ breaker, summary }) => `${breaker}: ${verdict(summary)}`).join('. ')
}

function legend (x, words, colour) {
  return `${box(x, 52, 12, 12, colour)}${text(x + 18, 62, words)}`
}

function label (y, words) {
  return text(LEFT - 12, y + 4, words, 'text-anchor="end" fill="#57606a"')
}

function text (x, y, words, attributes = '') {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${words}</text>`
}

function box (x, y, width, height, fill, title) {
  const shape = `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"`
  return title ? `${shape}><title>${title}</title></rect>` : `${shape}/>`
}

function round (value) {
  return Math.round(10 * value) / 10
}
