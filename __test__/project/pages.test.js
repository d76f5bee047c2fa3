'use strict'

// The pages that users read: that README stays short and says first what is needed first, that
// every message of the code is explained, and that links lead somewhere.

const assert = require('node:assert/strict')
const { existsSync, readFileSync, readdirSync, statSync } = require('node:fs')
const { dirname, join, relative } = require('node:path')
const { describe, test } = require('node:test')

const CircuitBreaker = require('../..')
const { OPTIONS } = require('../../lib/doctor/known')
const { messages } = require('../support/messages')

const ROOT = join(__dirname, '..', '..')
const read = file => readFileSync(join(ROOT, file), 'utf8')

describe('README', () => {
  const readme = read('README.md')
  const words = text => text.split(/\s+/).filter(Boolean).length

  test('has fewer than 1,000 words', () => {
    assert.ok(words(readme) < 1000, `${words(readme)} words`)
  })

  test('shows the two commands of a fresh clone in its first third, with how long they take', () => {
    for (const command of ['demo', 'test']) {
      const [line] = readme.match(new RegExp(`^npm install && npm (run )?${command} .*$`, 'm'))
      assert.ok(words(readme.slice(0, readme.indexOf(line))) < words(readme) / 3, line)
      assert.match(line, / # .* minutes/)
    }
  })

  test('has its two pictures before its first heading', () => {
    const [head] = readme.split('\n## ')
    assert.deepEqual(Array.from(head.matchAll(/^!\[.+\]\((.+)\)$/gm), ([, picture]) => picture), ['docs/loop-clock.svg', 'docs/throttled.svg'])
  })
})

describe('troubleshooting', () => {
  const page = read('docs/troubleshooting.md').replace(/\s+/g, ' ')
  const all = messages()
  // What is in the first column, in backticks.
  const rows = Array.from(read('docs/troubleshooting.md').matchAll(/^\| (`+)(.+?)\1 \|/gm), ([, , text]) => text)

  test('has every message of the code', () => {
    assert.ok(all.length > 40, 'messages are found')
    const missing = all.filter(({ text }) => !page.includes(text))
    assert.deepEqual(missing, [], 'each is to be a row of docs/troubleshooting.md')
  })

  test('has no message that the code has not', () => {
    assert.ok(rows.length > 30, 'rows are found')
    const unknown = rows.filter(row => !all.some(({ text }) => text !== 'must be' && text !== '; got' && row.includes(text)))
    assert.deepEqual(unknown.filter(row => !row.startsWith('options.timeout must be …')), [])
  })

  test('has what each option says to nonsense', () => {
    const nonsense = [NaN, 'soon', -0.5, 1.5, {}, 'x', 7, Symbol('nonsense')]
    const said = new Set()
    for (const name of OPTIONS) {
      for (const value of nonsense) {
        // Options of caching are looked at only where it is on.
        const given = { cache: true, coalesce: true, [name]: value }
        try {
          new CircuitBreaker(() => {}, given).shutdown()
        } catch (error) {
          if (error.message.startsWith('options.')) said.add(error.message.replace(/; got .*/s, '; got …'))
        }
      }
    }
    assert.ok(said.size >= 18, `${said.size} messages`)
    assert.deepEqual([...said].filter(message => !page.includes(message)), [])
  })

  test('the sentences in it that are found are those of messages.js', () => {
    const texts = all.map(({ text }) => text)
    for (const text of ['Breaker is open', 'a function or a CircuitBreaker', 'Timed out after', 'didelphis: a defect', 'buckets, not']) {
      assert.ok(texts.includes(text), text)
    }
  })
})

describe('links', () => {
  for (const file of pagesIn('.')) {
    test(`of ${file} lead somewhere`, () => {
      const text = read(file).replace(/^```.*?^```/gms, '')
      const links = Array.from(text.matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g), ([, link]) => link)
      for (const link of links) {
        const [path, anchor] = link.split('#')
        const target = path === '' ? file : relative(ROOT, join(ROOT, dirname(file), path))
        assert.ok(existsSync(join(ROOT, target)), link)
        if (anchor !== undefined) assert.ok(anchorsOf(target).includes(anchor), link)
      }
    })
  }
})

function pagesIn (folder) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap(({ name }) => {
    const path = join(folder, name)
    if (name.endsWith('.md')) return [path]
    const isOurs = (name === '.github' || !name.startsWith('.')) && !['node_modules', 'npm', 'target'].includes(name)
    return isOurs && statSync(join(ROOT, path)).isDirectory() ? pagesIn(path) : []
  })
}

// As GitHub makes them of headings.
function anchorsOf (file) {
  return Array.from(read(file).matchAll(/^#+ (.+)$/gm), ([, heading]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-'))
}
