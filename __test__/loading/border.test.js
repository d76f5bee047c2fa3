'use strict'

// That the native half and its JavaScript belong together.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const loadBinary = require('../../lib/binary')
const { FINGERPRINT, NUMBERS, counters } = require('../../lib/native/abi')

const { Environment } = loadBinary()

const open = fingerprint => new Environment(() => {}, false, new Float64Array(new SharedArrayBuffer(8 * NUMBERS)), fingerprint)

test('a binary of another version is refused when it is loaded', () => {
  for (const other of [FINGERPRINT + 1, 0, undefined]) {
    assert.throws(() => open(other), { name: 'Error' }, `${other}`)
  }
  assert.throws(() => open(FINGERPRINT ^ 1), { message: 'didelphis: its native binary is of another version than its JavaScript' })
  assert.doesNotThrow(() => open(FINGERPRINT))
})

test('stats and buckets have each of the counters', () => {
  const breaker = new CircuitBreaker(() => {})
  for (const shown of [breaker.stats, breaker.status.window[0]]) {
    assert.deepEqual(Object.keys(shown).slice(0, counters.length), [...counters])
  }
  breaker.shutdown()
})
