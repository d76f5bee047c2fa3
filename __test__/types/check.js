'use strict'

// `npm run test:types`: the declarations in each way that programs may be compiled, one
// tsconfig*.json each, and the package as programs find it, once it is packed.

const { execFile } = require('node:child_process')
const { mkdtempSync, readdirSync, rmSync } = require('node:fs')
const { availableParallelism, tmpdir } = require('node:os')
const { join } = require('node:path')
const { promisify } = require('node:util')

const ROOT = join(__dirname, '../..')
const ATTW = join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js')
const run = promisify(execFile)

/** Compiles one of the variants. */
async function compile (config) {
  await run(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', join(__dirname, config)])
}

/** Packs the package, as it stands, and looks at how its types resolve. Asks no registry. */
async function pack () {
  const folder = mkdtempSync(join(tmpdir(), 'didelphis-types-'))
  try {
    // npm is a script on Windows, which only a shell runs.
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT, shell: process.platform === 'win32' })
    const [tarball] = readdirSync(folder)
    const options = ['--no-definitely-typed', '--no-emoji', '--no-color']
    // It ends with a code where there is a problem, however small.
    const { stdout } = await run(process.execPath, [ATTW, join(folder, tarball), '--format', 'json', ...options]).catch(error => error)
    const problems = JSON.parse(stdout).analysis.problems.filter(problem => !isGetter(problem))
    if (problems.length > 0) throw new Error(JSON.stringify(problems, undefined, 2))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

// TypeScript takes every static for a named export. Node finds those in `index.js`, where one
// that is made when it is asked for cannot be: it would be made for whoever imports the class.
function isGetter ({ kind, missing }) {
  return kind === 'NamedExports' && missing.join() === 'stats'
}

async function check (name, work) {
  try {
    await work()
    console.log(`${name}: ok`)
  } catch ({ message, stdout = message, stderr = '' }) {
    console.error(`${name}:\n${stdout}${stderr}`)
    process.exitCode = 1
  }
}

const configs = readdirSync(__dirname).filter(file => /^tsconfig.*\.json$/.test(file))
const checks = [...configs.map(config => [config, () => compile(config)]), ['packed', pack]]

/** Does one check after another until none is left. */
async function work () {
  for (let next = checks.shift(); next; next = checks.shift()) await check(...next)
}

Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work))
