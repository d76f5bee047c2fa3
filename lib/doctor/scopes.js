'use strict'

// Which declaration a name means at a place in the code: by the braces around it. What cannot
// be told for sure is no declaration at all. Used by `breakers.js`.

const { after, parts } = require('./values')

const DECLARING = new Set(['const', 'let', 'var'])

// Words that end a list of declarations where no semicolon does.
const STATEMENTS = new Set([
  ...DECLARING, 'class', 'export', 'for', 'function', 'if', 'import', 'return', 'switch', 'throw', 'try', 'while'
])

const NO_FUNCTIONS = new Set(['for', 'if', 'switch', 'while', 'with'])

const MODIFIERS = new Set(['private', 'protected', 'public', 'readonly', 'override', '...'])

class Scopes {
  #tokens
  #declarations = new Map()
  /** For each token the index of the brace around it, -1 for none. */
  #braces = []

  constructor (tokens) {
    this.#tokens = tokens
    this.#noteBraces()
    tokens.forEach((token, i) => {
      if (token.type === 'name') this.#readWord(token.text, i)
      else if (token.text === '(') this.#readParameters(i)
    })
  }

  /** The declaration that a name at that index means; undefined if there is none, or not one. */
  find (name, at) {
    const around = (this.#declarations.get(name) ?? []).filter(({ from, to }) => from <= at && at <= to)
    const [innermost, next] = around.sort((a, b) => (a.to - a.from) - (b.to - b.from))
    const isAmbiguous = next !== undefined && next.from === innermost.from && next.to === innermost.to
    return isAmbiguous ? undefined : innermost
  }

  /** The index of the brace around a token, or -1. */
  braceAround (at) {
    return this.#braces[at]
  }

  #noteBraces () {
    const open = [-1]
    for (const [i, { partner, text }] of this.#tokens.entries()) {
      if (text === '}' && partner >= 0 && open.length > 1) open.pop()
      this.#braces[i] = open.at(-1)
      if (text === '{' && partner >= 0) open.push(i)
    }
  }

  #readWord (word, i) {
    const tokens = this.#tokens
    const before = tokens[i - 1]?.text
    if (before === '.' || before === '?.') return
    if (DECLARING.has(word)) return this.#readDeclarations(i + 1)
    if (word === 'import') return this.#readImport(i)
    const next = tokens[i + 1]
    if ((word === 'function' || word === 'class') && next?.type === 'name') this.#declare(next.text, i + 1, this.#block(i))
    if (next?.text === '=>') this.#declare(word, i, this.#body(i + 1))
  }

  #readDeclarations (at) {
    const tokens = this.#tokens
    const block = this.#loop(at - 2) ?? this.#block(at)
    while (at < tokens.length) {
      const names = this.#namesOf(at)
      let i = this.#afterType(after(tokens, at))
      const init = tokens[i]?.text === '=' ? i + 1 : -1
      for (const name of names) this.#declare(tokens[name].text, name, block, names[0] === at ? init : -1)
      while (i < tokens.length && tokens[i].text !== ',' && !this.#ends(i)) i = after(tokens, i)
      if (tokens[i]?.text !== ',') return
      at = i + 1
    }
  }

  #ends (i) {
    const { text, type } = this.#tokens[i]
    return text === ';' || text === ')' || text === '}' || text === ']' || text === 'of' || text === 'in' ||
      (type === 'name' && STATEMENTS.has(text) && this.#tokens[i - 1].text !== '.' && this.#tokens[i - 1].text !== '=')
  }

  /** The indices of the names that a pattern declares. */
  #namesOf (at) {
    const tokens = this.#tokens
    if (tokens[at]?.type === 'name') return [at]
    const names = []
    if (tokens[at] === undefined || !'{['.includes(tokens[at].text)) return names
    for (const [from, to] of parts(tokens, at)) {
      const isRenamed = tokens[at].text === '{' && tokens[from + 1]?.text === ':' && from + 1 < to
      const start = isRenamed ? from + 2 : tokens[from].text === '...' ? from + 1 : from
      names.push(...this.#namesOf(start))
    }
    return names
  }

  // Behind a type, if there is one: at what gives the value, or ends the declaration.
  #afterType (at) {
    const tokens = this.#tokens
    if (tokens[at]?.text === '!') at++
    if (tokens[at]?.text !== ':') return at
    let i = at + 1
    while (i < tokens.length && !['=', ',', ';', ')'].includes(tokens[i].text) && !STATEMENTS.has(tokens[i].text)) {
      i = tokens[i].text === '<' ? afterGenerics(tokens, i) : after(tokens, i)
    }
    return i
  }

  #readImport (i) {
    const tokens = this.#tokens
    const { text } = tokens[i + 1] ?? {}
    if (text === '(' || text === '.') return
    const file = { from: 0, to: tokens.length }
    for (let at = i + 1; at < tokens.length && tokens[at].type !== 'string'; at++) {
      const next = tokens[at + 1]?.text
      if (tokens[at].text === '=') return
      if (tokens[at].type === 'name' && next !== 'as' && !IN_IMPORTS.has(tokens[at].text)) {
        this.#declare(tokens[at].text, at, file)
      }
    }
  }

  #readParameters (i) {
    const tokens = this.#tokens
    const { partner } = tokens[i]
    if (partner < 0 || NO_FUNCTIONS.has(tokens[i - 1]?.text)) return
    const body = this.#bodyAfter(partner + 1)
    if (body === undefined) return
    for (const [from, to] of parts(tokens, i)) {
      let at = from
      while (at < to && MODIFIERS.has(tokens[at].text)) at++
      for (const name of this.#namesOf(at)) this.#declare(tokens[name].text, name, this.#body(body))
    }
  }

  // The index of a function's brace or arrow, behind its parameters and the type of its result.
  #bodyAfter (at) {
    const tokens = this.#tokens
    const isBody = i => tokens[i]?.text === '{' || tokens[i]?.text === '=>'
    if (isBody(at)) return at
    if (tokens[at]?.text !== ':') return undefined
    for (let i = at + 1; i < Math.min(tokens.length, at + 40); i = after(tokens, i)) {
      if (tokens[i].text === '=>' || (tokens[i].text === '{' && tokens[i - 1].text !== ':')) return i
      if ([';', ',', '=', ')'].includes(tokens[i].text)) return undefined
    }
    return undefined
  }

  // From where to where a function reaches whose brace or arrow is at that index.
  #body (at) {
    const tokens = this.#tokens
    const start = tokens[at]?.text === '=>' ? at + 1 : at
    if (tokens[start]?.text === '{' && tokens[start].partner >= 0) return { from: start, to: tokens[start].partner }
    let to = start
    while (to < tokens.length && ![')', ']', '}', ',', ';'].includes(tokens[to].text)) to = after(tokens, to)
    return { from: start, to }
  }

  // From where to where a loop reaches whose bracket is at that index.
  #loop (bracket) {
    const tokens = this.#tokens
    if (tokens[bracket]?.text !== '(' || tokens[bracket].partner < 0) return undefined
    if (!['for', 'await'].includes(tokens[bracket - 1]?.text)) return undefined
    return { from: bracket, to: this.#body(tokens[bracket].partner + 1).to }
  }

  #block (at) {
    const brace = this.#braces[at] ?? -1
    return brace < 0 ? { from: 0, to: this.#tokens.length } : { from: brace, to: this.#tokens[brace].partner }
  }

  #declare (name, at, { from, to }, init = -1) {
    const declarations = this.#declarations.get(name) ?? []
    if (declarations.some(known => known.at === at)) return
    declarations.push({ name, at, from, to, init })
    this.#declarations.set(name, declarations)
  }
}

const IN_IMPORTS = new Set(['as', 'from', 'type', 'typeof'])

/** The index behind the type arguments that begin at a `<`; that of the `<` if they do not end. */
function afterGenerics (tokens, at) {
  let depth = 0
  for (let i = at; i < tokens.length; i = after(tokens, i)) {
    const { text } = tokens[i]
    if (text === '<') depth++
    if (text === '>') depth--
    if (depth === 0) return i + 1
    if (text === ';' || text === ')' || text === '}') break
  }
  return at
}

module.exports = { Scopes, afterGenerics }
