'use strict'

// As much of node:assert/strict as the tests of breakers use, for a page.

const { NeedsNode } = require('./needs-node')
const { inspect } = require('../../../../lib/browser/inspect')

class AssertionError extends Error {
  name = 'AssertionError'
}

function fail (message) {
  if (message instanceof Error) throw message
  throw new AssertionError(message ?? 'failed')
}

function ok (value, message) {
  if (!value) fail(message ?? `${shown(value)} is not truthy`)
}

function check (holds, actual, words, expected, message) {
  if (!holds) fail(message instanceof Error ? message : `${message ? `${message}: ` : ''}${shown(actual)} ${words} ${shown(expected)}`)
}

const equal = (actual, expected, message) => check(Object.is(actual, expected), actual, 'is not', expected, message)
const notEqual = (actual, expected, message) => check(!Object.is(actual, expected), actual, 'is', expected, message)
const deepEqual = (actual, expected, message) => check(isSame(actual, expected), actual, 'is not', expected, message)
const notDeepEqual = (actual, expected, message) => check(!isSame(actual, expected), actual, 'is', expected, message)
const match = (text, pattern, message) => check(typeof text === 'string' && pattern.test(text), text, 'does not match', pattern, message)
const doesNotMatch = (text, pattern, message) => check(!pattern.test(text), text, 'matches', pattern, message)

function throws (act, expected, message) {
  let error
  try { act() } catch (thrown) { error = { thrown } }
  judge(error, expected, message, 'nothing was thrown')
}

function doesNotThrow (act) {
  act()
}

async function rejects (promise, expected, message) {
  let error
  try { await (typeof promise === 'function' ? promise() : promise) } catch (thrown) { error = { thrown } }
  judge(error, expected, message, 'it did not reject')
}

async function doesNotReject (promise) {
  await (typeof promise === 'function' ? promise() : promise)
}

function judge (error, expected, message, otherwise) {
  if (error === undefined) return fail(message ?? otherwise)
  const { thrown } = error
  if (thrown instanceof NeedsNode) throw thrown
  if (expected === undefined || typeof expected === 'string') return
  if (expected instanceof RegExp) return match(String(thrown), expected)
  if (typeof expected === 'function') {
    if (expected.prototype !== undefined && thrown instanceof expected) return
    if (Object.prototype.isPrototypeOf.call(Error, expected)) throw thrown
    if (expected.call({}, thrown) !== true) fail(`the check of ${shown(thrown)} did not give true`)
    return
  }
  const names = expected instanceof Error ? [...Object.keys(expected), 'message', 'name'] : Object.keys(expected)
  for (const name of names) {
    const wanted = expected[name]
    if (wanted instanceof RegExp && typeof thrown[name] === 'string') match(thrown[name], wanted, name)
    else deepEqual(thrown[name], wanted, name)
  }
}

function isSame (a, b, seen = []) {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (seen.some(([one, other]) => one === a && other === b)) return true
  const inside = [...seen, [a, b]]
  if (a instanceof Date) return a.getTime() === b.getTime()
  if (a instanceof RegExp) return String(a) === String(b)
  if (a instanceof Error && (a.message !== b.message || a.name !== b.name)) return false
  if (a instanceof Map || a instanceof Set) {
    return a.size === b.size && isSame([...a], [...b], inside)
  }
  const keys = object => Reflect.ownKeys(object).filter(key => Object.prototype.propertyIsEnumerable.call(object, key))
  const [ofA, ofB] = [keys(a), keys(b)]
  if (ofA.length !== ofB.length || (Array.isArray(a) && a.length !== b.length)) return false
  return ofA.every(key => Object.prototype.propertyIsEnumerable.call(b, key) && isSame(a[key], b[key], inside))
}

function shown (value) {
  if (value instanceof Error) return `${value}`
  try { return JSON.stringify(value, (key, inner) => typeof inner === 'object' ? inner : typeof inner === 'string' ? inner : inspect(inner)) ?? inspect(value) } catch { return inspect(value) }
}

const assert = Object.assign((value, message) => ok(value, message), {
  AssertionError,
  deepEqual,
  deepStrictEqual: deepEqual,
  doesNotMatch,
  doesNotReject,
  doesNotThrow,
  equal,
  fail,
  match,
  notDeepEqual,
  notEqual,
  notStrictEqual: notEqual,
  ok,
  rejects,
  strictEqual: equal,
  throws
})
assert.strict = assert

module.exports = assert
