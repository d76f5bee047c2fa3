'use strict'

// How the pictures of policies look: what circuits did over time, one above the other; and rates
// over time.

const LEFT = 24
const WIDTH = 852
const OPEN = '#cf222e'
const HALF_OPEN = '#bf8700'
const CLOSED = '#1a7f37'
const STATES = { closed: CLOSED, open: OPEN, halfOpen: HALF_OPEN }
const LINES = [OPEN, CLOSED]

/** A band of states for each breaker, and above it its calls: those that failed reach down. */
function lanes ({ title, subtitle, seconds, outages, lanes }) {
  const x = at => LEFT + at / seconds * WIDTH
  const rows = lanes.map(({ name, calls, states }, place) => {
    const top = 96 + place * 92
    const bands = states.map(({ at, state }, i) => {
      const to = states[i + 1]?.at ?? seconds
      return rect(x(at), top + 46, x(to) - x(at), 12, STATES[state])
    })
    const down = outages.map(([from, to]) => rect(x(from), top + 22, x(to) - x(from), 24, '#ffebe9'))
    const failures = calls.filter(({ failed }) => failed)
    const ticks = strokes(calls.filter(({ failed }) => !failed).map(({ at }) => `M${x(at).toFixed(1)} ${top + 36}v8`), CLOSED) +
      strokes(failures.map(({ at }) => `M${x(at).toFixed(1)} ${top + 24}v20`), OPEN)
    return `<text x="${LEFT}" y="${top + 14}" font-size="12" font-weight="600">${name}</text>` +
      `<text x="${LEFT + WIDTH}" y="${top + 14}" text-anchor="end" fill="#57606a">${failures.length} calls failed</text>` +
      down.join('') + ticks + bands.join('')
  })
  const height = 96 + lanes.length * 92 + 28
  return picture({ title, subtitle, height, content: legend() + rows.join('\n') + axis(seconds, x, height - 24) })
}

/** A line for each breaker. */
function line ({ title, subtitle, seconds, most, lines }) {
  const [top, bottom] = [100, 320]
  const x = at => LEFT + 30 + at / seconds * (WIDTH - 30)
  const y = rate => bottom - rate / most * (bottom - top)
  const drawn = lines.map(({ points }, i) =>
    `<path d="M${points.map(([at, rate]) => `${x(at).toFixed(1)} ${y(rate).toFixed(1)}`).join('L')}" fill="none" stroke="${LINES[i]}" stroke-width="2"/>`)
  const names = lines.map(({ name }, i) => `<tspan fill="${LINES[i]}">■</tspan> ${name}  `).join('')
  const grid = [0, 50, 100, 150, 200].map(rate =>
    `<path d="M${x(0)} ${y(rate)}H${x(seconds)}" stroke="#d0d7de"/><text x="${x(0) - 6}" y="${y(rate) + 4}" text-anchor="end" fill="#57606a">${rate}</text>`)
  return picture({ title, subtitle, height: 356, content: `<text x="${LEFT}" y="82" font-size="12">${names}</text>` + grid.join('') + drawn.join('\n') + axis(seconds, x, 340) })
}

module.exports = { lanes, line }

// Where there are more than the picture can tell apart, one stands for them.
function strokes (paths, colour) {
  return `<path d="${[...new Set(paths)].join('')}" stroke="${colour}" fill="none"/>`
}

function legend () {
  return `<text x="${LEFT}" y="82" font-size="12"><tspan fill="${CLOSED}">■</tspan> closed  <tspan fill="${OPEN}">■</tspan> open  <tspan fill="${HALF_OPEN}">■</tspan> half open  <tspan fill="#ffebe9">■</tspan> the service is down</text>`
}

function axis (seconds, x, y) {
  const step = seconds > 100 ? 20 : 5
  const marks = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, i) => i * step)
  return marks.map(at => `<text x="${x(at).toFixed(1)}" y="${y}" text-anchor="middle" fill="#57606a">${at} s</text>`).join('')
}

function rect (x, y, width, height, fill) {
  return `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(width, 0.5).toFixed(1)}" height="${height}" fill="${fill}"/>`
}

function picture ({ title, subtitle, height, content }) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 ${height}" width="900" height="${height}" font-family="system-ui, sans-serif" font-size="11" role="img" aria-label="${title}">
<rect width="900" height="${height}" rx="8" fill="#ffffff"/>
<g fill="#24292f">
<text x="24" y="32" font-size="16" font-weight="600">${title}</text>
<text x="24" y="54" font-size="12" fill="#57606a">${subtitle}</text>
${content}
</g>
</svg>
`
}
