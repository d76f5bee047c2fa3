'use strict'

// One stall, scraped from outside: a gap in JavaScript, and none in the server of didelphis.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const { mkdtempSync, readFileSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { after, describe, test } = require('node:test')
const { promisify } = require('node:util')
const Children = require('../lib/children')
const { longestSilence, samples } = require('../lib/scrapes')

const ROOT = join(__dirname, '..')
const run = promisify(execFile)

test('JavaScript says nothing while its loop is held, didelphis how long that is by now', async t => {
  const out = mkdtempSync(join(tmpdir(), 'stall-'))
  t.after(() => rmSync(out, { recursive: true }))
  const { stdout } = await run(process.execPath, ['stall.js', '--stall', '3000', '--before', '1000', '--limit', '500', '--out', out], { cwd: ROOT })
  const { ends, from, scrapes: { didelphis, javascript }, stall } = JSON.parse(readFileSync(join(out, 'stall.json'), 'utf8'))
  const held = list => list.filter(({ at }) => at > from + 500 && at < from + stall - 1000)
  assert.ok(held(javascript).length >= 4)
  assert.deepEqual(held(javascript).map(({ took }) => took), held(javascript).map(() => null))
  assert.ok(longestSilence(javascript, ends) > 2000)
  const lags = held(didelphis).map(({ lag }) => lag)
  assert.ok(lags.every((lag, n) => lag !== null && lag > (lags[n - 1] ?? 0)), `${lags}`)
  assert.ok(lags.at(-1) > 1000, `${lags}`)
  assert.match(stdout, /^ +\d\.\d\d s {2}held {2}no answer in 500 ms {2,}lag [12]\.\d{3} s, in \d+ ms$/m)
  const svg = readFileSync(join(out, 'stall.svg'), 'utf8')
  assert.match(svg, /<circle .*<\/svg>/s)
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/)
})

describe('the server of the proxy', () => {
  const children = new Children()
  after(() => children.stop())

  test('is there when it is asked for, and tells of the breaker', async () => {
    const proxy = await children.start('proxy.js', '--port', 0, '--server', 0)
    const { breakers } = await (await fetch(`${proxy.server}api/breakers`)).json()
    assert.deepEqual(breakers.map(({ name, state }) => [name, state]), [['backend', 'closed']])
    assert.deepEqual(samples(await (await fetch(`${proxy.server}metrics`)).text(), 'didelphis_breakers'), [1])
    const without = await children.start('proxy.js', '--port', 0)
    assert.equal(without.server, undefined)
  })

  test('is not for opossum', async () => {
    await assert.rejects(run(process.execPath, ['proxy.js', '--breaker', 'opossum', '--server', '0'], { cwd: ROOT }),
      ({ code, stderr }) => code === 2 && /--server is for --breaker didelphis/.test(stderr))
  })
})
