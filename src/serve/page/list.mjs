// The table of breakers: a row each, kept in order without taking the focus from anybody.

import { byId, h, setAttribute, setText } from './dom.mjs'
import { duration, failing, legible, number } from './format.mjs'
import { by, matches } from './order.mjs'
import { STATES, stateOf, wordOf } from './states.mjs'
import { drawStates } from './strip.mjs'

export class List {
  #store
  #show
  #rows = new Map()
  #body = byId('breakers')
  #chips = new Map()
  #chosen = null
  #visible = new Set()
  #observer = new IntersectionObserver(entries => {
    for (const { target, isIntersecting } of entries) {
      const row = this.#rows.get(Number(target.dataset.id))
      if (!row) continue
      if (isIntersecting) {
        this.#visible.add(row)
        this.#drawOne(row)
      } else this.#visible.delete(row)
    }
  }, { rootMargin: '120px' })

  search = ''
  sort = 'trouble'
  selected
  span = { from: 0, to: 1 }

  /** `show(id)` is called for the breaker that somebody wants to see. */
  constructor (store, show) {
    this.#store = store
    this.#show = show
    this.#body.addEventListener('click', event => {
      const row = event.target.closest('.row')
      if (row) {
        this.focus(Number(row.dataset.id))
        show(Number(row.dataset.id))
      }
    })
    this.#body.addEventListener('keydown', event => this.#key(event))
    this.#body.addEventListener('focusin', event => this.#rove(event.target.closest('.row')))
  }

  /** Brings rows, their order, and the chips up to date. */
  update () {
    const entries = [...this.#store.breakers.values()]
    const names = new Map()
    for (const { seen } of entries) names.set(seen.name, (names.get(seen.name) ?? 0) + 1)
    const threads = new Set(entries.map(({ seen }) => seen.thread)).size
    const wanted = entries.filter(({ seen }) => (!this.#chosen || seen.state === this.#chosen) && matches(seen, this.search))
    const compare = by(this.sort, this.#store.now())
    wanted.sort((one, other) => compare(one.seen, other.seen))
    for (const [id, row] of this.#rows) if (this.#store.breakers.get(id) !== row.entry) this.#drop(id, row)
    const rows = wanted.map(entry => {
      const row = this.#rows.get(entry.id) ?? this.#make(entry)
      this.#write(row, names.get(entry.seen.name) > 1, threads > 1)
      return row
    })
    this.#arrange(rows.map(({ element }) => element))
    this.#writeChips(entries)
    const nothing = byId('nothing')
    nothing.hidden = rows.length > 0
    setText(nothing, entries.length > 0 ? 'No breaker is like that.' : this.#store.live ? 'This process has no breakers yet.' : 'Waiting for the server.')
    const body = this.#body
    if (!body.querySelector('[tabindex="0"]')) this.#rove(body.firstElementChild)
  }

  draw () {
    for (const row of this.#visible) this.#drawOne(row)
  }

  focus (id) {
    this.#rows.get(id)?.button.focus()
  }

  focusFirst () {
    (this.#body.querySelector('[tabindex="0"]') ?? this.#body).focus()
  }

  #drawOne ({ entry, canvas }) {
    const { from, to } = this.span
    const stalls = this.#store.loops.get(entry.seen.thread)?.stalls ?? []
    drawStates(canvas, entry.history.states.between(from, to), stalls, this.span)
  }

  #make (entry) {
    const cell = (name, ...content) => h('span', { role: 'cell', class: name }, ...content)
    const row = { entry, badge: h('span', { class: 'badge' }), button: h('button', { type: 'button', tabindex: '-1' }), small: h('small') }
    row.canvas = h('canvas', { class: 'strip', 'aria-hidden': 'true' })
    for (const name of ['calls', 'failing', 'p50', 'p99', 'flight']) row[name] = h('span')
    row.fill = h('span')
    row.meter = h('div', { class: 'meter', 'aria-hidden': 'true' }, row.fill)
    row.since = h('span', { class: 'sr' })
    const label = text => h('span', { class: 'label' }, text)
    row.element = h('div', { role: 'row', class: 'row', 'data-id': entry.id },
      cell('state', row.badge), cell('name', row.button, row.small), cell('line', row.canvas, row.since),
      cell('calls n', row.calls, label(' calls/s')), cell('failing n', row.failing, label(' failing')),
      cell('p50 n', row.p50), cell('p99 n', label('p99 '), row.p99), cell('flight n', row.flight, label(' in flight'), row.meter))
    this.#rows.set(entry.id, row)
    this.#observer.observe(row.element)
    return row
  }

  #drop (id, row) {
    this.#observer.unobserve(row.element)
    this.#visible.delete(row)
    this.#rows.delete(id)
    if (row.element.contains(document.activeElement)) this.focusFirst()
    row.element.remove()
  }

  #write (row, isAmbiguous, withThread) {
    const { seen } = row.entry
    setAttribute(row.badge, 'data-state', seen.state)
    setText(row.badge, wordOf(seen.state))
    setText(row.button, legible(seen.name) || '(no name)')
    setAttribute(row.button, 'title', legible(seen.name))
    setAttribute(row.button, 'aria-expanded', String(row.entry.id === this.selected))
    const facts = [isAmbiguous && `#${seen.id}`, withThread && seen.thread, seen.group !== seen.name && seen.group, seen.draining && 'draining',
      seen.commandsWait && 'a command waits', ...Object.entries(seen.labels ?? {}).map(([name, value]) => `${name}=${value}`)].filter(Boolean)
    setText(row.small, legible(facts.join(' · ')))
    row.small.hidden = facts.length === 0
    setText(row.since, seen.moves > 0 ? `moved ${seen.moves} ${seen.moves === 1 ? 'time' : 'times'}` : 'never moved')
    setText(row.calls, number(seen.callRate))
    setText(row.failing, failing(seen))
    row.failing.className = seen.failureRate >= 10 ? 'warn' : ''
    setText(row.p50, duration(seen.latency?.p50))
    setText(row.p99, duration(seen.latency?.p99))
    const limited = seen.capacity !== null
    setText(row.flight, limited ? `${number(seen.inFlight)} / ${number(seen.capacity)}` : number(seen.inFlight))
    const isFull = limited && seen.inFlight >= seen.capacity
    row.flight.className = isFull ? 'full' : ''
    row.meter.hidden = !limited
    row.meter.toggleAttribute('data-full', isFull)
    row.fill.style.width = limited ? `${Math.min(100, seen.inFlight / Math.max(1, seen.capacity) * 100)}%` : '0'
    row.element.toggleAttribute('data-selected', row.entry.id === this.selected)
    row.element.toggleAttribute('data-stale', !this.#store.live)
  }

  // The row that has the focus is not moved: the others are moved around it.
  #arrange (wanted) {
    const keep = new Set(wanted)
    for (const element of [...this.#body.children]) if (!keep.has(element)) this.#hide(element)
    const held = wanted.find(element => element.contains(document.activeElement))
    let next = this.#body.firstElementChild
    for (const element of wanted) {
      if (element === held) {
        while (next !== held) {
          const passed = next
          next = next.nextElementSibling
          this.#body.append(passed)
        }
      }
      if (element === next) next = next.nextElementSibling
      else this.#body.insertBefore(element, next)
    }
  }

  #hide (element) {
    const hadFocus = element.contains(document.activeElement)
    element.querySelector('button').tabIndex = -1
    element.remove()
    if (hadFocus) this.#body.focus()
  }

  #writeChips (entries) {
    const counts = new Map(Object.keys(STATES).map(state => [state, 0]))
    for (const { seen } of entries) counts.set(seen.state, (counts.get(seen.state) ?? 0) + 1)
    for (const [state, count] of [[null, entries.length], ...counts]) {
      const chip = this.#chips.get(state) ?? this.#makeChip(state)
      setText(chip.count, String(count))
      chip.element.hidden = state !== null && count === 0 && this.#chosen !== state
      setAttribute(chip.element, 'aria-pressed', String(this.#chosen === state))
    }
  }

  #makeChip (state) {
    const count = h('b')
    const choose = () => {
      this.#chosen = this.#chosen === state ? null : state
      this.update()
    }
    const element = h('button', { type: 'button', class: 'chip', onclick: choose }, count, state === null ? 'all' : wordOf(state))
    const chip = { count, element, rank: state === null ? 99 : stateOf(state).trouble }
    this.#chips.set(state, chip)
    byId('chips').append(element)
    return chip
  }

  #rove (element) {
    if (!element) return
    for (const other of this.#body.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1
    element.querySelector('button').tabIndex = 0
  }

  #key (event) {
    const row = event.target.closest('.row')
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return
    const all = [...this.#body.children]
    const at = all.indexOf(row)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: all.length - 1 }[event.key]
    if (to === undefined) return
    event.preventDefault()
    const target = all[Math.max(0, Math.min(all.length - 1, to))]
    target.querySelector('button').focus()
    // With a breaker shown, the arrows leaf through them.
    if (this.selected !== undefined) this.#show(Number(target.dataset.id))
  }
}
