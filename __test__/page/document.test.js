'use strict'

// The document that the server answers `GET /` with: that it is made of what lies beside it, and
// that nothing in it can be led astray by a name. What it does in a browser is in `.ci/page`.

const assert = require('node:assert/strict')
const { readFileSync, readdirSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const { squeezed } = require('../../.ci/notices')

const ROOT = join(__dirname, '..', '..')
const SOURCES = join(ROOT, 'src', 'serve', 'page')
const document = readFileSync(join(ROOT, 'src', 'serve', 'page.html'), 'utf8')
const sources = readdirSync(SOURCES).filter(name => name.endsWith('.mjs') && name !== 'build.mjs')
  .map(name => ({ name, text: readFileSync(join(SOURCES, name), 'utf8') }))

test('is what "npm run page" makes of its sources', async () => {
  const { page } = await import('../../src/serve/page/build.mjs')
  assert.ok(page() === document, 'run "npm run page"')
})

test('has one script and one style, each for a nonce, and no attribute that the policy forbids', () => {
  assert.deepEqual(document.match(/<(script|style)\b[^>]*>/g), ['<style nonce="__NONCE__">', '<script nonce="__NONCE__">'])
  assert.equal(document.split('__NONCE__').length, 3)
  const [markup] = document.replace(/<style.*?<\/style>/s, '').split('<script')
  assert.doesNotMatch(markup, /\s(style|on\w+)=/)
})

test('has nothing from elsewhere', () => {
  const loaded = Array.from(document.matchAll(/\b(?:src|href)="([^"]*)"/g), ([, address]) => address)
  assert.ok(loaded.length > 2)
  assert.deepEqual(loaded.filter(address => !/^(#|data:|api\/breakers$|metrics$)/.test(address)), [])
  assert.doesNotMatch(document, /@import|url\(/)
})

test('never makes HTML of a text', () => {
  assert.ok(sources.length > 10)
  const makers = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|setHTML|\beval\b|new Function|srcdoc/
  assert.deepEqual(sources.filter(({ text }) => makers.test(text)).map(({ name }) => name), [])
})

test('keeps the token in no place that outlives it', () => {
  const kept = sources.filter(({ text }) => /localStorage|sessionStorage|indexedDB|cookie|caches/.test(text)).map(({ name }) => name)
  assert.deepEqual(kept, ['theme.mjs'])
})

test('carries the licence of what it is made with', () => {
  const licence = readFileSync(join(ROOT, 'node_modules', 'uplot', 'LICENSE'), 'utf8')
  assert.ok(squeezed(document).includes(squeezed(licence)))
})
