'use strict'

// A container over its quota, as a picture: how many of the calls that were answered in time
// each library told to have timed out.

const ROW = 40
const TOP = 96
const LEFT = 330
const WIDTH = 360
const HEIGHT = 12

/** A chart of the cells that are for it. */
function chart (cells) {
  const shown = cells.filter(({ picture, results }) => picture && results)
  const height = TOP + shown.length * ROW + 16
  const total = place => shown.reduce((sum, { results }) => sum + results[place].falsely, 0)
  const judged = place => shown.reduce((sum, { results }) => sum + results[place].judged, 0)
  const title = `False timeouts in a throttled container: didelphis ${total(0)} of ${judged(0)}, opossum ${total(1)} of ${judged(1)}`
  const rows = shown.map((cell, i) => {
    const y = TOP + i * ROW
    const bars = cell.results.map(({ falsely, judged }, place) => {
      const top = y + 2 + place * (HEIGHT + 4)
      const width = judged ? falsely / judged * WIDTH : 0
      return `<rect x="${LEFT}" y="${top}" width="${Math.max(1, width).toFixed(1)}" height="${HEIGHT}" fill="${COLOURS[place]}"/>` +
        `<text x="${(LEFT + width + 8).toFixed(1)}" y="${top + 10}">${falsely} of ${judged}</text>`
    })
    return `<text x="${LEFT - 12}" y="${y + 13}" text-anchor="end">${pressure(cell)}</text>` +
      `<text x="${LEFT - 12}" y="${y + 28}" text-anchor="end" fill="#57606a">${call(cell)}</text>${bars.join('')}`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 ${height}" width="800" height="${height}" font-family="system-ui, sans-serif" font-size="11" role="img" aria-label="${title}">
<rect width="800" height="${height}" rx="8" fill="#ffffff"/>
<g fill="#24292f">
<text x="24" y="32" font-size="16" font-weight="600">${title}</text>
<text x="24" y="54" font-size="12" fill="#57606a">The process is stopped for a part of every 100 ms; the backend, which is not, answers in time.</text>
<text x="${LEFT}" y="80" font-size="12"><tspan fill="${COLOURS[0]}">■</tspan> didelphis  <tspan fill="${COLOURS[1]}">■</tspan> opossum</text>
<path d="M${LEFT} ${TOP - 4}V${height - 12}" stroke="#d0d7de" fill="none"/>
${rows.join('\n')}
</g>
</svg>
`
}

module.exports = { chart }

const COLOURS = ['#1a7f37', '#cf222e']

function pressure ({ loop, throttle }) {
  return `stopped ${throttle.stopped} of every ${throttle.every} ms, ${loop === 'idle' ? 'nothing else to do' : 'always at work'}`
}

function call ({ share, timeout }) {
  return `answered after ${Math.round(timeout * share)} ms, timeout ${timeout} ms`
}
