// The charts of one breaker, by uPlot, and the lag of its loop below them: one time axis, one cursor,
// and behind the lines what the circuit and the loop were doing.

import uPlot from 'uplot'
import { h, setText } from './dom.mjs'
import { clock, duration, number } from './format.mjs'
import { COLUMNS, STALL } from './history.mjs'
import { drawStates } from './strip.mjs'
import { colour, colourOf } from './theme.mjs'

const HEIGHT = 112
const LEFT = 52
const column = name => COLUMNS.indexOf(name) + 1

const CHARTS = [
  {
    title: 'Calls a second',
    format: number,
    series: [
      { label: 'succeeded', column: column('succeeded'), colour: 'one', fill: true },
      { label: 'failed', column: column('failed'), colour: 'two', fill: true },
      { label: 'refused', column: column('refused'), colour: 'three' }
    ]
  },
  {
    title: 'Latency',
    format: duration,
    series: [
      { label: 'p50', column: column('p50'), colour: 'one' },
      { label: 'p90', column: column('p90'), colour: 'five' },
      { label: 'p99', column: column('p99'), colour: 'six' }
    ]
  },
  {
    title: 'In flight',
    format: number,
    series: [
      { label: 'calls', column: column('inFlight'), colour: 'other', fill: true, stepped: true },
      { label: 'capacity', column: column('capacity'), colour: 'muted', dash: [5, 4], stepped: true }
    ]
  },
  {
    title: 'Event loop',
    format: duration,
    ofLoop: true,
    axis: true,
    least: STALL * 2,
    series: [{ label: 'lag', column: 1, colour: 'loop', fill: true }]
  }
]

export class Charts {
  element
  #charts
  #canvas = h('canvas', { class: 'strip', role: 'img' })
  #cursorAt = h('span', { class: 'at' })
  #entry
  #loop
  #span

  constructor () {
    this.#canvas.style.margin = `0 8px 0 ${LEFT}px`
    // A canvas is as wide as it is told.
    this.#canvas.style.width = `calc(100% - ${LEFT + 8}px)`
    const strip = h('figure', { class: 'chart' }, h('figcaption', {}, h('b', {}, 'State'), this.#cursorAt), this.#canvas)
    this.#charts = CHARTS.map(chart => new Chart(chart, this))
    this.element = h('div', {}, strip, ...this.#charts.map(({ element }) => element))
  }

  /** Draws a breaker, over a span of time that ends now. */
  draw (entry, loop, span, live) {
    Object.assign(this, { live })
    this.#entry = entry
    this.#loop = loop
    this.#span = span
    const pieces = this.pieces()
    drawStates(this.#canvas, pieces, this.stalls(), span, false)
    this.#canvas.setAttribute('aria-label', `States: ${[...new Set(pieces.map(({ state }) => state))].join(', ') || 'not known'}`)
    const columns = entry.history.upTo(span.to, live)
    const lag = loop ? [loop.series.t, ...loop.series.columns] : [[], []]
    for (const chart of this.#charts) chart.draw(chart.kind.ofLoop ? lag : columns, span)
  }

  pieces () {
    return this.#entry.history.states.between(this.#span.from, this.#span.to)
  }

  stalls () {
    return this.#loop?.stalls ?? []
  }

  /** Colours are others. */
  restyle () {
    for (const chart of this.#charts) chart.forget()
  }

  point (at) {
    setText(this.#cursorAt, at === undefined ? '' : clock(at))
  }

  close () {
    for (const chart of this.#charts) chart.forget()
  }
}

class Chart {
  kind
  element
  #all
  #plot
  #span
  #place = h('div')
  #keys

  constructor (kind, all) {
    this.kind = kind
    this.#all = all
    this.#keys = kind.series.map(({ label, dash, colour }) => {
      const value = h('span')
      const line = h('i', { class: dash && 'dashed' })
      const element = h('span', { class: 'key' }, line, label, ' ', value)
      return { element, line, value, colour }
    })
    this.element = h('figure', { class: 'chart' },
      h('figcaption', {}, h('b', {}, kind.title), ...this.#keys.map(({ element }) => element)), this.#place)
  }

  draw (columns, span) {
    this.#span = span
    const width = this.#place.clientWidth
    if (width === 0) return
    const data = [columns[0], ...this.kind.series.map(({ column }) => columns[column])]
    if (this.#plot === undefined) this.#make(data, width)
    else {
      if (this.#plot.width !== width) this.#plot.setSize({ width, height: this.#plot.height })
      this.#plot.setData(data)
    }
    this.#write()
  }

  forget () {
    this.#plot?.destroy()
    this.#plot = undefined
  }

  #make (data, width) {
    const { kind } = this
    const axis = { stroke: colour('muted'), font: '11px system-ui, "DejaVu Sans", sans-serif', ticks: { show: false } }
    const grid = { stroke: colour('grid'), width: 1 }
    this.#plot = new uPlot({ // eslint-disable-line new-cap
      width,
      height: HEIGHT + (kind.axis ? 22 : 0),
      ms: 1,
      padding: [6, 8, kind.axis ? 0 : 6, 0],
      legend: { show: false },
      cursor: { sync: { key: 'didelphis' }, drag: { x: false, y: false }, y: false, points: { size: 7 } },
      scales: {
        x: { time: true, range: () => [this.#span.from, this.#span.to] },
        y: { range: (_, least, most) => [0, Math.max(most ?? 0, kind.least ?? 0) * 1.08 || 1] }
      },
      axes: [
        { ...axis, grid, show: true, size: kind.axis ? 22 : 0, values: (_, moments) => moments.map(at => kind.axis ? clock(at).slice(0, this.#span.to - this.#span.from > 120_000 ? 5 : 8) : ''), space: 70 },
        { ...axis, grid, size: LEFT, space: 30, gap: 6, values: (_, values) => values.map(value => kind.format(value)) }
      ],
      series: [{}, ...kind.series.map(line => ({
        label: line.label,
        stroke: colour(line.colour),
        fill: line.fill && `${colour(line.colour).trim()}2e`,
        width: 1.5,
        dash: line.dash,
        paths: line.stepped && uPlot.paths.stepped({ align: 1 }),
        points: { show: false }
      }))],
      hooks: { drawClear: [plot => this.#bands(plot)], setCursor: [() => this.#write()] }
    }, data, this.#place)
    for (const { line, colour: name } of this.#keys) line.style.color = colour(name)
    this.#plot.root.setAttribute('aria-hidden', 'true')
  }

  // Behind the lines: when the circuit was not closed, and when the loop was stalled.
  #bands (plot) {
    const { ctx: context, bbox } = plot
    const x = at => plot.valToPos(Math.max(this.#span.from, Math.min(this.#span.to, at)), 'x', true)
    context.save()
    for (const { from, to, state } of this.#all.pieces()) {
      if (state === 'closed') continue
      context.globalAlpha = 0.15
      context.fillStyle = colourOf(state)
      context.fillRect(x(from), bbox.top, Math.max(1, x(to) - x(from)), bbox.height)
    }
    context.fillStyle = colour('loop')
    for (const { from, to } of this.#all.stalls()) {
      if (to < this.#span.from) continue
      const wide = Math.max(1.5, x(to) - x(from))
      context.globalAlpha = 0.16
      context.fillRect(x(from), bbox.top, wide, bbox.height)
      context.globalAlpha = 1
      context.fillRect(x(from), bbox.top + bbox.height - 3, wide, 3)
    }
    context.restore()
  }

  // The values where the cursor is, otherwise the last ones.
  #write () {
    const plot = this.#plot
    if (plot === undefined) return
    const index = plot.cursor.idx
    const { length } = plot.data[0]
    this.#keys.forEach(({ value }, at) => {
      const values = plot.data[at + 1]
      const shown = values[index ?? length - 1]
      setText(value, length === 0 ? '' : this.kind.series[at].label === 'capacity' && shown === null ? 'no limit' : this.kind.format(shown))
    })
    if (this.kind.axis) this.#all.point(plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, 'x') : undefined)
  }
}
