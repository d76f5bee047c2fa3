// What is built for browsers has nothing of Node's in it: it runs where there is none, and asks for none.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'

const DIST = new URL('../../../dist/', import.meta.url)
const read = name => readFileSync(new URL(name, DIST), 'utf8')

// A little above what it is (docs/browser.md says of what): what makes it larger is to be noticed.
const MOST_BYTES = 106_000

test('nothing of Node\'s is named in it', () => {
  const scripts = readdirSync(DIST).filter(name => /js$/.test(name))
  assert.equal(scripts.length, 6)
  for (const name of scripts) {
    // What it would say of a snapshot, which nobody makes of a page.
    const code = read(name).replace("require('node:v8').startupSnapshot", '')
    assert.ok(code.length > 50_000, name)
    assert.deepEqual(code.match(/\bprocess\.|\bBuffer\b|["']node:\w+["']|\brequire\(["']|getBuiltinModule|\beval\(|new Function\b/g), null, name)
  }
})

test('it runs where there is nothing of Node\'s, and makes one global', async () => {
  const globals = { AbortController, DOMException, MessageChannel, URLSearchParams, WebAssembly, atob, clearTimeout, console, crypto, performance, queueMicrotask, setTimeout, structuredClone }
  const page = createContext({ ...globals })
  runInContext(read('didelphis.js'), page)
  assert.deepEqual(Object.keys(page).filter(name => !(name in globals)), ['CircuitBreaker'])
  assert.equal(await runInContext("new CircuitBreaker(async () => 'well').fire()", page), 'well')
})

test('it carries the module that stands beside it', () => {
  const { unpack } = createRequire(import.meta.url)('../../../lib/browser/lzma.js')
  const module = readFileSync(new URL('didelphis.wasm', DIST))
  for (const name of ['didelphis.js', 'didelphis.mjs', 'didelphis.cjs', 'didelphis.async.mjs', 'didelphis.async.cjs']) {
    const [packed] = read(name).match(/[\w+/=]{10000,}/)
    assert.ok(module.equals(unpack(Buffer.from(packed, 'base64'))), name)
  }
})

test('a script tag brings no more than so much, compressed', () => {
  const bytes = gzipSync(read('didelphis.js'), { level: 9 }).length
  assert.ok(bytes <= MOST_BYTES, `${bytes}`)
})
