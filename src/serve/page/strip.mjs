// What is drawn over time on a plain canvas: the states of a breaker, the lag of a loop, the axis.
// All take the same span of time, so that what stands above each other was at the same moment.

import { heightOf } from './history.mjs'
import { colour, colourOf } from './theme.mjs'

const STALL_LANE = 4

/** A canvas made ready: `{ context, width, height }` in CSS pixels, or nothing while it is not shown. */
export function prepare (canvas) {
  const { clientWidth: width, clientHeight: height } = canvas
  if (width === 0 || height === 0) return
  const ratio = devicePixelRatio || 1
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)]
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h })
  const context = canvas.getContext('2d')
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  return { context, width, height }
}

/** States as blocks, the higher the worse; below them, in a lane of their own, the stalls of the loop. */
export function drawStates (canvas, states, stalls, { from, to }, withGrid = true) {
  const made = prepare(canvas)
  if (!made) return
  const { context, width, height } = made
  const x = at => (at - from) / (to - from) * width
  const ground = height - STALL_LANE - 1
  if (withGrid) gridLines(context, width, ground, from, to)
  context.fillStyle = colour('line')
  context.fillRect(0, ground - 1, width, 1)
  const marks = stalls.filter(stall => stall.to >= from).map(stall => {
    const left = Math.max(0, x(stall.from))
    return { left, wide: Math.max(x(stall.to) - left, 2) }
  })
  context.fillStyle = colour('loop')
  for (const { left, wide } of marks) {
    context.globalAlpha = 0.2
    context.fillRect(left, 0, wide, ground)
    context.globalAlpha = 1
    context.fillRect(left, height - STALL_LANE + 1, wide, STALL_LANE - 1)
  }
  for (const piece of states) {
    const left = x(piece.from)
    // What was short is worth seeing all the more.
    const wide = Math.max(x(piece.to) - left, piece.state === 'closed' ? 0 : 2)
    const high = Math.round(heightOf(piece.state) * (ground - 1))
    context.fillStyle = colourOf(piece.state)
    context.fillRect(left, ground - high, wide, high)
  }
}

/** The lag as an area over the threshold of a stall. */
export function drawLag (canvas, series, stalls, { from, to }, threshold) {
  const made = prepare(canvas)
  if (!made) return
  const { context, width, height } = made
  const { t, columns: [lag] } = series
  let first = t.findLastIndex(at => at < from)
  if (first < 0) first = 0
  let most = threshold * 2
  for (let index = first; index < t.length; index++) if (lag[index] > most) most = lag[index]
  const x = at => (at - from) / (to - from) * width
  const y = value => height - 1 - value / most * (height - 5)
  gridLines(context, width, height, from, to)
  context.strokeStyle = colour('line')
  context.setLineDash([3, 3])
  line(context, 0, y(threshold), width, y(threshold))
  context.setLineDash([])
  context.beginPath()
  let open = false
  const close = at => {
    context.lineTo(x(at), height)
    context.closePath()
    open = false
  }
  for (let index = first; index < t.length; index++) {
    if (lag[index] === null) {
      if (open) close(t[index])
      continue
    }
    if (!open) context.moveTo(x(t[index]), height)
    open = true
    context.lineTo(x(t[index]), y(lag[index]))
  }
  if (open) close(t.at(-1))
  context.globalAlpha = 0.22
  context.fillStyle = colour('loop')
  context.fill()
  context.globalAlpha = 1
  context.strokeStyle = colour('loop')
  context.lineWidth = 1.5
  context.stroke()
  context.lineWidth = 1
}

/** The moments below: how long ago they were. */
export function drawAxis (canvas, { from, to }) {
  const made = prepare(canvas)
  if (!made) return
  const { context, width } = made
  context.fillStyle = colour('muted')
  context.font = '11px system-ui, "DejaVu Sans", sans-serif'
  const all = ticks(from, to)
  const isTight = width / (all.length - 1) < 68
  for (const [index, { ago, share }] of all.entries()) {
    if (isTight && index % 2 === 1) continue
    const text = ago === 0 ? 'now' : ago < 60_000 ? `−${ago / 1000} s` : `−${ago / 60_000} min`
    context.textAlign = ago === 0 ? 'right' : share < 0.05 ? 'left' : 'center'
    context.fillText(text, share * width, 12)
  }
}

const step = span => span <= 60_000 ? 15_000 : span <= 300_000 ? 60_000 : 180_000

function ticks (from, to) {
  const made = []
  for (let ago = 0; ago <= to - from; ago += step(to - from)) made.push({ ago, share: 1 - ago / (to - from) })
  return made
}

function gridLines (context, width, height, from, to) {
  context.strokeStyle = colour('grid')
  context.lineWidth = 1
  for (const { share } of ticks(from, to)) {
    const at = Math.min(width - 0.5, Math.round(share * width) + 0.5)
    line(context, at, 0, at, height)
  }
}

function line (context, ...[x, y, toX, toY]) {
  context.beginPath()
  context.moveTo(x, y)
  context.lineTo(toX, toY)
  context.stroke()
}
