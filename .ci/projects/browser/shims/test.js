'use strict'

// As much of node:test as the tests of breakers use, for a page: they run one after the other, and what
// came of each is given to whoever asks by `run`.

const { NeedsNode, missing } = require('./needs-node')

// What only shows when it is compared: with opossum, with a real backend, or with the contexts of Node.
const NEED_NODE = [
  /a missing action throws in opossum's words$/, /not in the stream for dashboards$/, /a cancelled probe closes nothing/, /\bcontext\b/,
  // By the lines of V8.
  /they have a stack trace where one is asked for/,
  /mock timers of node:test|by node:test, alone$/, /the same moments as opossum > stats of an earlier breaker$/, /is kept while a call waits, and collected after$/
]

// Far beyond what any of them takes.
const GIVE_UP_MS = 20_000

// Several times what all of them take. What has not begun by then has failed, and the page says so: whoever
// waits for it hears which tests came to an end.
const NO_MORE_AFTER_MS = 120_000

class Suite {
  constructor (name, parent) {
    this.name = parent?.name ? `${parent.name} > ${name}` : name
    this.parent = parent
    this.steps = []
    this.hooks = { before: [], after: [], beforeEach: [], afterEach: [] }
  }

  async run (results) {
    try {
      for (const hook of this.hooks.before) await hook({})
    } catch (error) {
      results.push(outcome(this.name, error))
      return
    }
    for (const step of this.steps) await step(results)
    for (const hook of this.hooks.after) await hook({})
  }

  around (kind) {
    return [...(this.parent?.around(kind) ?? []), ...this.hooks[kind]]
  }
}

const root = new Suite('')
const notBegun = []
let current = root

function describe (name, options, body = options) {
  const suite = new Suite(name, current)
  current.steps.push(results => suite.run(results))
  const outer = current
  current = suite
  try { body() } finally { current = outer }
}

function test (name, options, body = options) {
  const suite = current
  suite.steps.push(results => runOne(suite, suite.name ? `${suite.name} > ${name}` : name, body, results))
}

for (const kind of Object.keys(root.hooks)) {
  module.exports[kind] = hook => { current.hooks[kind].push(hook) }
}

async function runOne (suite, name, body, results) {
  if (now() > NO_MORE_AFTER_MS) {
    notBegun.push(name)
    return
  }
  if (NEED_NODE.some(pattern => pattern.test(name))) {
    results.push({ name, is: 'needs Node', why: 'to compare' })
    return
  }
  const context = new Context(name, results)
  let error
  try {
    for (const hook of suite.around('beforeEach')) await hook(context)
    await within(body(context), name)
  } catch (thrown) {
    error = thrown ?? new Error(`threw ${thrown}`)
  }
  for (const clean of [...context.cleanups, ...suite.around('afterEach')]) {
    try { await clean(context) } catch (thrown) { error ??= thrown }
  }
  const result = outcome(name, error)
  results.push(result)
  // For whoever looks at it as it runs.
  globalThis.onTestResult?.(name, result.is, result.why)
}

class Context {
  cleanups = []
  mock = { method: (object, name, stub) => this.#mockMethod(object, name, stub), fn: mocked, timers: { enable: missing('timers of node:test'), tick () {} } }
  #controller = new AbortController()

  constructor (name, results) {
    this.name = name
    this.results = results
  }

  get signal () { return this.#controller.signal }
  after (clean) { this.cleanups.push(clean) }
  before () {}
  diagnostic () {}

  async test (name, options, body = options) {
    const inner = []
    await runOne(root, `${this.name} > ${name}`, body, inner)
    this.results.push(...inner)
  }

  #mockMethod (object, name, stub) {
    const before = Object.getOwnPropertyDescriptor(object, name)
    const original = object[name]
    const made = mocked(stub ?? original)
    object[name] = made
    const restore = () => {
      if (before === undefined) delete object[name]
      else Object.defineProperty(object, name, before)
    }
    made.mock.restore = restore
    this.after(restore)
    return made
  }
}

function mocked (act = () => {}) {
  const calls = []
  const made = function (...args) {
    const call = { arguments: args, this: this }
    calls.push(call)
    call.result = act.apply(this, args)
    return call.result
  }
  made.mock = { calls, callCount: () => calls.length, restore () {} }
  return made
}

// Timers that tests fake are theirs.
const { clearTimeout: stop, performance, setTimeout: start } = globalThis
const now = () => performance.now()

async function within (promise, name) {
  let timer
  const late = new Promise((resolve, reject) => { timer = start(() => reject(new Error(`not over after ${GIVE_UP_MS} ms`)), GIVE_UP_MS) })
  try { await Promise.race([promise, late]) } finally { stop(timer) }
}

function outcome (name, error) {
  if (error === undefined) return { name, is: 'passed' }
  if (error instanceof NeedsNode || error?.cause instanceof NeedsNode) return { name, is: 'needs Node', why: error.message }
  return { name, is: 'failed', why: `${error?.message ?? error}\n${error?.stack ?? ''}` }
}

/** Runs all that was declared. */
async function run () {
  const results = []
  await root.run(results)
  if (notBegun.length > 0) results.push({ name: notBegun[0], is: 'failed', why: `not begun after ${NO_MORE_AFTER_MS} ms, nor ${notBegun.length - 1} others` })
  return results
}

module.exports = Object.assign(test, module.exports, { describe, it: test, mock: { method: missing('mock of node:test') }, run, suite: describe, test })
