'use strict'

// The user's own source files: which there are, and what is found in them. Used by
// `examination.js`.

const { lstatSync, readFileSync, readdirSync } = require('node:fs')
const { dirname, join, relative, sep } = require('node:path')
const { breakersIn } = require('./breakers')
const { examineListener } = require('./events')
const { examineInterval, examineOptions } = require('./options')

const SOURCE = /(?<!\.d|\.min)\.(?:[cm]?js|[cm]?ts|jsx|tsx)$/

// Nobody writes a file that long.
const MOST_BYTES = 1_000_000

// What others wrote, or a tool made.
const LEFT_OUT = new Set(['node_modules', 'bower_components', 'dist', 'build', 'out', 'coverage', 'target', 'vendor'])

const TEST = /(?:^|[/\\])(?:__tests?__|__mocks__|tests?|specs?|e2e|bench(?:marks?)?)[/\\]|[._-](?:test|spec|bench)\.\w+$/

// A comment on the line, or the line before, that says that it is meant.
const IGNORE = /didelphis-ignore/

/**
 * Looks through the source files of a folder. `isOpossum(library, from)`: whether what a file
 * in that folder has by that name is opossum itself.
 */
function examineSources (folder, isOpossum) {
  const files = sourceFiles(folder)
  const texts = files.map(file => [file, readFileSync(join(folder, file), 'utf8')])
  const mentioning = texts.filter(([, text]) => /opossum|didelphis/.test(text))
    .map(([file, text]) => ({ file, text, ...breakersIn(text) }))
  const emitted = new Set(mentioning.flatMap(({ emitted }) => emitted))
  const findings = mentioning.flatMap(file =>
    findingsIn(file, emitted, library => isOpossum(library, dirname(join(folder, file.file)))))
  const breakers = mentioning.reduce((sum, { made }) => sum + made.length, 0)
  return { files: files.length, breakers, findings }
}

module.exports = { examineSources }

function findingsIn ({ checked, comments, file, listened, made, text }, emitted, isOpossum) {
  const isTest = TEST.test(file)
  const about = library => ({ emitted, isOpossum: isOpossum(library), isTest })
  const found = [
    ...made.flatMap(breaker => examineOptions(breaker, about(breaker.library))),
    ...(isTest ? [] : checked.flatMap(examineInterval)),
    ...listened.flatMap(listener => examineListener(listener, about(listener.library)))
  ]
  const ignored = new Set(comments.filter(([, comment]) => IGNORE.test(comment))
    .flatMap(([at, comment]) => [placeOf(text, at).line, placeOf(text, at + comment.length).line + 1]))
  const seen = new Set()
  return found
    .map(({ at, ...finding }) => ({ ...finding, file: file.split(sep).join('/'), ...placeOf(text, at) }))
    .filter(({ line }) => !ignored.has(line))
    // Several breakers may be given one object of options.
    .filter(({ column, line, message }) => !seen.has(`${line}:${column}:${message}`) && seen.add(`${line}:${column}:${message}`))
    .sort((a, b) => a.line - b.line || a.column - b.column)
}

function placeOf (text, at) {
  const before = text.slice(0, at).split('\n')
  return { line: before.length, column: before.at(-1).length + 1 }
}

function sourceFiles (folder) {
  const files = []
  const folders = [folder]
  while (folders.length > 0) {
    const next = folders.pop()
    for (const entry of entriesOf(next)) {
      const path = join(next, entry.name)
      if (entry.isDirectory()) {
        if (!LEFT_OUT.has(entry.name) && !entry.name.startsWith('.')) folders.push(path)
      } else if (entry.isFile() && !entry.name.startsWith('.pnp.') && SOURCE.test(entry.name) && lstatSync(path).size <= MOST_BYTES) {
        files.push(relative(folder, path))
      }
    }
  }
  return files.sort()
}

// A folder that may not be read has nothing to be read in it.
function entriesOf (folder) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}
