'use strict'

// The counts as a chart: a bar for each guard, a stretch for each kind of work.

const { KINDS } = require('./kinds')

const [WIDTH, LEFT, BAR, GAP, TOP] = [880, 170, 26, 12, 96]

/** The chart, as SVG. */
function chart (columns) {
  const most = Math.max(...columns.map(({ total }) => total))
  const scale = (WIDTH - LEFT - 70) / most
  const height = TOP + columns.length * (BAR + GAP) + 10
  const bars = columns.map(({ name, kinds, total }, index) => {
    const y = TOP + index * (BAR + GAP)
    let x = LEFT
    const stretches = KINDS.map(({ kind, color }) => {
      const width = Math.max(0, kinds.get(kind)) * scale
      const stretch = `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${color}"/>`
      x += width
      return stretch
    })
    return text(LEFT - 8, y + 17, name, 'end') + stretches.join('') + text(x + 6, y + 17, Math.round(total).toLocaleString('en'))
  })
  const legend = KINDS.map(({ kind, color }, index) => {
    const [x, y] = [LEFT + (index % 2) * 340, 14 + (index >> 1) * 19]
    return `<rect x="${x}" y="${y - 10}" width="12" height="12" fill="${color}"/>${text(x + 18, y, kind)}`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">
<title>Instructions of a call, by what they are for</title>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
${[...legend, ...bars].join('\n')}
</svg>
`
}

module.exports = { chart }

function text (x, y, words, anchor = 'start') {
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}" fill="#171717">${words.replaceAll('&', '&amp;')}</text>`
}
