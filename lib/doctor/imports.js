'use strict'

// The names by which a file has the class of opossum or didelphis: imported, required, or
// taken out of the module. Used by `breakers.js`.

const { parts, stringOf } = require('./values')

const LIBRARIES = new Set(['opossum', 'didelphis'])

// What of the module is the class, as the module itself is.
const CLASSES = new Set(['CircuitBreaker', 'default'])

/** The index of each name's token that stands for the class, with the library that it is from. */
function classNames (tokens) {
  const found = new Map()
  for (let i = 2; i < tokens.length; i++) {
    if (tokens[i].type !== 'string' || !LIBRARIES.has(stringOf(tokens[i]))) continue
    const library = stringOf(tokens[i])
    const names = tokens[i - 1].text === 'from'
      ? imported(tokens, i - 1)
      : tokens[i - 1].text === '(' ? required(tokens, i - 1) : []
    for (const name of names) found.set(name, library)
  }
  return found
}

module.exports = { CLASSES, classNames }

// import A, { default as B, CircuitBreaker as C, CircuitBreaker } from; import * as D from
function imported (tokens, from) {
  const names = []
  for (let i = from - 1; i >= 0 && tokens[i].text !== 'import'; i--) {
    const { text, type } = tokens[i]
    if (text === ';' || text === 'export') return []
    if (type !== 'name' || ['as', 'type'].includes(text) || tokens[i + 1].text === 'as') continue
    const isInBraces = tokens.slice(i, from).some(({ text }) => text === '}')
    const original = tokens[i - 1]?.text === 'as' ? tokens[i - 2].text : text
    if (!isInBraces || CLASSES.has(original)) names.push(i)
  }
  return names
}

// const A = require(), = require().default, = (await import()).CircuitBreaker; const { default: B } =
function required (tokens, bracket) {
  let [from, to] = [bracket - 1, tokens[bracket].partner + 1]
  if (!['require', 'import'].includes(tokens[from]?.text)) return []
  while (['await', '('].includes(tokens[from - 1]?.text)) {
    from--
    if (tokens[from].text === '(') to = tokens[from].partner + 1
  }
  if (tokens[from - 1]?.text !== '=') return []
  if (tokens[to]?.text === '.') {
    if (!CLASSES.has(tokens[to + 1]?.text) || tokens[to + 2]?.text === '.') return []
  }
  const left = from - 2
  if (tokens[left]?.type === 'name') return [left]
  if (tokens[left]?.text !== '}' || tokens[left].partner < 0) return []
  return parts(tokens, tokens[left].partner)
    .filter(([from]) => CLASSES.has(tokens[from].text))
    .map(([from, to]) => tokens[from + 1]?.text === ':' && from + 1 < to ? from + 2 : from)
}
