// One breaker: how it is, its charts, why it opened, its options, and the buttons that steer it.

import { Charts } from './charts.mjs'
import { byId, foreign, h, setAttribute, setText } from './dom.mjs'
import { clock, duration, failing, number, roughly, words } from './format.mjs'
import { wordOf } from './states.mjs'
import { buttons, pathOf } from './steer.mjs'
import { reason, verdict } from './verdict.mjs'

const VERDICTS_SHOWN = 8

export class Detail {
  #store
  #steering
  #leave
  #element = byId('detail')
  #parts
  #entry

  /** `leave()` is called when somebody closes it. */
  constructor (store, steering, leave) {
    this.#store = store
    this.#steering = steering
    this.#leave = leave
  }

  get id () {
    return this.#entry?.id
  }

  show (entry) {
    if (entry === this.#entry) return
    this.close()
    this.#entry = entry
    this.#element.hidden = false
    this.#make(entry)
    this.#element.scrollTop = 0
  }

  close () {
    this.#parts?.charts.close()
    this.#parts = undefined
    this.#entry = undefined
    this.#element.hidden = true
    this.#element.replaceChildren()
  }

  focus () {
    this.#parts?.close.focus()
  }

  restyle () {
    this.#parts?.charts.restyle()
  }

  update () {
    const parts = this.#parts
    if (!parts) return
    const { seen } = this.#entry
    const loop = this.#store.loops.get(seen.thread)
    setAttribute(parts.badge, 'data-state', seen.state)
    setText(parts.badge, wordOf(seen.state))
    setText(parts.next, this.#next(seen))
    parts.facts.calls(number(seen.callRate))
    parts.facts.failing(failing(seen))
    parts.facts.p50(duration(seen.latency?.p50))
    parts.facts.p99(duration(seen.latency?.p99))
    const places = seen.capacity === null ? '' : ` / ${number(seen.capacity)}`
    const waiting = seen.queued > 0 ? `, ${number(seen.queued)} wait` : ''
    parts.facts.inFlight(`${number(seen.inFlight)}${places}${waiting}`)
    this.#steer()
    this.#trips(loop)
  }

  draw (span) {
    if (!this.#parts) return
    this.#parts.charts.draw(this.#entry, this.#store.loops.get(this.#entry.seen.thread), span, this.#store.live)
  }

  #make (entry) {
    const { seen } = entry
    const close = h('button', { type: 'button', class: 'leave', 'aria-label': 'Back to all breakers', title: 'Back (Esc)', onclick: this.#leave }, '✕')
    const badge = h('span', { class: 'badge' })
    const next = h('span')
    const facts = {}
    const fact = (name, label) => {
      const value = h('dd')
      facts[name] = text => setText(value, text)
      return h('div', {}, h('dt', {}, label), value)
    }
    const steer = h('div')
    const charts = new Charts()
    const trips = h('tbody')
    const table = h('table', {}, h('thead', {}, h('tr', {}, ...['When', 'Why', 'Whose'].map(text => h('th', { scope: 'col' }, text)))), trips)
    const none = h('p', { class: 'muted' }, 'None that this page has seen.')
    const options = h('dl', { class: 'options' })
    this.#parts = { close, badge, next, facts, steer, charts, trips, table, none, options }
    const about = [seen.thread, ...(seen.group === seen.name ? [] : [`group ${seen.group}`]), ...Object.entries(seen.labels ?? {}).map(([name, value]) => `${name}=${value}`), `#${seen.id}`]
    const key = (name, text) => h('span', {}, h('i', { class: name }), text)
    this.#element.replaceChildren(
      h('header', {}, h('h2', {}, foreign(seen.name || '(no name)')), close),
      h('p', { class: 'meta' }, badge, next, ...about.map(text => foreign(text))),
      steer,
      h('dl', { class: 'facts' }, fact('calls', 'calls/s'), fact('failing', 'failing'), fact('p50', 'p50'), fact('p99', 'p99'), fact('inFlight', 'in flight')),
      charts.element,
      h('p', { class: 'legend' }, key('band-open', 'circuit open'), key('band-half', 'half open'), key('band-loop', 'loop stalled')),
      h('h3', {}, 'Openings'), table, none,
      h('details', { ontoggle: event => event.target.open && this.#fetchOptions(entry) }, h('summary', {}, 'Options'), options))
  }

  #next (seen) {
    const now = this.#store.now()
    if (seen.state === 'open' && seen.nextAttemptAt !== null) {
      return seen.nextAttemptAt > now ? `tries again in ${roughly(seen.nextAttemptAt - now)}` : 'tries with the next call'
    }
    return seen.since === null ? 'since it was made' : `for ${roughly(now - seen.since)}`
  }

  // Buttons are there for those who gave a token, an offer to give one where that is possible.
  #steer () {
    const { steer } = this.#parts
    const wanted = !this.#store.steering ? 'none' : this.#steering.given ? 'buttons' : 'offer'
    if (steer.dataset.is === wanted) return
    steer.dataset.is = wanted
    const entry = this.#entry
    const offer = () => h('p', { class: 'offer' }, h('button', { type: 'button', onclick: () => this.#steering.ask() }, 'Steer this breaker…'))
    steer.replaceChildren(...wanted === 'none' ? [] : [wanted === 'offer' ? offer() : buttons(this.#steering, () => entry.seen)])
  }

  #trips (loop) {
    const { trips, table, none } = this.#parts
    const told = this.#entry.history.trips.slice(-VERDICTS_SHOWN).reverse()
    table.hidden = told.length === 0
    none.hidden = told.length > 0
    const rows = told.map(trip => ({ trip, verdict: verdict(trip, loop) }))
    const state = rows.map(({ trip, verdict }) => `${trip.at} ${verdict.text}`).join('\n')
    if (trips.dataset.is === state) return
    trips.dataset.is = state
    trips.replaceChildren(...rows.map(({ trip, verdict }) => h('tr', {},
      h('td', {}, clock(trip.at)), h('td', {}, foreign(reason(trip.trip))), h('td', { class: 'verdict', 'data-is': verdict.is }, verdict.text))))
  }

  // As they are in force now: some may change while a breaker lives.
  async #fetchOptions (entry) {
    const { options } = this.#parts
    try {
      const response = await fetch(pathOf(entry.seen), { headers: this.#steering.headers(), cache: 'no-store' })
      if (!response.ok) return
      const { breakers } = await response.json()
      const all = breakers.find(({ id }) => id === entry.id)?.options ?? {}
      options.replaceChildren(...Object.entries(all).map(([name, value]) =>
        h('div', { title: name }, h('dt', {}, words(name)), h('dd', {}, foreign(value === null ? 'no limit' : String(value))))))
    } catch {}
  }
}
