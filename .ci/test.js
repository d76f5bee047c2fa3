'use strict'

// Runs the tests of JavaScript, `npm run test:js`: all of them, or `--without` some folders or files of
// `__test__` (`page`, `hostile/memory`).
// The names of what fails are told in the end, and kept.

const { spawnSync } = require('node:child_process')
const { readdirSync } = require('node:fs')
const { join } = require('node:path')

const ROOT = join(__dirname, '..')
const OPTIONS = [
  '--expose-gc', '--test', '--test-concurrency=2', '--test-timeout=600000',
  '--test-reporter=spec', '--test-reporter-destination=stdout',
  '--test-reporter=./__test__/support/failures.js', '--test-reporter-destination=stdout'
]

const [asked, ...without] = process.argv.slice(2)
if (asked !== undefined && asked !== '--without') {
  console.error('usage: node .ci/test.js [--without <folder or file>…]')
  process.exit(2)
}

const files = readdirSync(join(ROOT, '__test__'), { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .flatMap(({ name }) => readdirSync(join(ROOT, '__test__', name)).map(file => `${name}/${file}`))
  .filter(path => path.endsWith('.test.js'))
const unknown = without.filter(name => !files.some(file => isOf(file, name)))
if (unknown.length > 0) {
  console.error(`no tests are in __test__/${unknown.join(', __test__/')}`)
  process.exit(2)
}
const chosen = files.filter(file => !without.some(name => isOf(file, name))).map(file => `__test__/${file}`)

const { status } = spawnSync(process.execPath, [...OPTIONS, ...chosen], { cwd: ROOT, stdio: 'inherit' })
process.exit(status ?? 1)

function isOf (file, name) {
  return file.startsWith(`${name}/`) || file === `${name}.test.js`
}
