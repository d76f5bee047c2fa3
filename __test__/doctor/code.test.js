'use strict'

// What the doctor finds in source files, and what it leaves alone.

const assert = require('node:assert/strict')
const { readFileSync, readdirSync } = require('node:fs')
const { join } = require('node:path')
const { describe, test } = require('node:test')

const CircuitBreaker = require('../..')
const { EVENTS, NEEDS, NUMBERS, OPTIONS, OURS_ALONE, SWITCHES } = require('../../lib/doctor/known')
const { examineSources } = require('../../lib/doctor/sources')
const { ROOT, project } = require('./support/project')

/** What is found in files, as lines. */
function found (t, files, { isOpossum = false } = {}) {
  const { findings } = examineSources(project(t, files), () => isOpossum)
  return findings.map(({ column, file, hint, kind, level, line, message }) =>
    `${file}:${line}:${column} ${level} ${kind}: ${message}${hint ? ` (${hint})` : ''}`)
}

const IMPORT = "import CircuitBreaker from 'didelphis'\n"

/** The kinds found in a program that imports the class as `CircuitBreaker`. */
function kinds (t, code, { file = 'index.mjs', ...about } = {}) {
  return found(t, { [file]: IMPORT + code }, about).map(line => line.split(' ')[2].slice(0, -1))
}

describe('options', () => {
  test('one that is misspelt is found, at its place, with what was meant', t => {
    const code = "const CircuitBreaker = require('opossum')\n\nconst breaker = new CircuitBreaker(getUser, {\n  timout: 3000\n})\n"
    assert.deepEqual(found(t, { 'src/users.js': code }), [
      'src/users.js:4:3 problem unknown-option: timout: there is no such option (did you mean timeout?)'
    ])
  })

  for (const [given, meant] of Object.entries({
    timeOut: 'timeout',
    timeoutMs: 'timeout',
    resetTimout: 'resetTimeout',
    reset_timeout: 'resetTimeout',
    errorTresholdPercentage: 'errorThresholdPercentage',
    errorThreshold: 'errorThresholdPercentage',
    rollingCountBucket: 'rollingCountBuckets',
    voulmeThreshold: 'volumeThreshold',
    cacheTtl: 'cacheTTL',
    alowWarmup: 'allowWarmUp'
  })) {
    test(`${given} is taken for ${meant}`, t => {
      const [line] = found(t, { 'index.mjs': `${IMPORT}new CircuitBreaker(f, { ${given}: x })` })
      assert.match(line, new RegExp(`problem unknown-option: ${given}: .*\\(did you mean ${meant}\\?\\)$`))
    })
  }

  test('one that is like no other is a note', t => {
    assert.match(found(t, { 'a.mjs': `${IMPORT}new CircuitBreaker(f, { maxRetries: 3 })` })[0], /:\d+ note unknown-option: maxRetries/)
  })

  test('a fallback among them is a problem, whatever its name is like', t => {
    assert.deepEqual(kinds(t, 'new CircuitBreaker(f, { fallback: () => 1 })'), ['unknown-option'])
  })

  test('in a constant that is given they are seen, too', t => {
    assert.deepEqual(kinds(t, 'const options = { timout: 3000 } as const\nnew CircuitBreaker(f, options)\nnew CircuitBreaker(g, options)'), ['unknown-option'])
    assert.deepEqual(kinds(t, 'const options: CircuitBreaker.Options = { timout: 3000 }\nnew CircuitBreaker(f, options)', { file: 'a.ts' }), ['unknown-option'])
  })

  for (const [code, kind] of Object.entries({
    'errorThresholdPercentage: 0.5': 'share-for-percentage',
    'errorThresholdPercentage: 1 / 2': 'share-for-percentage',
    'errorThresholdPercentage: 100': 'never-opens',
    'timeout: 3': 'seconds',
    'timeout: 0.5': 'seconds',
    'timeout: 20, resetTimeout: 30_000, resetTimeout: 60': 'seconds',
    'resetTimeout: 30': 'seconds',
    'rollingCountTimeout: 10': 'seconds',
    'timeout: NaN': 'invalid-value',
    "timeout: 'soon'": 'invalid-value',
    'resetTimeout: -1': 'invalid-value',
    'rollingCountBuckets: 2.5': 'invalid-value',
    'enabled: 0': 'no-switch',
    "cache: 'no'": 'no-switch',
    'cacheTTL: 60_000': 'without-effect',
    'coalesceTTL: 500, coalesce: false': 'without-effect',
    'cacheGetKey: id => id': 'without-effect',
    'errorFilter: async error => isOurs(error)': 'async-filter',
    'async errorFilter (error) { return true }': 'async-filter',
    "coalesce: true, coalesceResetOn: ['failure']": 'unknown-reason'
  })) {
    test(`{ ${code} }: ${kind}`, t => {
      assert.ok(kinds(t, `new CircuitBreaker(f, { ${code} })`).includes(kind))
    })
  }

  for (const code of [
    'timeout: 3000, resetTimeout: 30 * 1000, errorThresholdPercentage: 50',
    'timeout: 20, resetTimeout: 10_000',
    'timeout: 3 * SECONDS, resetTimeout: config.reset, errorThresholdPercentage: share * 100',
    'timeout: false, resetTimeout: Infinity, errorThresholdPercentage: 0',
    "timeout: '500', capacity: Infinity, resetTimeout: 0",
    'timeout: process.env.TIMEOUT || 3',
    'errorThresholdPercentage: 100, maxFailures: 3',
    'cache: true, cacheTTL: 60_000, cacheGetKey: id => id',
    'coalesce: true, cacheGetKey: id => id, coalesceTTL: 50',
    'cache, cacheTTL: 60_000',
    '...defaults, cacheTTL: 60_000',
    'errorFilter: error => { const async = 1; return async }',
    "coalesce: true, coalesceResetOn: ['error', 'timeout']",
    "[name]: 1, 'timeout': 3000, get resetTimeout () { return 1 }, name",
    "name: 'timout', group: `timout: 3`, errorFilter (error) { return { timout: 3 } }"
  ]) {
    test(`{ ${code} }: nothing`, t => {
      assert.deepEqual(kinds(t, `new CircuitBreaker(f, { ${code} })`), [])
    })
  }

  test('the value of a share is told in percent', t => {
    assert.match(found(t, { 'a.mjs': `${IMPORT}new CircuitBreaker(f, { errorThresholdPercentage: 0.25 })` })[0],
      /one failure among 400 calls opens the circuit \(write 25 for 25 %\)$/)
  })

  test('those in the place of the action are found', t => {
    assert.deepEqual(kinds(t, 'new CircuitBreaker({ timeout: 3000 })'), ['options-as-action'])
    assert.deepEqual(kinds(t, 'new CircuitBreaker({ value: 1 }, { timeout: 3000 })'), [])
  })

  test('in tests only names are looked at', t => {
    const code = 'new CircuitBreaker(f, { timout: 1, resetTimeout: 5, errorThresholdPercentage: 0.1 }).healthCheck(f, 5)'
    for (const file of ['test/a.mjs', 'src/__tests__/a.mjs', 'src/a.test.mjs', 'src/a.spec.mjs']) {
      assert.deepEqual(kinds(t, code, { file }), ['unknown-option'], file)
    }
    assert.equal(kinds(t, code, { file: 'src/latest.mjs' }).length, 4)
  })

  test('of opossum it is told what only didelphis has, and what it ignores', t => {
    const code = "new CircuitBreaker(f, { timeoutClock: 'wall', maxFailures: 3 }).on('stall', g)"
    assert.deepEqual(kinds(t, code, { isOpossum: true }), ['not-in-opossum', 'ignored-by-opossum', 'not-in-opossum'])
    assert.deepEqual(kinds(t, code), [])
  })

  test('the interval of a health check in seconds is found', t => {
    assert.deepEqual(kinds(t, 'const b = new CircuitBreaker(f)\nb.healthCheck(check, 30)\nb.healthCheck(check, 30_000)'), ['seconds'])
  })

  test('the names are those that a breaker reads', async () => {
    const read = new Set()
    const options = new Proxy({}, { get: (target, name) => { if (typeof name === 'string') read.add(name); return target[name] } })
    const breaker = new CircuitBreaker(async () => { throw new Error('ill') }, options)
    await breaker.fire().catch(() => {})
    await breaker.fire().catch(() => {})
    assert.deepEqual([...OPTIONS].sort(), [...read].sort())
    for (const name of [...NUMBERS, ...SWITCHES, ...OURS_ALONE.options, ...Object.keys(NEEDS)]) assert.ok(OPTIONS.includes(name), name)
  })
})

describe('listeners', () => {
  test('one on a name that is never emitted is found, with what was meant', t => {
    const code = "const CircuitBreaker = require('didelphis')\nconst breaker = new CircuitBreaker(f)\nbreaker.on('opened', () => {})\n"
    assert.deepEqual(found(t, { 'a.js': code }), [
      "a.js:3:12 problem unknown-event: a breaker never emits 'opened' (did you mean 'open'?)"
    ])
  })

  for (const [given, hint] of Object.entries({
    halfopen: "did you mean 'halfOpen'?",
    'half-open': "did you mean 'halfOpen'?",
    halfClose: "did you mean 'halfOpen'?",
    closed: "did you mean 'close'?",
    error: "did you mean 'failure'?",
    rejected: "did you mean 'reject'?",
    timedOut: "did you mean 'timeout'?",
    progress: undefined,
    snapshot: 'breaker.status does'
  })) {
    test(`${given}: ${hint ?? 'nothing like it'}`, t => {
      const [line] = found(t, { 'a.mjs': `${IMPORT}new CircuitBreaker(f).on('${given}', g)` })
      assert.ok(line.endsWith(`a breaker never emits '${given}'${hint ? ` (${hint})` : ''}`), line)
    })
  }

  for (const [what, code] of Object.entries({
    'a variable': "const b = new CircuitBreaker(f)\nb.on('x')",
    'a variable with a type': "const b: CircuitBreaker<[string], Map<string, number>> = new CircuitBreaker<[string], Map<string, number>>(f)\nb.once('x')",
    'one that is given its value later': "let b = null\nfunction init () { b = new CircuitBreaker(f) }\nb?.addListener('x')",
    'a member': "class A { constructor () { this.b = new CircuitBreaker(f); this.b.prependListener('x') } }",
    'a field': "class A { private b = new CircuitBreaker(f); run () { this.b!.on('x') } }",
    'a member of an object': "const clients = {}\nclients.users = new CircuitBreaker(f)\nclients.users.on('x')",
    'a variable beside a loop with one of that name': "const b = new CircuitBreaker(f)\nfor (const b of all) { b.fire() }\nb.on('x')",
    'a chain': "new CircuitBreaker(f, {}).on('open', a).fallback(g).prependOnceListener('x')",
    'a chain over lines': "const b = new CircuitBreaker(f)\nb\n  .on('open', () => { a(')') })\n  .on('x', g)",
    'its status': "const b = new CircuitBreaker(f)\nb.status.on('x')",
    'the loop': "CircuitBreaker.loop.on('x')",
    'the call without new': "const b = CircuitBreaker(f)\nb.on('x')",
    'events.once': "const b = new CircuitBreaker(f)\nawait once(b, 'x')",
    'an awaited module': "const { default: C } = await import('didelphis')\nnew C(f).on('x')",
    'a module whole': "import * as M from 'didelphis'\nnew M.CircuitBreaker(f).on('x')",
    'a named import': "import { CircuitBreaker as C } from 'didelphis'\nnew C(f).on('x')",
    'required by name': "const { CircuitBreaker: C } = require('didelphis')\nnew C(f).on('x')",
    'a default that is required': "const C = require('didelphis').default\nnew C(f).on('x')",
    'an import by TypeScript': "import C = require('didelphis')\nnew C(f).on('x')"
  })) {
    test(`on ${what}`, t => {
      assert.deepEqual(kinds(t, code, { file: 'index.ts' }), ['unknown-event'])
    })
  }

  for (const [what, code] of Object.entries({
    'another class of that name': "import { CircuitBreaker } from './mine.js'\nnew CircuitBreaker({ timout: 3 }).on('x')",
    'a class of that name in the file': "class CircuitBreaker {}\nnew CircuitBreaker(f, { timout: 3 }).on('x')",
    'what else a module exports': "import { isOurError } from 'didelphis'\nisOurError(f, { timout: 3 })\nconst s = require('didelphis').newStatus\ns(f, { timout: 3 })",
    'an emitter of the same name elsewhere': "function a () { const b = new CircuitBreaker(f) }\nfunction c () { const b = new EventEmitter(); b.on('x') }",
    'a parameter of the same name': "const b = new CircuitBreaker(f)\nfunction c (b) { b.on('x') }\nconst d = b => b.on('x')\nclass E { run (b) { b.on('x') } }",
    'a variable of a loop': "const b = new CircuitBreaker(f)\nfor (const b of all) { b.on('x') }",
    'a variable that is given something else, too': "let b = new CircuitBreaker(f)\nb = other\nb.on('x')",
    'a variable that was something else before': "let b = other\nif (a) b = new CircuitBreaker(f)\nb.on('x')",
    'one of two things of a name': "function b () {}\nvar b = new CircuitBreaker(f)\nb.on('x')",
    'a member that is something else elsewhere': "class A { constructor () { this.b = new CircuitBreaker(f) } }\nclass B { constructor () { this.b = new EventEmitter(); this.b.on('x') } }",
    'what a breaker gives': "const b = new CircuitBreaker(f)\nb.fire(request).on('x')\nb.fire().then(socket => socket.on('x'))",
    'a name that is known only at run time': 'const b = new CircuitBreaker(f)\nb.on(name, g)\nb.on(`$' + '{name}`, g)\nb.on(`x$' + '{1}`, g)',
    'all that there is': EVENTS.map(name => `.on('${name}', g)`).reduce((code, on) => code + on, 'new CircuitBreaker(f)') + ".on('newListener', g)",
    'comments, strings, templates and regular expressions': '// new CircuitBreaker(f, { timout: 3 })\n/* new CircuitBreaker(f, { timout: 3 }) */\nconst a = "new CircuitBreaker(f, { timout: 3 })", b = `new CircuitBreaker(f, { timout: 3 })`, c = /new CircuitBreaker(f, { timout: 3 })/, d = 1 / 2 / 3'
  })) {
    test(`not on ${what}`, t => {
      const file = { 'index.mjs': what.includes('class of that name') ? `// didelphis\n${code}` : IMPORT + code }
      assert.deepEqual(found(t, file), [])
    })
  }

  test('not on what the program emits itself, in whatever file', t => {
    const files = { 'a.mjs': `${IMPORT}export const b = new CircuitBreaker(f)\nb.on('mine', g)`, 'b.mjs': "// didelphis\nb.emit('mine')" }
    assert.deepEqual(found(t, files), [])
  })

  test('the names are those that a breaker emits', () => {
    const types = readFileSync(join(ROOT, 'index.d.ts'), 'utf8')
    const [, list] = types.match(/export interface Events<[^{]*\{(.*?)\n {2}\}/s)
    const names = Array.from(list.matchAll(/^ {4}'?([\w-]+)'?: \[/gm), ([, name]) => name)
    assert.deepEqual([...EVENTS].sort(), names.sort())
  })
})

test('code after text that is hard to read is read all the same', t => {
  const code = `
const quotes = [/['"\`]/, "it's", 'say "no"', \`\${a ? \`inner \${'deep'} \` : "'"} \`, '\\'']
const share = (a + b) / 2 // it's half
const element = <p title="x">It is {text} here</p>
if (/[/\\]]+/.test(path)) { const { x = '}' } = y }
label: for (;;) { break label }
new CircuitBreaker(async function * <T>(x) { return a < b && c > d }, { timout: 3000 })
`
  assert.deepEqual(kinds(t, code, { file: 'a.tsx' }), ['unknown-option'])
})

test('a comment that says so leaves a line out', t => {
  const code = 'new CircuitBreaker(f, { timout: 1 }) // didelphis-ignore: read by somebody else\n/* didelphis-ignore */\nnew CircuitBreaker(f, { timout: 1 })\nnew CircuitBreaker(f, { timout: 1 })'
  assert.equal(kinds(t, code).length, 1)
})

test('what others wrote or a tool made is not read', t => {
  const code = `${IMPORT}new CircuitBreaker(f, { timout: 3 })`
  const left = ['node_modules/a/index.mjs', 'dist/a.mjs', '.next/a.mjs', 'a.min.js', 'a.d.ts', 'packages/a/build/a.js', 'a.txt']
  assert.deepEqual(found(t, Object.fromEntries(left.map(file => [file, code]))), [])
  assert.equal(found(t, { 'packages/a/a.cts': code }).length, 1)
})

test('files that end in the middle of something are read to their end', t => {
  for (const end of ["'", '"', '`', '`$' + '{', '/*', '/', '(', '{', 'new CircuitBreaker(', 'new CircuitBreaker(f, {', 'const {', 'import', 'x.on(', '<', ':', '=>', '...']) {
    assert.deepEqual(kinds(t, end), [], end)
    assert.deepEqual(kinds(t, `const a = ${end}`), [], end)
  }
})

test('the examples of the documents and the programs of examples have nothing', t => {
  const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).filter(name => name.endsWith('.md')).map(name => `docs/${name}`)]
  const files = pages.flatMap(page => {
    const text = readFileSync(join(ROOT, page), 'utf8')
    return Array.from(text.matchAll(/^```(js|ts)\n(.*?)^```/gms), ([, kind, code], i) => [`${page}-${i}.${kind}`, code])
  })
  assert.ok(files.length > 0)
  assert.deepEqual(found(t, Object.fromEntries(files)), [])
  assert.deepEqual(examineSources(join(ROOT, 'examples'), () => false).findings, [])
})
