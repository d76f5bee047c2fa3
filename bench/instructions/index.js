'use strict'

// Where the instructions of a call go. Counts do not drift as times do:
//
//   node bench/instructions [--write]
//
// prints a table; `--write` puts it and a chart of it into docs/performance.md. Needs
// valgrind.

const { execFile } = require('node:child_process')
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { promisify } = require('node:util')
const { buildFloor } = require('../floor')
const { chart } = require('./chart')
const { KINDS, byKind } = require('./kinds')
const { NAMES } = require('./program')

const run = promisify(execFile)

// What the second run has more than the first are calls alone: so many that what the beginning
// of one run takes more than that of another, as the counter of the processor is calibrated, is
// next to nothing for each.
const [FEWER, MORE] = [30_000, 180_000]
const DOCS = join(__dirname, '..', '..', 'docs')
const [BEGIN, END] = ['<!-- instructions -->', '<!-- /instructions -->']

main(process.argv.includes('--write'))

async function main (write) {
  buildFloor()
  const columns = []
  for (const name of NAMES) {
    const [fewer, more] = await Promise.all([FEWER, MORE].map(calls => profile(name, calls)))
    const kinds = new Map(KINDS.map(({ kind }) => [kind, (more.get(kind) - fewer.get(kind)) / (MORE - FEWER)]))
    columns.push({ name, kinds, total: [...kinds.values()].reduce((sum, count) => sum + count, 0) })
  }
  const text = table(columns)
  console.log(text)
  if (!write) return
  const page = join(DOCS, 'performance.md')
  const old = readFileSync(page, 'utf8')
  const [before, after] = [old.indexOf(BEGIN) + BEGIN.length, old.indexOf(END)]
  writeFileSync(page, `${old.slice(0, before)}\n${text}\n\nNode ${process.versions.node}, ${process.arch}.\n${old.slice(after)}`)
  writeFileSync(join(DOCS, 'performance.svg'), chart(columns))
}

/** The instructions of a process that makes so many calls, by kind. */
async function profile (name, calls) {
  const directory = mkdtempSync(join(tmpdir(), 'instructions-'))
  const counts = join(directory, 'counts')
  try {
    await run('valgrind', [
      '--tool=callgrind', `--callgrind-out-file=${counts}`,
      process.execPath, '--single-threaded', '--predictable-gc-schedule', join(__dirname, 'program.js'), name, String(calls)
    ])
    const { stdout } = await run('callgrind_annotate', ['--threshold=100', '--auto=no', '--show-percs=no', counts], { maxBuffer: 1 << 28 })
    return byKind(functions(stdout))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

// Lines of the form `1,234  file:function [object]`. What V8 compiled has no name, but an
// address.
function functions (text) {
  return [...text.matchAll(/^ *([\d,]+) +([^:\n]+):(.*?)(?: \[(.*?)\])?$/gm)].map(([, count, , name, object = '']) => {
    return { name, object, count: Number(count.replaceAll(',', '')) }
  })
}

function table (columns) {
  const row = cells => `| ${cells.join(' | ')} |`
  const number = count => Math.round(count).toLocaleString('en')
  return [
    row(['instructions a call', ...columns.map(({ name }) => name)]),
    row(['---', ...columns.map(() => '---:')]),
    ...KINDS.map(({ kind }) => row([kind, ...columns.map(({ kinds }) => number(kinds.get(kind)))])),
    row(['in all', ...columns.map(({ total }) => number(total))])
  ].join('\n')
}
