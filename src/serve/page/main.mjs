// The page: puts its parts together, and decides when what is written and drawn again.

import { Detail } from './detail.mjs'
import { Dock, writeStalled } from './dock.mjs'
import { byId, h, setText } from './dom.mjs'
import { clock, duration, legible } from './format.mjs'
import { List } from './list.mjs'
import { STATES } from './states.mjs'
import { Steering } from './steer.mjs'
import { Store } from './store.mjs'
import { Stream } from './stream.mjs'
import { drawStates } from './strip.mjs'
import { theme } from './theme.mjs'

// Charts move on by themselves; what was told is written at once.
const FRAME = 250
const STALL_WORTH_SAYING = 1_000

const store = new Store()
const steering = new Steering(() => {
  if (!store.live) stream.open()
  soon()
})
const list = new List(store, show)
const dock = new Dock(store)
const detail = new Detail(store, steering, leave)
const stream = new Stream({ event: told, state: streamIs }, () => steering.headers())

// Written ---------------------------------------------------------------------------------------

let isPlanned = false

function soon () {
  if (isPlanned) return
  isPlanned = true
  // A page in the background has no frames, and nobody who looks.
  requestAnimationFrame(() => {
    isPlanned = false
    write()
  })
}

function write () {
  list.update()
  dock.update()
  writeStalled(store)
  byId('steer').hidden = !store.steering && !isLocked
  setText(byId('steer'), isLocked ? 'Token…' : steering.given ? 'Change token…' : 'Steer…')
  choose()
  detail.update()
  draw()
}

function draw () {
  const to = store.live ? store.now() : frozen
  const span = { from: to - Number(byId('span').value), to }
  list.span = span
  list.draw()
  dock.draw(span)
  detail.draw(span)
}

// Of use above all where the page is in the background, and has no frames.
function writeTitle () {
  const open = [...store.breakers.values()].filter(({ seen }) => seen.state === 'open' || seen.state === 'forcedOpen').length
  const title = `${open > 0 ? `(${open} open) ` : ''}didelphis · ${location.host}`
  if (document.title !== title) document.title = title
}

// When the stream is lost, time stands still with it.
let frozen = Date.now()
setInterval(() => {
  if (!document.hidden && store.live) soon()
}, FRAME)

// Told ------------------------------------------------------------------------------------------

function told (event, data) {
  const entry = store.take(event, data)
  if (event === 'snapshot') streamIs('live')
  if (event === 'transition' && entry && /open/i.test(data.to)) announce(`${legible(entry.seen.name)}: ${STATES[data.to]?.word ?? data.to}`)
  if (event === 'loop' || event === 'snapshot') tellStalls()
  if (event !== 'loop') writeTitle()
  soon()
}

// Whether the server asks for its token for reading, too.
let isLocked = false

function streamIs (state, problem) {
  if (state !== 'connecting') isLocked = state === 'locked'
  if (state === 'live') {
    setText(byId('live-text'), 'live')
  } else if (state === 'connecting') {
    if (store.breakers.size > 0) return
    setText(byId('live-text'), 'connecting')
  } else {
    if (store.live) frozen = store.now()
    store.lost()
    if (state === 'locked') {
      setText(byId('live-text'), 'asks for a token')
      steering.ask(steering.given ? 'The server does not know this token.' : 'This server asks for its token for reading, too.')
    } else setText(byId('live-text'), `${problem}; as it was at ${clock(frozen)}`)
    soon()
  }
  byId('live').dataset.is = state
}

const stalledSince = new Map()

function tellStalls () {
  for (const [thread, { now }] of store.loops) {
    if (now.lag >= STALL_WORTH_SAYING && !stalledSince.has(thread)) {
      stalledSince.set(thread, now.lag)
      announce(`The event loop of ${thread} is stalled.`)
    } else if (!now.stalled && stalledSince.delete(thread)) {
      announce(`The event loop of ${thread} is free again, after ${duration(now.lastStall?.length)}.`)
    }
  }
}

const announce = text => setText(byId('announce'), text)

// Chosen ----------------------------------------------------------------------------------------

function chosenId () {
  return /^#\d+$/.test(location.hash) ? Number(location.hash.slice(1)) : undefined
}

function show (id) {
  if (chosenId() === id) detail.focus()
  else location.hash = String(id)
}

function leave () {
  const { id } = detail
  history.replaceState(null, '', location.pathname)
  soon()
  choose()
  list.focus(id)
}

function choose () {
  const entry = store.breakers.get(chosenId())
  if (entry === undefined) detail.close()
  else detail.show(entry)
  if (list.selected !== entry?.id) {
    list.selected = entry?.id
    soon()
  }
  byId('main').toggleAttribute('data-detail', entry !== undefined)
}

addEventListener('hashchange', () => {
  const isNarrow = matchMedia('(max-width: 1180px)').matches
  write()
  if (detail.id !== undefined && isNarrow) detail.focus()
})

// Searched, and by keyboard -------------------------------------------------------------------------

const search = byId('search')
search.addEventListener('input', () => {
  list.search = search.value
  soon()
})
search.addEventListener('keydown', event => {
  if (event.key === 'ArrowDown' || event.key === 'Enter') {
    event.preventDefault()
    write()
    list.focusFirst()
  }
})
byId('sort').addEventListener('change', event => {
  list.sort = event.target.value
  soon()
})
byId('span').addEventListener('change', soon)

addEventListener('keydown', event => {
  if (document.querySelector('dialog[open]')) return
  const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)
  if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault()
    search.focus()
    search.select()
  } else if (event.key === 'Escape') {
    if (event.target === search && search.value !== '') {
      search.value = list.search = ''
      soon()
    } else if (detail.id !== undefined) leave()
  }
})

const keys = byId('keys-dialog')
byId('keys').addEventListener('click', () => {
  keys.showModal()
  for (const { canvas, state } of samples) drawStates(canvas, [{ from: 0, to: 1, state }], [], { from: 0, to: 1 })
  drawStates(stallSample, [{ from: 0, to: 1, state: 'closed' }], [{ from: 0.3, to: 0.75 }], { from: 0, to: 1 })
})
byId('keys-close').addEventListener('click', () => keys.close())
const sample = text => {
  const canvas = h('canvas', { class: 'strip', 'aria-hidden': 'true' })
  byId('key-states').append(h('li', {}, canvas, text))
  return canvas
}
const samples = Object.entries(STATES).map(([state, { word }]) => ({ state, canvas: sample(word) }))
const stallSample = sample('the loop was stalled, below the state')

// A line through all moments that are the same ------------------------------------------------------

const scroll = byId('scroll')
const cross = h('div', { class: 'cross', hidden: true, 'aria-hidden': 'true' })
byId('table').append(cross)
byId('table').style.position = 'relative'
scroll.addEventListener('pointermove', ({ clientX }) => {
  const axis = byId('axis-row').firstElementChild.getBoundingClientRect()
  const share = (clientX - axis.left) / axis.width
  const inside = share >= 0 && share <= 1
  cross.hidden = !inside
  const { from, to } = list.span
  setText(byId('timeline-head'), inside ? `Timeline, ${clock(from + share * (to - from))}` : 'Timeline')
  if (inside) cross.style.left = `${clientX - byId('table').getBoundingClientRect().left}px`
})
scroll.addEventListener('pointerleave', () => {
  cross.hidden = true
  setText(byId('timeline-head'), 'Timeline')
})

addEventListener('resize', soon)
document.addEventListener('visibilitychange', soon)
setText(byId('host'), location.host)
theme(() => {
  detail.restyle()
  soon()
})
stream.open()
