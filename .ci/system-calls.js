'use strict'

// Which system calls didelphis makes: a program under strace, with didelphis, with its server,
// and without either. Fails when the table of docs/installing.md lacks one: of its threads, or
// of the loop's where the same program without didelphis makes none such. Node's own threads
// make some now and then, so of the loop counts what both programs with didelphis make and no
// other does. What the table has and this run did not see, is printed: it may be another
// run's, or another kernel's.

const { execFileSync } = require('node:child_process')
const { mkdtempSync, readFileSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

const ROOT = join(__dirname, '..')
const PROGRAM = join(__dirname, 'projects', 'system-calls', 'program.js')

module.exports = { callsIn, table }

if (require.main === module) main()

function main () {
  const without = [trace(), trace()]
  const guarded = trace(ROOT)
  const served = trace(ROOT, 'serve')
  const isOurs = name => served.get('node').has(name) && !without.some(calls => calls.get('node').has(name))
  const seen = {
    'the event loop': new Set([...guarded.get('node')].filter(isOurs)),
    didelphis: new Set([...guarded.get('didelphis'), ...served.get('didelphis')]),
    'didelphis-serve': served.get('didelphis-serve')
  }
  const stated = table(readFileSync(join(ROOT, 'docs', 'installing.md'), 'utf8'))
  const missing = []
  for (const [thread, names] of Object.entries(seen)) {
    console.log(`system calls of ${thread}: ${[...names].sort().join(', ')}`)
    missing.push(...[...names].filter(name => !stated.get(thread)?.has(name)).map(name => `${name} of ${thread}`))
    const others = [...stated.get(thread) ?? []].filter(name => !names.has(name))
    if (others.length > 0) console.log(`  stated, and not seen in this run: ${others.sort().join(', ')}`)
  }
  if (missing.length > 0) {
    console.error(`docs/installing.md says nothing of ${missing.join(', ')}`)
    process.exitCode = 1
  }
}

function trace (...args) {
  const folder = mkdtempSync(join(tmpdir(), 'system-calls-'))
  try {
    const file = join(folder, 'trace')
    execFileSync('strace', ['-f', '-Y', '-qq', '-o', file, process.execPath, PROGRAM, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
    return callsIn(readFileSync(file, 'utf8'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * The names of the calls in what strace writes, by the names that the threads have in the end:
 * a thread begins as `node`. Those of Node's own threads all count as `node`.
 */
function callsIn (text) {
  const threads = new Map()
  const calls = []
  for (const line of text.split('\n')) {
    const [, id, thread, name] = /^(\d+)<([^>]*)> +(?:(\w+)\(|<\.\.\.)/.exec(line) ?? []
    if (thread?.startsWith('didelphis')) threads.set(id, thread)
    if (name) calls.push({ id, name })
  }
  const found = new Map([['node', new Set()], ['didelphis', new Set()], ['didelphis-serve', new Set()]])
  for (const { id, name } of calls) found.get(threads.get(id) ?? 'node').add(name)
  return found
}

/** The calls in the table of the page, by thread: `| thread, thread | `call`, `call` | what for |`. */
function table (page) {
  const [, section] = page.split(/^## System calls$/m)
  const stated = new Map()
  for (const [, threads, names] of section.split(/^## /m)[0].matchAll(/^\| ([\w, -]+?) \| (`[^|]*) \|/gm)) {
    for (const thread of threads.split(', ')) {
      const known = stated.get(thread) ?? new Set()
      for (const [, name] of names.matchAll(/`(\w+)`/g)) known.add(name)
      stated.set(thread, known)
    }
  }
  return stated
}
