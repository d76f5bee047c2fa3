'use strict'

// What docs/compatibility.md says member by member: that the list is opossum's, whole,
// and that every test it names is there.

const assert = require('node:assert/strict')
const { EventEmitter } = require('node:events')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const Ours = require('../..')
const Opossum = require('opossum')
const differences = require('../differential/differences')
const themes = require('../differential/scenarios')

const OPOSSUM = join(require.resolve('opossum'), '..', 'lib')
const page = readFileSync(join(__dirname, '..', '..', 'docs', 'compatibility.md'), 'utf8')
const tables = readTables(page.slice(page.indexOf('## Member by member')))

const isPublic = name => typeof name === 'string' && !name.startsWith('_') && name !== 'constructor'
const membersOf = object => Object.getOwnPropertyNames(object).filter(isPublic)
const isGetter = (object, name) => Boolean(Object.getOwnPropertyDescriptor(object, name).get)

/** What opossum has, by the heading of its table. */
function membersOfOpossum () {
  const breaker = new Opossum(() => {})
  const { prototype } = Opossum
  const getters = membersOf(prototype).filter(name => isGetter(prototype, name))
  const members = {
    Options: optionsRead(),
    Methods: membersOf(prototype).filter(name => !getters.includes(name)),
    'Getters and fields': [...getters, ...membersOf(breaker)],
    Statics: Object.getOwnPropertyNames(Opossum).filter(name => typeof Opossum[name] === 'function'),
    Events: [...wordsIn(['circuit.js', 'status.js'], /\bemit\(\s*'(\w+)'/g), ...breaker.eventNames()],
    Status: [...membersOf(Object.getPrototypeOf(breaker.status)), ...membersOf(breaker.status)],
    'Counts of a bucket': Object.keys(breaker.status.window[0]),
    Semaphore: membersOf(breaker.semaphore),
    'Error codes': wordsIn(['circuit.js'], /'(E[A-Z]{4,})'/g)
  }
  breaker.shutdown()
  return members
}

for (const [heading, members] of Object.entries(membersOfOpossum())) {
  test(`the table of compatibility has all of opossum's: ${heading}`, () => {
    assert.deepEqual(tables[heading].map(row => row.member).sort(), [...new Set(members)].sort())
  })
}

test('every test that the table of compatibility names is there', () => {
  const missing = allRows().filter(({ shownBy: [place, name] }) => !isThere(place, name))
  assert.deepEqual(missing, [])
})

test('the table of compatibility says where ours differs, and why', () => {
  for (const { member, ours, shownBy: [, scenario], why } of allRows()) {
    assert.match(ours, /^(same|differs)$/, member)
    assert.equal(why !== '', ours === 'differs', `${member}: ${why}`)
    if (scenario in differences) assert.equal(ours, 'differs', member)
  }
})

test('what is in the hands of users shows no inner methods', () => {
  const breakers = [Ours, Opossum].map(CircuitBreaker => new CircuitBreaker(() => {}))
  const types = readFileSync(join(__dirname, '..', '..', 'index.d.ts'), 'utf8')
  const PARTS = { breaker: breaker => breaker, status: ({ status }) => status, semaphore: ({ semaphore }) => semaphore }
  for (const [name, part] of Object.entries(PARTS)) {
    const [ours, opossums] = breakers.map(breaker => allMembersOf(part(breaker)))
    // Beyond opossum's, a breaker has what is said to be there.
    const more = name === 'breaker' ? ours.filter(member => !opossums.includes(member)) : []
    assert.deepEqual(ours.filter(member => !more.includes(member)), opossums, name)
    assert.deepEqual(more.filter(member => !new RegExp(`^  (readonly )?${member}\\b`, 'm').test(types)), [])
  }
  // Those that opossum has not, as index.d.ts declares them.
  const LOOP = ['lag', 'lagMean', 'longestStall', 'percentiles', 'profile', 'stalled', 'stalls', 'toJSON', 'total']
  assert.deepEqual(allMembersOf(Ours.loop), LOOP)
  assert.deepEqual(allMembersOf(breakers[0].hystrixStats), ['getHystrixStream', 'shutdown'])
  const { length, name, prototype, ...statics } = Object.getOwnPropertyDescriptors(Ours)
  for (const member of Object.keys(statics).filter(isPublic)) {
    assert.match(types, new RegExp(`static (readonly )?${member}\\b|export \\{.* as ${member}\\b`), member)
  }
  for (const breaker of breakers) breaker.shutdown()
})

// Options that the constructor reads, all features on, with a state to begin with and
// without.
function optionsRead () {
  const read = new Set()
  for (const state of [undefined, {}]) {
    const options = { cache: true, coalesce: true, autoRenewAbortController: true, state }
    const spy = new Proxy(options, { get: (target, name) => { read.add(name); return target[name] } })
    new Opossum(() => {}, spy).shutdown()
  }
  return [...read].filter(isPublic)
}

// Its own and what it inherits, but for what every emitter has.
function allMembersOf (object) {
  const members = new Set()
  for (let owner = object; owner !== null && owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
    for (const member of membersOf(owner)) if (!(member in EventEmitter.prototype)) members.add(member)
  }
  return [...members].sort()
}

function wordsIn (files, pattern) {
  return files.flatMap(file => [...readFileSync(join(OPOSSUM, file), 'utf8').matchAll(pattern)].map(([, word]) => word))
}

/** The rows of each table, by the heading before it. */
function readTables (text) {
  const [, ...sections] = text.split('\n### ')
  return Object.fromEntries(sections.map(section => {
    const [heading, ...lines] = section.split('\n')
    const [, , ...rows] = lines.filter(line => line.startsWith('|'))
    return [heading, rows.map(readRow)]
  }))
}

function readRow (line) {
  const [member, ours, shownBy, why] = line.split('|').slice(1, -1).map(cell => cell.trim())
  const colon = shownBy.indexOf(': ')
  return { member: member.replaceAll('`', ''), ours, shownBy: [shownBy.slice(0, colon), shownBy.slice(colon + 2)], why }
}

function allRows () {
  return Object.values(tables).flat()
}

function isThere (place, name) {
  if (!place.endsWith('.test.js')) return name in (themes[place] ?? {})
  return readFileSync(join(__dirname, '..', place), 'utf8').includes(`test('${name}'`)
}
