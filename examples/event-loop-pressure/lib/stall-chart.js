'use strict'

// One stall, as two endpoints tell it, as an SVG: the lag that each told over the time at
// which it did, on the same axes. Used by the program that watches it.

const { longestSilence } = require('./scrapes')

const WIDTH = 960
const LEFT = 64
const RIGHT = 24
const PLOT = WIDTH - LEFT - RIGHT
const HIGH = 130
const PANEL = 190
const TOP = 70

const PANELS = [
  ['javascript', 'an endpoint in JavaScript (prom-client)', '#bc4c00'],
  ['didelphis', 'the server of didelphis, in the same process', '#0969da']
]

/** The text of an SVG file. */
function stallChart ({ ends, from, scrapes, stall }) {
  const height = TOP + PANEL * PANELS.length
  const full = Math.max(stall, ...Object.values(scrapes).flat().map(({ lag }) => lag ?? 0))
  const x = at => LEFT + PLOT * Math.min(at, ends) / ends
  const lines = PANELS.flatMap(([name, title, colour], n) => {
    const top = TOP + PANEL * n
    const foot = top + 24 + HIGH
    const heard = scrapes[name].filter(({ took }) => took !== null)
    const silent = scrapes[name].filter(({ took }) => took === null)
    const y = lag => foot - HIGH * lag / full
    return [
      text(24, top + 10, `${title}: silent for ${(longestSilence(scrapes[name], ends) / 1000).toFixed(2)} s at the longest`, 'font-weight="600"'),
      `<rect x="${round(x(from))}" y="${top + 24}" width="${round(x(from + stall) - x(from))}" height="${HIGH}" fill="#fff1e5"/>`,
      text(x(from) + 4, top + 38, 'the loop is held', 'fill="#9a6700"'),
      `<path d="M${LEFT} ${foot}h${PLOT}" stroke="#8c959f"/>`,
      text(LEFT - 8, foot + 4, '0 s', 'text-anchor="end" fill="#57606a"'),
      text(LEFT - 8, y(stall) + 4, `${stall / 1000} s`, 'text-anchor="end" fill="#57606a"'),
      ...heard.map(({ at, lag, took }) => `<circle cx="${round(x(at + took))}" cy="${round(y(lag))}" r="4" fill="${colour}"/>`),
      ...silent.map(({ at }) => `<path d="M${round(x(at) - 4)} ${foot - 4}l8 8m0 -8l-8 8" stroke="#cf222e" stroke-width="1.5"/>`)
    ]
  })
  const seconds = Array.from({ length: Math.floor(ends / 1000) + 1 }, (_, second) =>
    text(x(1000 * second), height - 8, `${second} s`, 'text-anchor="middle" fill="#57606a"'))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"` +
      ' font-family="system-ui, sans-serif" font-size="12" fill="#24292f" role="img" aria-label="The lag of an event loop that is held, as two endpoints for Prometheus tell it">',
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>`,
    text(24, 30, 'One stall of the event loop, scraped from outside', 'font-size="16" font-weight="600"'),
    text(24, 50, 'A point: an answer, and the lag that it told. A cross: asked, and no answer in time.', 'fill="#57606a"'),
    ...lines,
    ...seconds,
    '</svg>',
    ''
  ].join('\n')
}

module.exports = stallChart

function text (x, y, words, attributes = '') {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${words}</text>`
}

function round (value) {
  return Math.round(10 * value) / 10
}
