'use strict'

// What the code may say to its users: every text of more than one word in `lib`, `src` and `crates`.
// Texts with something put into them are given in the parts between.

const { readFileSync, readdirSync } = require('node:fs')
const { join } = require('node:path')
const { tokenize } = require('../../lib/doctor/tokens')

const ROOT = join(__dirname, '..', '..')

/** The messages, as `{ file, text }`. */
function messages () {
  return [
    ...[...filesIn('lib', '.js'), COMMAND].flatMap(file => named(file, textsOfJavaScript(read(file)))),
    ...RUST.flatMap(folder => filesIn(folder, '.rs')).flatMap(file => named(file, textsOfRust(read(file))))
  ]
}

module.exports = { messages }

// Not the border, whose texts are those of the pages and of `lib/native/abi.js`.
const CRATES = readdirSync(join(ROOT, 'crates')).filter(name => name !== 'abi')
const RUST = ['src', ...CRATES.map(name => `crates/${name}/src`)]

const read = file => readFileSync(join(ROOT, file), 'utf8')

// What the command `didelphis` says when it is called wrongly.
const COMMAND = join('lib', 'doctor', 'command.js')

// In no build that users have; what says what is, for it needs no advice; and the names of
// metrics, which are on the page of the server.
const NO_MESSAGES = ['probe.rs', 'explain.js', 'metrics.js']

// What the doctor finds, what the server answers and what the command line says, which has what to do
// in it, are on pages of their own.
const ELSEWHERE = ['doctor', 'operator', 'serve']

function filesIn (folder, extension) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap(({ name, ...entry }) => {
    const path = join(folder, name)
    if (name.endsWith(extension)) return NO_MESSAGES.includes(name) ? [] : [path]
    return !name.includes('.') && !ELSEWHERE.includes(name) ? filesIn(path, extension) : []
  })
}

function named (file, texts) {
  return texts.map(text => text.replace(/\s+/g, ' ').trim())
    .filter(text => /\S \S/.test(text) && text !== 'use strict' && !text.startsWith('Usage: '))
    .map(text => ({ file, text }))
}

function textsOfJavaScript (source) {
  return tokenize(source).tokens.flatMap(({ at, text, type }) => {
    if (type === 'string') return [text.slice(1, -1).replace(/\\(.)/g, '$1')]
    return type === 'template' ? partsOfTemplate(source, at + 1) : []
  })
}

// Up to the end of the template; what is put into it is code, which may hold texts itself.
function partsOfTemplate (source, at) {
  const parts = ['']
  for (let depth = 0; at < source.length; at++) {
    const char = source[at]
    if (depth === 0 && char === '`') break
    if (depth === 0 && source.startsWith('${', at)) {
      depth = 1
      at++
      parts.push('')
    } else if (depth > 0) {
      depth += char === '{' ? 1 : char === '}' ? -1 : 0
    } else {
      parts[parts.length - 1] += char
    }
  }
  return parts
}

// Without comments and tests, and without what is said to the compiler.
function textsOfRust (source) {
  const [code] = source.replace(/^\s*\/\/.*$/gm, '').split(/#\[cfg\((?:test|all\(test, .*\))\)\]\nmod /)
  return Array.from(code.replace(/#!?\[[^\]]*\]/g, '').matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, text]) => text)
    .flatMap(text => text.split(/\{[^}]*\}/))
}
