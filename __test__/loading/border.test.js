'use strict'

// That the native half and its JavaScript belong together.

const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const loadBinary = require('../../lib/binary')
const { FINGERPRINT, NUMBERS, counters, nativeOptions } = require('../../lib/native/abi')

const { Environment, Handle } = loadBinary()

const open = fingerprint => new Environment(() => {}, false, new Float64Array(new SharedArrayBuffer(8 * NUMBERS)), fingerprint)

test('a binary of another version is refused when it is loaded', () => {
  for (const other of [FINGERPRINT + 1, 0, undefined]) {
    assert.throws(() => open(other), { name: 'Error' }, `${other}`)
  }
  assert.throws(() => open(FINGERPRINT ^ 1), { message: 'didelphis: its native binary is of another version than its JavaScript' })
  assert.doesNotThrow(() => open(FINGERPRINT))
})

test('what napi says of the native half is what is there', () => {
  const said = readFileSync(join(__dirname, '../../src/node/binding.d.ts'), 'utf8')
  for (const Class of [Environment, Handle]) {
    const [, body] = said.match(new RegExp(`^export declare class ${Class.name} \\{\\n(.*?)^\\}`, 'ms'))
    const members = Array.from(body.matchAll(/^ {2}(?:get )?(\w+) ?\(/gm), ([, name]) => name)
    assert.deepEqual([...new Set(['constructor', ...members])].sort(), Object.getOwnPropertyNames(Class.prototype).sort())
  }
  const [, functions] = said.match(/hot\(\): Record<(.*), \(\) => void>/)
  assert.deepEqual(functions.split(' | ').sort(), Object.keys(open(FINGERPRINT).hot()).map(name => `'${name}'`).sort())
})

test('each option that the native half takes is left for it', () => {
  const source = readFileSync(join(__dirname, '../../lib/native-options.js'), 'utf8')
  const left = Array.from(source.matchAll(/numbers\[places\.(\w+)\] = /g), ([, name]) => name)
  assert.deepEqual(left.sort(), Object.keys(nativeOptions).sort())
})

test('stats and buckets have each of the counters', () => {
  const breaker = new CircuitBreaker(() => {})
  for (const shown of [breaker.stats, breaker.status.window[0]]) {
    assert.deepEqual(Object.keys(shown).slice(0, counters.length), [...counters])
  }
  breaker.shutdown()
})
