'use strict'

// The command `didelphis`: reads what stands behind it, and tells what is found. Used by
// `bin/didelphis.js` alone; a program that requires didelphis loads nothing of all this.

const { existsSync } = require('node:fs')
const { join, resolve } = require('node:path')
const { parseArgs } = require('node:util')

const HELP = `Usage: npx didelphis doctor [folder] [--json]
       npx didelphis top URL, and open, close, force-open, disable, enable:
       see npx didelphis top --help

The doctor looks at the project in the folder (this one, if none is given):
  which copies of opossum and didelphis there are, and who requires them
  which binary is loaded and why, the clock and the thread that it runs on
  how much of the processors the container may use
  options in the source files that do not do what they seem to, and
  listeners to events that are never emitted

Source files are read, not run. What is named didelphis-ignore in a comment,
on the line or the one before, is left out.

Options
  --json     print one JSON object
  --version  print the version
  --help     print this

Exit code: 0 without problems (notes are none), 1 with problems, 2 when the
project cannot be examined.
`

// Exit codes.
const [FINE, PROBLEMS, UNUSABLE] = [0, 1, 2]

/** Runs the command with those arguments, and prints to these: its exit code. */
function run (args, { out, error }) {
  const refuse = message => {
    error(`didelphis: ${message}\n\n${HELP}`)
    return UNUSABLE
  }
  let given
  try {
    given = parseArgs({ args, allowPositionals: true, options: OPTIONS })
  } catch ({ message }) {
    return refuse(message)
  }
  const { positionals: [command, folder = '.', ...others], values: { help, json, version } } = given
  if (help) return print(out, HELP)
  if (version) return print(out, `${require('../../package.json').version}\n`)
  if (command === undefined) return refuse('which command?')
  if (command !== 'doctor') return refuse(`there is no command ${command}`)
  if (others.length > 0) return refuse('one folder at a time')
  const path = resolve(folder)
  if (!existsSync(join(path, 'package.json'))) return refuse(`there is no package.json in ${path}`)
  try {
    require('./copies').parseManifest(path)
  } catch ({ message }) {
    error(`didelphis: the package.json in ${path} cannot be read: ${message}\n`)
    return UNUSABLE
  }

  let report
  try {
    report = require('./examination').examine(path)
  } catch (reason) {
    // To a script that asks by the exit code, this is not what 1 says.
    error(`didelphis: the project in ${path} cannot be examined: ${reason.stack}\n`)
    return UNUSABLE
  }
  print(out, json ? `${JSON.stringify(report, null, 2)}\n` : require('./print').asText(report))
  return report.findings.some(({ level }) => level === 'problem') ? PROBLEMS : FINE
}

module.exports = { run }

const OPTIONS = { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' }, version: { type: 'boolean', short: 'v' } }

function print (out, text) {
  out(text)
  return FINE
}
