'use strict'

// A reporter for node:test that names what failed, one line for each, at the very end:
// where a log that is cut still has it. The names are kept, too, in a file that grows,
// for a failure that is seen once is a defect all the same.

const { appendFileSync, mkdirSync } = require('node:fs')
const { dirname, join, relative, resolve } = require('node:path')
const { fileURLToPath } = require('node:url')
const { inspect } = require('node:util')

const KEPT = process.env.DIDELPHIS_FAILURES ?? join(__dirname, '..', '..', 'target', 'failures.txt')

// The first line of an assertion's message says little; all of it may be a page.
const LONGEST = 240

module.exports = async function * failures (source) {
  const lines = []
  // The names that lead to the test that is told of, by file and by depth.
  const paths = new Map()
  for await (const { type, data } of source) {
    if (type !== 'test:start' && type !== 'test:fail') continue
    const { file, name, nesting } = data
    if (!paths.has(file)) paths.set(file, [])
    const path = paths.get(file)
    path.splice(nesting, Infinity, name)
    if (type === 'test:fail' && isNews(data)) lines.push(line(data, path))
  }
  if (lines.length === 0) return
  keep(lines)
  yield `\n${lines.join('')}`
}

// Whoever is failed by a subtest alone has nothing to say but that.
function isNews ({ details: { error }, todo }) {
  return todo === undefined && error?.failureType !== 'subtestsFailed'
}

function line ({ file, details: { error } }, path) {
  const place = file?.startsWith('file:') ? fileURLToPath(file) : file
  // A process that ends in another way than its tests do is told of by the name of its file.
  const names = path.filter(name => place === undefined || resolve(name) !== place)
  const where = place === undefined ? '' : `${relative(process.cwd(), place)}: `
  return `FAILED ${where}${oneLine(names.join(' > ') || 'the file itself')}: ${reason(error)}\n`
}

function reason (error) {
  const cause = error?.cause ?? error
  const how = [error?.exitCode && `exit code ${error.exitCode}`, error?.signal].filter(Boolean)
  const what = [cause?.message, cause].find(text => typeof text === 'string') ?? inspect(cause)
  const whole = oneLine([what, ...how].join(', '))
  return whole.length > LONGEST ? `${whole.slice(0, LONGEST)}…` : whole
}

function oneLine (text) {
  return text.replace(/\s+/g, ' ').trim()
}

function keep (lines) {
  const when = `${new Date().toISOString()} ${process.version}`
  mkdirSync(dirname(KEPT), { recursive: true })
  appendFileSync(KEPT, lines.map(line => `${when} ${line}`).join(''))
}
