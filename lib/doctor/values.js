'use strict'

// What stands written in the code, as values: numbers, words, and the properties of object
// literals. What is only known when the program runs is unknown here. Used by the rules.

/** That a value is known only when the program runs. */
const UNKNOWN = Symbol('unknown')

const WORDS = { true: true, false: false, null: null, undefined, Infinity, NaN }

/** The value of an expression of literals: a string, a list, or a calculation with numbers. */
function valueOf (tokens, from, to) {
  if (tokens[from]?.text === '[' && tokens[from].partner === to - 1) {
    return parts(tokens, from).map(([from, to]) => valueOf(tokens, from, to))
  }
  const only = to - from === 1 ? tokens[from] : undefined
  if (only?.type === 'string') return stringOf(only)
  if (only?.type === 'template' && only.text !== '') return only.text.slice(1, -1)
  if (only?.type === 'name' && only.text in WORDS) return WORDS[only.text]
  const sum = new Sum(tokens, from, to)
  const value = sum.read()
  return sum.at === to ? value : UNKNOWN
}

/** The text of a string without its quotes. Escapes stay: names have none. */
function stringOf ({ text }) {
  return text.slice(1, text.at(-1) === text[0] && text.length > 1 ? -1 : undefined)
}

/**
 * The properties of an object literal that begins at a brace: each with its `name`, the
 * index of its name's token, and from where to where its value stands; a method's and a
 * shorthand's is empty. `isWhole`: there is nothing else in it, such as a spread.
 */
function propertiesOf (tokens, brace) {
  const properties = []
  let isWhole = true
  for (const [from, to] of parts(tokens, brace)) {
    const property = propertyOf(tokens, from, to)
    if (property === undefined) isWhole = false
    else properties.push(property)
  }
  return { properties, isWhole }
}

/** What stands between the commas inside a pair of brackets: from where to where. */
function parts (tokens, bracket) {
  const end = tokens[bracket].partner
  const found = []
  let from = bracket + 1
  for (let i = from; i <= end; i = after(tokens, i)) {
    if (i !== end && tokens[i].text !== ',') continue
    if (i > from) found.push([from, i])
    from = i + 1
  }
  return found
}

/** The index behind a token or, if it opens a bracket, behind the bracket. */
function after (tokens, i) {
  return Math.max(tokens[i].partner, i) + 1
}

module.exports = { UNKNOWN, after, parts, propertiesOf, stringOf, valueOf }

const BEFORE_METHODS = new Set(['async', 'get', 'set', '*'])

function propertyOf (tokens, from, to) {
  let at = from
  while (at + 1 < to && BEFORE_METHODS.has(tokens[at].text) && !/^[:(,]$/.test(tokens[at + 1].text)) at++
  const key = tokens[at]
  if (key.type !== 'name' && key.type !== 'string') return undefined
  const name = key.type === 'string' ? stringOf(key) : key.text
  const isValue = tokens[at + 1]?.text === ':' && at + 1 < to
  const isAsync = isValue
    ? tokens[at + 2]?.text === 'async'
    : tokens.slice(from, at).some(({ text }) => text === 'async')
  return { name, at, from: isValue ? at + 2 : to, to, isAsync, isShorthand: at + 1 === to }
}

// A calculation: numbers, signs, the four operations, brackets.
class Sum {
  constructor (tokens, from, to) {
    this.tokens = tokens
    this.at = from
    this.to = to
  }

  read () {
    let value = this.product()
    while (this.sees('+', '-')) {
      const sign = this.next().text === '+' ? 1 : -1
      value = calculated(value, this.product(), (a, b) => a + sign * b)
    }
    return value
  }

  product () {
    let value = this.factor()
    while (this.sees('*', '/')) {
      const operation = this.next().text === '*' ? (a, b) => a * b : (a, b) => a / b
      value = calculated(value, this.factor(), operation)
    }
    return value
  }

  factor () {
    if (this.at >= this.to) return UNKNOWN
    const { text, type } = this.next()
    if (type === 'number' && !text.endsWith('n')) return Number(text.replaceAll('_', ''))
    if (text === '-' || text === '+') return calculated(0, this.factor(), (_, b) => text === '-' ? -b : b)
    if (text === 'Infinity') return Infinity
    if (text !== '(') return UNKNOWN
    const value = this.read()
    return this.sees(')') && this.next() ? value : UNKNOWN
  }

  sees (...texts) {
    return this.at < this.to && texts.includes(this.tokens[this.at].text)
  }

  next () {
    return this.tokens[this.at++]
  }
}

function calculated (a, b, operation) {
  return a === UNKNOWN || b === UNKNOWN ? UNKNOWN : operation(a, b)
}
