'use strict'

// The picture of a comparison: what became of those who came, by when they came, for each service;
// and below that its health checks. Light or dark, as whoever looks at it has it.

const WIDTH = 960
const [LEFT, TOP, GAP] = [24, 96, 32]
const [BARS, PANEL] = [84, 164]
const SLICE = 500

const OUTCOMES = [['answered', 'answered in time'], ['refused', 'refused'], ['hungUp', 'hung up'], ['failed', 'failed']]

const STYLE = `
  .back { fill: #ffffff } .text { fill: #1f2328 } .quiet { fill: #59636e } .rush { fill: #f6f8fa } .line { stroke: #8c959f }
  .answered { fill: #1f883d } .refused { fill: #afb8c1 } .hungUp { fill: #cf222e } .failed { fill: #9a6700 }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117 } .text { fill: #e6edf3 } .quiet { fill: #9198a1 } .rush { fill: #1c2128 } .line { stroke: #6e7681 }
    .answered { fill: #3fb950 } .refused { fill: #57606a } .hungUp { fill: #f85149 } .failed { fill: #d29922 }
  }
`

/** The text of an SVG file. */
function chart (runs) {
  const frameworks = [...new Set(runs.map(({ framework }) => framework))]
  const variants = [...new Set(runs.map(({ variant }) => variant))]
  const width = (WIDTH - 2 * LEFT - GAP * (frameworks.length - 1)) / frameworks.length
  const most = Math.max(1, ...runs.flatMap(run => slices(run).map(({ total }) => total)))
  const height = TOP + PANEL * variants.length + 20
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"` +
      ` font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${runs.map(spoken).join(' ')}">`,
    `<style>${STYLE}</style>`,
    `<rect class="back" width="${WIDTH}" height="${height}" rx="8"/>`,
    text(LEFT, 34, 'A service under twice its load: what became of those who came, by when they came', 'text', 'font-size="16" font-weight="600"'),
    ...OUTCOMES.filter(([outcome]) => runs.some(({ calls }) => calls.some(call => call.outcome === outcome)))
      .map(([outcome, label], i) => legend(LEFT + 150 * i, outcome, label)),
    ...runs.map(run => panel(run, {
      x: LEFT + frameworks.indexOf(run.framework) * (width + GAP),
      y: TOP + variants.indexOf(run.variant) * PANEL,
      width,
      most
    })),
    '</svg>',
    ''
  ].join('\n')
}

module.exports = chart

function panel (run, { x, y, width, most }) {
  const { checks, framework, rush, title } = run
  const parts = slices(run)
  const end = parts.length * SLICE
  const at = ms => x + width * ms / end
  const foot = y + 36 + BARS
  const step = width / parts.length
  return [
    text(x, y + 12, `${framework}, ${title}`, 'text', 'font-weight="600"'),
    text(x, y + 28, verdict(run), 'quiet', 'font-size="11"'),
    box(at(rush.from), y + 36, at(rush.to) - at(rush.from), BARS, 'rush'),
    ...parts.flatMap(({ counts }, i) => stacked(counts, x + i * step, foot, step, most)),
    `<path class="line" d="M${round(x)} ${foot}h${round(width)}"/>`,
    text(x, foot + 23, 'health checks', 'quiet', 'font-size="10"'),
    text(at(rush.from), foot + 23, 'the rush', 'quiet', 'font-size="10"'),
    // Each a mark: tall and red where there was no answer within a second.
    ...checks.map(check => box(at(check.at), foot + (check.outcome === 'answered' ? 6 : 2), 1.5, check.outcome === 'answered' ? 4 : 8, check.outcome === 'answered' ? 'answered' : 'hungUp'))
  ].join('\n')
}

/** What became of those who came, in pieces of half a second. */
function slices ({ calls, rush }) {
  const end = rush.from + rush.to
  const parts = Array.from({ length: Math.ceil(end / SLICE) }, () => ({ counts: {}, total: 0 }))
  for (const { at, outcome } of calls) {
    const part = parts[Math.min(parts.length - 1, Math.floor(at / SLICE))]
    part.counts[outcome] = (part.counts[outcome] ?? 0) + 1
    part.total++
  }
  return parts
}

function stacked (counts, x, foot, width, most) {
  let y = foot
  return OUTCOMES.filter(([outcome]) => counts[outcome] > 0).map(([outcome]) => {
    const height = BARS * counts[outcome] / most
    y -= height
    return box(x, y, width - 0.6, height, outcome)
  })
}

function verdict ({ summary: { answered, answerMs, healthChecks, healthFailed, refused, refusalMs } }) {
  return [
    `${Math.round(answered)} a second in time${answered > 0 ? `, p99 ${Math.round(answerMs.p99)} ms` : ''}`,
    refused > 0 && `refused in ${Math.round(refusalMs.p50)} ms`,
    `health: ${healthFailed} of ${healthChecks} failed`
  ].filter(Boolean).join('; ')
}

function spoken (run) {
  return `${run.framework}, ${run.title}: ${verdict(run)}.`
}

function legend (x, outcome, words) {
  return `${box(x, 52, 12, 12, outcome)}${text(x + 18, 62, words, 'text')}`
}

function text (x, y, words, name, attributes = '') {
  return `<text class="${name}" x="${round(x)}" y="${round(y)}" ${attributes}>${words}</text>`
}

function box (x, y, width, height, name) {
  return `<rect class="${name}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"/>`
}

function round (value) {
  return Math.round(10 * value) / 10
}
