'use strict'

// What stands in the place of Node's modules in a browser: that it has all that is asked for, and
// that nothing else of `lib` asks for Node.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const { readFileSync, readdirSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')
const { inspect: nodes, promisify } = require('node:util')

const builtins = require('../../lib/browser/builtins')
const { inspect } = require('../../lib/browser/inspect')

const LIB = join(__dirname, '..', '..', 'lib')
const read = file => readFileSync(join(LIB, file), 'utf8')

test('it has the names of Node\'s, and no others', () => {
  assert.deepEqual(Object.keys(builtins).sort(), Object.keys(require('../../lib/builtins')).sort())
})

test('a context that the host keeps is the one in which a resource was made', t => {
  assert.equal(new builtins.AsyncResource().runInAsyncScope(function (a, b) { return [this.is, a, b].join() }, { is: 'self' }, 1, 2), 'self,1,2')
  let current = 'first'
  globalThis.AsyncContext = {
    Snapshot: class {
      #kept = current
      run (act) { [current, this.before] = [this.#kept, current]; try { return act() } finally { current = this.before } }
    }
  }
  t.after(() => { delete globalThis.AsyncContext })
  const file = require.resolve('../../lib/browser/builtins')
  delete require.cache[file]
  const resource = new (require(file).AsyncResource)()
  current = 'second'
  assert.equal(resource.runInAsyncScope(() => current), 'first')
  assert.equal(current, 'second')
})

test('what is asked to come in a turn of its own does, in order', async () => {
  const seen = []
  await new Promise(resolve => {
    builtins.setImmediate(() => seen.push('first'))
    builtins.setImmediate(() => { seen.push('second'); resolve() })
    Promise.resolve().then(() => seen.push('a promise'))
  })
  assert.deepEqual(seen, ['a promise', 'first', 'second'])
})

test('where Node plays a browser, what listens for turns keeps the process only while one is awaited', async () => {
  const program = `
    delete globalThis.setImmediate
    const { setImmediate } = require(${JSON.stringify(require.resolve('../../lib/browser/builtins'))})
    setImmediate(() => setImmediate(() => console.log('both came')))`
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], { timeout: 60_000 })
  assert.equal(stdout, 'both came\n')
})

test('the Hystrix stream says what is there instead', () => {
  assert.throws(() => builtins.Readable, /not to be had in a browser.*snapshot/)
})

test('values in messages look as under Node', () => {
  const values = [
    'text', "it's", 'with "both" and \'single\'', 'line\nbreak', 1, -0, NaN, 10n, true, null, undefined, Symbol('s'),
    [], [1, 'two', [3]], {}, { a: 1, 'b-c': { d: 1 } }, function named () {}, () => {}, /re/g, new Date(0)
  ]
  for (const value of values) assert.equal(inspect(value), nodes(value, { depth: 0 }))
  const broken = new Proxy({}, { get () { throw new Error('no') }, ownKeys () { throw new Error('no') } })
  assert.equal(inspect(broken), '[Object]')
})

// What of these is loaded by programs in Node alone.
const NODES = /^(doctor|operator|opentelemetry|prometheus|testing)\/|^(builtins|binary|binary-errors|platform|didelphis-clone|wasm\/base64)\.js$/

test('nothing of lib asks for what is Node\'s alone, but by one file', () => {
  const files = readdirSync(LIB, { recursive: true }).filter(name => name.endsWith('.js') && !NODES.test(name))
  assert(files.length > 50)
  const asked = files.flatMap(file => {
    const code = read(file).replaceAll(/\/\*\*[^]*?\*\/|\/\/.*$|"[^"\n]*"/gm, '')
    return [...code.matchAll(/\brequire\('[^.][^']*'\)|\b(process|Buffer|global)\.\w+|\b__(dir|file)name\b/g)].map(([text]) => `${file}: ${text}`)
  })
  assert.deepEqual(asked.filter(found => !KNOWN.includes(found)), [])
})

// Which half there is, is asked where a browser has no choice.
const KNOWN = ['native/load.js: process.versions']
