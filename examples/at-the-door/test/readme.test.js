'use strict'

// The README shows the code as it is, and what it says to nonsense.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const ROOT = join(__dirname, '..')
const read = file => readFileSync(join(ROOT, file), 'utf8')

test('the doors in the README are those that run', () => {
  const blocks = Array.from(read('README.md').matchAll(/^```js\n(.*?)^```$/gms), ([, code]) => code)
  assert.equal(blocks.length, 2)
  for (const block of blocks) assert.ok(['express/door.js', 'fastify/door.js'].some(file => read(file).includes(block)), block)
})

test('a program that is told nonsense says what it takes', () => {
  for (const [program, args, complaint] of [
    ['compare.js', ['--framework', 'koa'], /--framework: one of express, fastify is needed/],
    ['compare.js', ['--seconds', 'long'], /--seconds: a number from 1 is needed/],
    ['load.js', ['--phases', '100'], /--phases: /],
    ['server.js', ['--speed', '1'], /Unknown option '--speed'/]
  ]) {
    assert.throws(() => execFileSync(process.execPath, [program, ...args], { cwd: ROOT, stdio: 'pipe' }),
      ({ status, stderr }) => status === 2 && complaint.test(stderr) && /Options of /.test(stderr))
  }
})
