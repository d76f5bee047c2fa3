'use strict'

// The types of the ES module that browsers get: the names of `index.d.ts` and of `index.js`, all of them.

const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const ROOT = join(__dirname, '..', '..')
const read = file => readFileSync(join(ROOT, file), 'utf8')
const names = (text, pattern) => Array.from(text.matchAll(pattern), ([, name]) => name).sort()

const TYPES = read('lib/browser/index.d.mts')

test('it has every type of index.d.ts by name', () => {
  const expected = names(read('index.d.ts'), /^ {2}export (?:interface|type) (\w+)/gm)
  assert.ok(expected.length > 40)
  assert.deepEqual(names(TYPES, /^export import (\w+) = CircuitBreaker\.\1$/gm), expected)
})

test('it has every static that can be imported by name', () => {
  const expected = names(read('index.js'), /^module\.exports\.(\w+)/gm).filter(name => !['CircuitBreaker', 'default'].includes(name))
  assert.ok(expected.length > 8)
  assert.deepEqual(names(TYPES, /^export const (\w+): typeof CircuitBreaker\.\1$/gm), expected)
})
