'use strict'

// The matrix as a picture: for every cell, how many of the calls that were answered in
// time each library told to have timed out.

const { name } = require('./print')

const ROW = 17
const TOP = 92
const LEFT = 470
const WIDTH = 300

function chart (cells) {
  const shown = cells.filter(({ results: [ours] }) => ours.judged > 0)
  const height = TOP + shown.length * ROW + 24
  const rows = shown.map((cell, i) => {
    const y = TOP + i * ROW
    const bars = cell.results.map((result, place) => {
      const share = result.judged ? result.falsely / result.judged : 0
      return bar(share, y + 2 + place * 6, COLOURS[place])
    })
    return `<text x="${LEFT - 10}" y="${y + 12}" text-anchor="end">${name(cell)}</text>${bars.join('')}` +
      `<text x="${LEFT + WIDTH + 10}" y="${y + 12}">${label(cell)}</text>`
  })
  const total = place => shown.reduce((sum, { results }) => sum + results[place].falsely, 0)
  const title = `False timeouts by kind of stall: didelphis ${total(0)}, opossum ${total(1)}`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 ${height}" width="900" height="${height}" font-family="system-ui, sans-serif" font-size="11" role="img" aria-label="${title}">
<rect width="900" height="${height}" rx="8" fill="#ffffff"/>
<g fill="#24292f">
<text x="24" y="32" font-size="16" font-weight="600">${title}</text>
<text x="24" y="54" font-size="12" fill="#57606a">Calls that the backend answered in time and that were told to have timed out, as a share of all such calls of the cell.</text>
<text x="${LEFT}" y="80" font-size="12"><tspan fill="${COLOURS[0]}">■</tspan> didelphis  <tspan fill="${COLOURS[1]}">■</tspan> opossum</text>
<text x="${LEFT + WIDTH}" y="80" font-size="12" text-anchor="end" fill="#57606a">100 %</text>
<text x="${LEFT + WIDTH + 10}" y="80" font-size="12" fill="#57606a">false timeouts</text>
<path d="M${LEFT} ${TOP - 4}V${height - 20}M${LEFT + WIDTH} ${TOP - 4}V${height - 20}" stroke="#d0d7de" fill="none"/>
${rows.join('\n')}
</g>
</svg>
`
}

module.exports = { chart }

const COLOURS = ['#1a7f37', '#cf222e']

function bar (share, y, colour) {
  return share > 0 ? `<rect x="${LEFT}" y="${y}" width="${Math.max(1, share * WIDTH).toFixed(1)}" height="6" fill="${colour}"/>` : ''
}

function label ({ results: [ours, theirs] }) {
  return `${ours.falsely} / ${theirs.falsely} of ${theirs.judged}`
}
