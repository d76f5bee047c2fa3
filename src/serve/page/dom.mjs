// Elements, made of tags that are written here and of text. Whatever comes from the server is text:
// nothing on this page is ever parsed as HTML.

import { legible } from './format.mjs'

/** An element with attributes and children; a string among these becomes a text node. */
export function h (tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children)
  return element
}

export const byId = id => document.getElementById(id)

/** Writes a text only where it differs: 200 rows are looked at four times a second. */
export function setText (element, text) {
  if (element.textContent !== text) element.textContent = text
}

export function setAttribute (element, name, value) {
  if (value == null) element.removeAttribute(name)
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}

/** A text from elsewhere, in its own direction of writing. */
export function foreign (text) {
  return h('bdi', {}, legible(text))
}
