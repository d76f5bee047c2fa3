// The event loops, below the table and on its time axis: the one thing by which to tell whether an
// opening was the service's or the loop's.

import { byId, h, setAttribute, setText } from './dom.mjs'
import { clock, duration, legible, place } from './format.mjs'
import { STALL } from './history.mjs'
import { drawAxis, drawLag } from './strip.mjs'

const SHOWN = 3

export class Dock {
  #store
  #rows = new Map()
  #axis = h('canvas', { class: 'axis', 'aria-hidden': 'true' })
  #more = h('p', { class: 'more' })
  #element = byId('dock')

  constructor (store) {
    this.#store = store
    this.#element.append(h('div', { class: 'dock-row', id: 'axis-row' }, this.#axis), this.#more)
    this.#axis.parentElement.style.minHeight = '0'
  }

  update () {
    const { loops } = this.#store
    // The main thread, and of the others those that are worst.
    const order = [...loops].sort(([one, { now: a }], [other, { now: b }]) =>
      (other === 'main') - (one === 'main') || Math.round(b.longest / 50) - Math.round(a.longest / 50) || (one < other ? -1 : 1))
    const shown = new Map(order.slice(0, SHOWN))
    for (const [thread, row] of this.#rows) {
      if (shown.has(thread)) continue
      row.element.remove()
      this.#rows.delete(thread)
    }
    for (const [thread, { held, now }] of shown) {
      const row = this.#rows.get(thread) ?? this.#make(thread)
      setText(row.state, now.stalled ? `stalled for ${duration(now.lag)}` : 'free')
      row.state.toggleAttribute('data-stalled', now.stalled)
      setText(row.lag, duration(now.lag))
      setText(row.longest, duration(Math.max(now.total.longestStall, now.stalled ? now.lag : 0) || null))
      setText(row.stalls, String(now.total.stalls))
      const last = held.at(-1)
      row.held.hidden = last === undefined
      if (last) setText(row.held, `${duration(last.length)} in ${place(last.heldBy)} at ${clock(last.at)}`)
      setAttribute(row.held, 'title', held.slice(-10).reverse().map(told).join('\n'))
    }
    this.#more.hidden = order.length <= SHOWN
    setText(this.#more, `and ${order.length - SHOWN} more, which lag less`)
  }

  draw (span) {
    for (const [thread, { canvas }] of this.#rows) {
      const loop = this.#store.loops.get(thread)
      if (loop) drawLag(canvas, loop.series, loop.stalls, span, STALL)
    }
    drawAxis(this.#axis, span)
  }

  #make (thread) {
    const row = { state: h('span'), held: h('bdi', { class: 'held' }), lag: h('b'), longest: h('b'), stalls: h('b'), canvas: h('canvas', { class: 'lag', 'aria-hidden': 'true' }) }
    const name = thread === 'main' ? 'Event loop' : `Event loop, ${thread}`
    row.element = h('div', { class: 'dock-row', 'data-thread': thread },
      h('div', { class: 'dock-name' }, h('b', {}, name), row.state, row.held), row.canvas,
      h('div', { class: 'dock-facts' }, h('span', {}, row.lag, ' lag now'), h('span', {}, row.longest, ' longest stall'), h('span', {}, row.stalls, ' stalls')))
    this.#rows.set(thread, row)
    this.#element.insertBefore(row.element, this.#axis.parentElement)
    return row
  }
}

function told ({ at, length, heldBy }) {
  return `${clock(at)}  ${duration(length)}  ${place(heldBy)}, ${Math.round(heldBy.share * 100)} %  ${legible(heldBy.url.slice(0, 300))}`
}

/** Says above everything, while a loop is stalled, which one and for how long. */
export function writeStalled (store) {
  const stalled = [...store.loops].filter(([, { now }]) => now.stalled && now.lag >= 250)
  const banner = byId('stalled')
  banner.hidden = stalled.length === 0 || !store.live
  setText(banner, stalled.map(([thread, { now }]) => `The event loop of ${thread} has been stalled for ${duration(now.lag)}.`).join(' '))
  setAttribute(document.body, 'data-stalled', banner.hidden ? null : '')
}
