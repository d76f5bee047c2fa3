'use strict'

// One class, however a program asks for it. The package is asked for by its own name,
// as programs do, so that the way leads through `exports`.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { after, before, describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')

const ROOT = join(__dirname, '..', '..')

const CircuitBreaker = require('didelphis')

// The names that Node finds by reading `index.js`, without running it.
const EXPORTS = ['CircuitBreaker', 'binding', 'default', 'disableAll', 'enableAll', 'isOurError', 'loop', 'newStatus', 'promisify', 'registry', 'retryBudget', 'serve']
// Node 23 and later hand on the whole of a CommonJS module under this name.
const WHOLE = 'module.exports'

// Those with a getter do something when they are read, which an import would do for all.
const isStatic = name => !['length', 'name', 'prototype'].includes(name) &&
  'value' in Object.getOwnPropertyDescriptor(CircuitBreaker, name)

test('require gives the class, which is its own default and its own CircuitBreaker', () => {
  assert.equal(typeof CircuitBreaker, 'function')
  assert.equal(CircuitBreaker.name, 'CircuitBreaker')
  assert.equal(CircuitBreaker.default, CircuitBreaker)
  assert.equal(CircuitBreaker.CircuitBreaker, CircuitBreaker)
  assert.equal(require('../..'), CircuitBreaker)
  assert.equal(CircuitBreaker.prototype.constructor, CircuitBreaker)
  const { CircuitBreaker: Named, default: Default } = require('didelphis')
  assert.equal(Named, CircuitBreaker)
  assert.equal(Default, CircuitBreaker)
})

test('a dynamic import gives it by each of its names', async () => {
  const namespace = await import('didelphis')
  assert.equal(namespace.default, CircuitBreaker)
  assert.equal(namespace.CircuitBreaker, CircuitBreaker)
  if (WHOLE in namespace) assert.equal(namespace[WHOLE], CircuitBreaker)
  assert.deepEqual(Object.keys(namespace).filter(name => name !== WHOLE).sort(), EXPORTS)
})

test('a namespace has every static member, by name', async () => {
  const namespace = await import('didelphis')
  const members = Object.getOwnPropertyNames(CircuitBreaker).filter(isStatic)
  assert.deepEqual(members.sort(), EXPORTS)
  for (const name of members) assert.equal(namespace[name], CircuitBreaker[name], name)
  // Without the class in front.
  const { isOurError, newStatus } = namespace
  assert.equal(isOurError(new Error('not ours')), false)
  assert.equal(newStatus({}).stats.fires, 0)
})

test('a breaker is an instance of each of them', async () => {
  const { CircuitBreaker: Named, default: Default } = await import('didelphis')
  for (const Class of [CircuitBreaker, Named, Default]) {
    const breaker = new Class(async () => 'value')
    assert.ok(breaker instanceof CircuitBreaker && breaker instanceof Named && breaker instanceof Default)
    assert.equal(await breaker.fire(), 'value')
    breaker.shutdown()
  }
})

test('the manifest can be asked for, and nothing inside', () => {
  assert.equal(require('didelphis/package.json').name, 'didelphis')
  assert.throws(() => require('didelphis/lib/circuit-breaker'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' })
})

describe('in a project of its own', () => {
  let project

  before(() => {
    project = realpathSync(mkdtempSync(join(tmpdir(), 'didelphis-modules-')))
    mkdirSync(join(project, 'node_modules'))
    for (const name of ['didelphis', 'opossum']) symlinkSync(ROOT, join(project, 'node_modules', name), 'junction')
  })

  after(() => rmSync(project, { recursive: true }))

  function run (file, source) {
    writeFileSync(join(project, file), source)
    return execFileSync(process.execPath, [join(project, file)], { encoding: 'utf8' })
  }

  test('static imports give one class', () => {
    assert.equal(run('main.mjs', `
      import { createRequire } from 'node:module'
      import CircuitBreaker from 'didelphis'
      import { CircuitBreaker as Named, default as Default, isOurError, newStatus, promisify } from 'didelphis'
      import * as namespace from 'didelphis'
      export { CircuitBreaker, default } from 'didelphis'
      const required = createRequire(import.meta.url)('didelphis')
      const classes = [Named, Default, namespace.default, namespace.CircuitBreaker, required, required.default,
        (await import('didelphis')).default, namespace['${WHOLE}'] ?? required]
      const statics = { isOurError, newStatus, promisify }
      console.log(classes.every(Class => Class === CircuitBreaker),
        Object.keys(statics).every(name => statics[name] === CircuitBreaker[name]))
    `), 'true true\n')
  })

  test('under the name of opossum too, as by an alias of npm', () => {
    assert.equal(run('alias.cjs', `
      const CircuitBreaker = require('opossum')
      import('opossum').then(async ({ default: Default }) => {
        console.log(Default === CircuitBreaker, CircuitBreaker === require('didelphis'),
          await new Default(async n => n + 1).fire(1))
      })
    `), 'true true 2\n')
  })

  test('a transpiled default import finds the class', () => {
    // What compilers make of \`import CircuitBreaker from\`, with interop and without.
    assert.equal(run('transpiled.cjs', `
      const interop = module => module?.__esModule ? module : { default: module }
      const required = require('didelphis')
      console.log(interop(required).default === required, required.default === required)
    `), 'true true\n')
  })

  test('required from there it is the same file', () => {
    const { resolve } = createRequire(pathToFileURL(join(project, 'any.js')))
    assert.equal(resolve('didelphis'), require.resolve('../..'))
  })
})
