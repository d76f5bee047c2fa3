// Light, dark, or as the system has it; and the colours by name, for what is drawn on a canvas.

import { byId } from './dom.mjs'

const KEY = 'didelphis-theme'
const system = matchMedia('(prefers-color-scheme: dark)')
let style

/** Sets the theme up; `changed` is called whenever colours are others. */
export function theme (changed) {
  const select = byId('theme')
  select.value = remembered() ?? 'auto'
  const apply = () => {
    const dark = select.value === 'auto' ? system.matches : select.value === 'dark'
    document.documentElement.dataset.theme = dark ? 'dark' : 'light'
    style = undefined
    changed()
  }
  select.addEventListener('change', () => {
    remember(select.value)
    apply()
  })
  system.addEventListener('change', apply)
  apply()
}

/** The colour that the style sheet calls `--name`. */
export function colour (name) {
  style ??= getComputedStyle(document.documentElement)
  return style.getPropertyValue(`--${name}`)
}

const OF_STATE = { closed: 'closed', open: 'open', halfOpen: 'half', forcedOpen: 'forced', disabled: 'off' }

export const colourOf = state => colour(OF_STATE[state] ?? 'other')

// A browser may refuse to remember.
function remembered () {
  try {
    return ['light', 'dark'].find(name => name === localStorage.getItem(KEY))
  } catch {}
}

function remember (value) {
  try {
    localStorage.setItem(KEY, value)
  } catch {}
}
