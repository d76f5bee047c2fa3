'use strict'

// The breakers in a file: where they are made, with which options, and what is listened to
// on them. Used by `sources.js`.
//
// Better nothing than a false alarm: a name counts as a breaker only where every value that
// it is given in the file is one.

const { CLASSES, classNames } = require('./imports')
const { Scopes, afterGenerics } = require('./scopes')
const { tokenize } = require('./tokens')
const { UNKNOWN, parts, propertiesOf, stringOf, valueOf } = require('./values')

const LISTENING = new Set(['on', 'once', 'addListener', 'prependListener', 'prependOnceListener'])

const RETURNING_THIS = new Set([...LISTENING, 'fallback', 'off', 'removeListener', 'setMaxListeners'])

const NOTHING = new Set(['null', 'undefined'])

/** What a file does with breakers; undefined if it has none. */
function breakersIn (text) {
  const { tokens, comments } = tokenize(text)
  const file = new File(tokens)
  const emitted = file.emitted()
  return { comments, emitted, made: file.made, listened: file.listened(), checked: file.checked() }
}

module.exports = { breakersIn }

class File {
  constructor (tokens) {
    this.tokens = tokens
    this.classes = classNames(tokens)
    this.scopes = new Scopes(tokens)
    /** Each `new CircuitBreaker(...)`, by the index of its last bracket. */
    this.ends = new Map()
    this.made = this.classes.size > 0 ? this.#constructions() : []
    this.assigned = this.#assignments()
  }

  #constructions () {
    const { tokens } = this
    const made = []
    for (let i = 0; i < tokens.length; i++) {
      const library = this.#libraryOf(i)
      if (library === undefined) continue
      let bracket = i + 1
      while (tokens[bracket]?.text === '.' && CLASSES.has(tokens[bracket + 1]?.text)) bracket += 2
      if (tokens[bracket]?.text === '<') bracket = afterGenerics(tokens, bracket)
      if (tokens[bracket]?.text !== '(' || tokens[bracket].partner < 0) continue
      const from = tokens[i - 1]?.text === 'new' ? i - 1 : i
      const construction = { library, from, at: tokens[from].at, ...this.#argumentsOf(bracket) }
      made.push(construction)
      this.ends.set(tokens[bracket].partner, construction)
    }
    return made
  }

  // The library whose class a name at that index is.
  #libraryOf (i) {
    const { text, type } = this.tokens[i]
    if (type !== 'name' || this.#isMember(i)) return undefined
    const declaration = this.scopes.find(text, i)
    return declaration && declaration.at !== i ? this.classes.get(declaration.at) : undefined
  }

  #isMember (i) {
    return ['.', '?.', 'function', 'class', 'extends'].includes(this.tokens[i - 1]?.text)
  }

  #argumentsOf (bracket) {
    const { tokens } = this
    const given = parts(tokens, bracket)
    // Of a function with type parameters there may be commas too many.
    const [from, to] = given.length > 1 ? given.at(-1) : []
    const brace = from === undefined ? -1 : this.#objectAt(from, to)
    const action = given.length > 0 && tokens[given[0][0]].text === '{' ? propertiesOf(tokens, given[0][0]) : undefined
    return { action, options: brace < 0 ? undefined : this.#optionsAt(brace, from) }
  }

  #optionsAt (brace, from) {
    const { isWhole, properties } = propertiesOf(this.tokens, brace)
    for (const property of properties) {
      property.value = property.from < property.to ? valueOf(this.tokens, property.from, property.to) : UNKNOWN
      property.place = this.tokens[property.at].at
    }
    // More may be put into a variable later.
    return { properties, isWhole: isWhole && brace === from }
  }

  // The brace of an object literal, or of the one that a constant is.
  #objectAt (from, to) {
    const { tokens } = this
    const { partner, text, type } = tokens[from]
    const ends = i => i === to || tokens[i].text === 'as' || tokens[i].text === 'satisfies'
    if (text === '{') return ends(partner + 1) ? from : -1
    if (type !== 'name' || !ends(from + 1)) return -1
    const declaration = this.scopes.find(text, from)
    const init = declaration?.init ?? -1
    return init >= 0 && tokens[init].text === '{' && tokens[declaration.at - 1].text === 'const' ? init : -1
  }

  // What is given to names and members: by the declaration or the text, whether breakers alone.
  #assignments () {
    const { tokens } = this
    const given = new Map()
    const give = (target, from) => {
      const construction = this.#constructionFrom(from)
      if (construction === undefined && NOTHING.has(tokens[from]?.text)) return
      given.set(target, given.has(target) && given.get(target) !== construction?.library ? null : construction?.library ?? null)
    }
    for (let i = 1; i < tokens.length; i++) {
      if (tokens[i].text !== '=' || tokens[i - 1].type === 'string') continue
      const target = this.#targetBefore(i)
      if (target !== undefined) give(target, i + 1)
    }
    return given
  }

  #constructionFrom (from) {
    const { tokens } = this
    while (tokens[from]?.text === '(' || tokens[from]?.text === 'await') from++
    return this.made.find(construction => construction.from === from)
  }

  // A declaration, or `this.name` as text, to which the sign at that index gives something.
  #targetBefore (i) {
    const { tokens } = this
    const typed = this.#typedBefore(i)
    const at = typed ?? i - 1
    if (tokens[at].type !== 'name') return undefined
    const member = this.#memberAt(at)
    if (member !== undefined) return member
    const declaration = this.scopes.find(tokens[at].text, at)
    if (declaration !== undefined) return declaration
    // A field of a class.
    return `this.${tokens[at].text}`
  }

  // const breaker: CircuitBreaker<[string], number> = ...
  #typedBefore (i) {
    const { tokens } = this
    for (let at = i - 1; at > Math.max(0, i - 40); at--) {
      if (tokens[at].text === ':' && tokens[at - 1].type === 'name') return at - 1
      if ([';', '{', '}', '(', '=', '?'].includes(tokens[at].text)) return undefined
    }
    return undefined
  }

  // `this.breaker` or `clients.users`, that ends at an index; of longer ones nothing is known.
  #memberAt (at) {
    const { tokens } = this
    if (tokens[at - 1]?.text !== '.' || tokens[at - 2]?.type !== 'name') return undefined
    return tokens[at - 3]?.text === '.' ? '' : `${tokens[at - 2].text}.${tokens[at].text}`
  }

  /** What an expression is that ends at an index: a breaker, its status, or the loop. */
  #receiver (end) {
    const { tokens } = this
    if (tokens[end]?.text === '!') end--
    const { partner, text, type } = tokens[end] ?? {}
    if (text === ')') {
      if (this.ends.has(end)) return { what: 'breaker', library: this.ends.get(end).library }
      if (tokens[partner - 1]?.type !== 'name') return this.#receiver(end - 1)
      const isChained = RETURNING_THIS.has(tokens[partner - 1].text) && this.#isMember(partner - 1)
      return isChained ? this.#receiver(partner - 3) : undefined
    }
    if (type !== 'name') return undefined
    if (this.#isMember(end)) {
      if (text === 'status') return as('status', this.#receiver(end - 2))
      if (text === 'loop') return as('loop', this.#class(end - 2))
      return this.#known(this.#memberAt(end))
    }
    return this.#known(this.scopes.find(text, end))
  }

  #known (target) {
    const library = target && this.assigned.get(target)
    return library ? { what: 'breaker', library } : undefined
  }

  #class (i) {
    const library = this.#libraryOf(i)
    return library && { library }
  }

  /** Each event that is listened to: on what, of which library, by which name. */
  listened () {
    const found = []
    this.#calls((name, i, given) => {
      if (LISTENING.has(name) && this.#isMember(i)) {
        this.#listens(found, this.#receiver(i - 2), given[0])
      }
      // events.once(breaker, 'open')
      if (name === 'once' && given.length > 1) this.#listens(found, this.#receiver(given[0][1] - 1), given[1])
    })
    return found
  }

  #listens (found, receiver, [from, to] = []) {
    if (receiver === undefined || from === undefined) return
    const event = valueOf(this.tokens, from, to)
    if (typeof event === 'string') found.push({ ...receiver, event, at: this.tokens[from].at })
  }

  /** Intervals of health checks. */
  checked () {
    const found = []
    this.#calls((name, i, given) => {
      if (name !== 'healthCheck' || !this.#isMember(i) || given.length < 2) return
      if (this.#receiver(i - 2)?.what !== 'breaker') return
      const [from, to] = given.at(-1)
      found.push({ value: valueOf(this.tokens, from, to), at: this.tokens[from].at })
    })
    return found
  }

  /** Names of events that the file emits itself, on whatever. */
  emitted () {
    const names = []
    this.#calls((name, i, given) => {
      const first = given.length > 0 ? this.tokens[given[0][0]] : undefined
      if (name === 'emit' && first.type === 'string') names.push(stringOf(first))
    })
    return names
  }

  #calls (hear) {
    const { tokens } = this
    for (let i = 1; i + 1 < tokens.length; i++) {
      if (tokens[i].type !== 'name' || tokens[i + 1].text !== '(' || tokens[i + 1].partner < 0) continue
      hear(tokens[i].text, i, parts(tokens, i + 1))
    }
  }
}

function as (what, receiver) {
  return receiver && { ...receiver, what }
}
