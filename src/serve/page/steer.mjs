// Commands to a breaker, for those who know the token. It is kept in a variable here and nowhere else,
// and travels in a header.

import { byId, h, setText } from './dom.mjs'

export const COMMANDS = {
  open: { label: 'Open', asks: 'Open it? Calls are refused until it is tried again.' },
  close: { label: 'Close', asks: 'Close it? Calls reach the service at once.' },
  'force-open': { label: 'Force open', asks: 'Force it open? Calls are refused until somebody closes it.' },
  disable: { label: 'Disable', asks: 'Disable it? Calls pass, whatever becomes of them.' },
  enable: { label: 'Enable' }
}

const SAID = {
  obeyed: command => `${command.label}: done, the loop has obeyed.`,
  waits: command => `${command.label}: in force for the next call. The loop is busy; JavaScript hears of it when it is free.`,
  gone: () => 'The breaker is gone.',
  full: () => 'Too many commands wait for this loop. Try again later.'
}

/** Where a breaker is, and it alone: others may have its name. */
export function pathOf ({ name, id }, command = '') {
  // What a URL takes for a way up cannot stand in it.
  const isUp = name === '.' || name === '..'
  return `api/breakers/${isUp ? '-' : encodeURIComponent(name)}${command}?id=${id}${isUp ? `&name=${name}` : ''}`
}

export class Steering {
  #token
  #changed

  /** `changed()` is called when a token was given or refused. */
  constructor (changed) {
    this.#changed = changed
    const dialog = byId('token-dialog')
    byId('steer').addEventListener('click', () => this.ask())
    byId('token-cancel').addEventListener('click', () => dialog.close())
    dialog.addEventListener('close', () => { byId('token').value = '' })
    byId('token-form').addEventListener('submit', event => {
      event.preventDefault()
      this.#token = byId('token').value
      dialog.close()
      changed()
    })
  }

  get given () {
    return this.#token !== undefined
  }

  headers () {
    return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }
  }

  ask (why = 'Those who know it can open, close and disable breakers.') {
    setText(byId('token-why'), why)
    const dialog = byId('token-dialog')
    if (!dialog.open) dialog.showModal()
    byId('token').focus()
  }

  forget () {
    this.#token = undefined
    this.#changed()
  }

  /** Sends a command to one breaker; gives what to say about it. */
  async send (breaker, name) {
    let response, body
    try {
      response = await fetch(pathOf(breaker, `/${name}`), { method: 'POST', headers: this.headers(), cache: 'no-store' })
      body = await response.json()
    } catch {
      return 'The server does not answer.'
    }
    if (response.status === 401) {
      this.forget()
      this.ask('The server does not know this token.')
      return 'The server does not know this token.'
    }
    const result = body.results?.find(({ id }) => id === breaker.id)?.result
    return SAID[result]?.(COMMANDS[name]) ?? body.error?.message ?? `The server answers ${response.status}.`
  }
}

/** The buttons for one breaker: each asks once more before it does what calls will feel. */
export function buttons (steering, breaker) {
  const said = h('p', { class: 'said', role: 'status' })
  const row = h('div', { class: 'buttons', role: 'group', 'aria-label': 'Steer' })
  const element = h('div', { class: 'steering' }, row, said)
  const act = async name => {
    offer()
    setText(said, `${COMMANDS[name].label} …`)
    setText(said, await steering.send(breaker(), name))
  }
  const confirm = (name, { label, asks }) => {
    setText(said, asks)
    const yes = h('button', { type: 'button', class: 'primary', onclick: () => act(name) }, label)
    const no = () => {
      setText(said, '')
      offer(name)
    }
    row.replaceChildren(yes, h('button', { type: 'button', onclick: no }, 'Cancel'))
    yes.focus()
  }
  const offer = focused => {
    const hadFocus = row.contains(document.activeElement)
    row.replaceChildren(...Object.entries(COMMANDS).map(([name, command]) =>
      h('button', { type: 'button', 'data-command': name, onclick: () => command.asks ? confirm(name, command) : act(name) }, command.label)))
    if (hadFocus) row.querySelector(focused ? `[data-command="${focused}"]` : 'button').focus()
  }
  offer()
  return element
}
