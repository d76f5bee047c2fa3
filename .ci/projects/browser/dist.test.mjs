// What is built for browsers has nothing of Node's in it: it runs where there is none, and asks for none.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'

const DIST = new URL('../../../dist/', import.meta.url)
const read = name => readFileSync(new URL(name, DIST), 'utf8')

// As far as `crates/wasm` has come; docs/browser.md says what it is made of.
const MOST_BYTES = Number(process.env.DIDELPHIS_DIST_BYTES ?? 200_000)

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

test('a script tag brings no more than so much, compressed', () => {
  const bytes = gzipSync(read('didelphis.js'), { level: 9 }).length
  assert.ok(bytes <= MOST_BYTES, `${bytes}`)
})
