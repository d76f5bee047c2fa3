'use strict'

// Source text as tokens: as much of JavaScript and TypeScript as it takes to find calls and
// object literals in it, and no more. Used by `breakers.js`.
//
// It is no parser. Where it cannot tell (a regular expression after a bracket, text between
// tags), it may lose some tokens up to the end of the line: then something is not found.

const OPENING = { '(': ')', '[': ']', '{': '}' }

// After these words a slash begins a regular expression.
const BEFORE_EXPRESSION = new Set([
  'await', 'case', 'delete', 'do', 'else', 'in', 'instanceof', 'new', 'of', 'return', 'throw', 'typeof', 'void', 'yield'
])

// One of these at a place in the text. What spans lines has no place here but comments.
const TOKEN = new RegExp([
  /(?<space>\s+|\/\/[^\n]*|\/\*[^]*?(?:\*\/|$))/,
  /(?<number>(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)n?)/,
  /(?<name>[#@]?[\p{ID_Start}$_\\][\p{ID_Continue}$\\]*)/u,
  /(?<string>'(?:[^'\\\n]|\\[^])*(?:'|(?=\n)|$)|"(?:[^"\\\n]|\\[^])*(?:"|(?=\n)|$))/,
  /(?<punct>\.\.\.|=>|\?\.(?!\d)|[=!]==?|\?\?=?|&&=?|\|\|=?|\*\*=?|\+\+|--|[+\-*/%&|^]=|[^])/u
].map(({ source }) => source).join('|'), 'uy')

const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[\w$]*/y

// Text of a template up to its end or to an expression in it.
const TEMPLATE = /(?:[^`\\$]|\\[^]|\$(?!\{))*/y

/**
 * The tokens of a text: each with its `type` (name, number, string, template, regex, punct),
 * its `text`, where it is `at`, and for a bracket the index of its `partner`. Comments are
 * apart, as `[at, text]`.
 */
function tokenize (text) {
  const tokens = []
  const comments = []
  // Brackets that are open: their indices. A template's expression stands in brackets of
  // its own, whose end goes on with the template.
  const open = []

  const push = (type, text, at) => tokens.push({ type, text, at, partner: -1 })

  const template = at => {
    TEMPLATE.lastIndex = at
    const [part] = TEMPLATE.exec(text)
    const end = at + part.length
    if (text.startsWith('${', end)) {
      push('punct', '(', end)
      open.push({ index: tokens.length - 1, closing: '}', inTemplate: true })
      return end + 2
    }
    return end + 1
  }

  let place = text.startsWith('#!') ? text.indexOf('\n') >>> 0 : 0
  while (place < text.length) {
    const char = text[place]
    if (char === '`') {
      push('template', templateText(text, place), place)
      place = template(place + 1)
      continue
    }
    if (char === '/' && beginsExpression(tokens.at(-1))) {
      REGEX.lastIndex = place
      const regex = REGEX.exec(text)
      if (regex && text[place + 1] !== '*' && text[place + 1] !== '/') {
        push('regex', regex[0], place)
        place = REGEX.lastIndex
        continue
      }
    }
    TOKEN.lastIndex = place
    const { 0: found, groups } = TOKEN.exec(text)
    const [type] = Object.entries(groups).find(([, text]) => text !== undefined)
    if (type === 'space') {
      if (char === '/') comments.push([place, found])
    } else {
      push(type, found, place)
    }
    place += found.length
    if (type !== 'punct') continue
    if (found in OPENING) {
      open.push({ index: tokens.length - 1, closing: OPENING[found], inTemplate: false })
    } else if (open.at(-1)?.closing === found) {
      const { index, inTemplate } = open.pop()
      const closing = tokens.length - 1
      tokens[index].partner = closing
      tokens[closing].partner = index
      if (inTemplate) {
        tokens[closing].text = ')'
        place = template(place)
      }
    }
  }
  return { tokens, comments }
}

module.exports = { tokenize }

function beginsExpression (before) {
  if (before === undefined) return true
  if (before.type === 'name') return BEFORE_EXPRESSION.has(before.text)
  return before.type === 'punct' && ![')', ']', '}', '++', '--'].includes(before.text)
}

// The whole of a template without expressions; otherwise nothing that could be compared.
function templateText (text, at) {
  TEMPLATE.lastIndex = at + 1
  const [part] = TEMPLATE.exec(text)
  return text[at + 1 + part.length] === '`' ? `\`${part}\`` : ''
}
