// The tests of breakers as one script for a page: node:test, node:assert and what else they use of Node
// replaced by what is in `shims`, the class by what the page has loaded.

import { build } from 'esbuild'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const ROOT = join(HERE, '..', '..', '..')
const shim = name => join(HERE, 'shims', `${name}.js`)

const SUITES = [
  ...['bad-input', 'cache-transport', 'errors', 'events', 'health-check', 'modes', 'registry', 'stats', 'switches', 'update'].map(name => `breaker/${name}`),
  ...[
    'backoff', 'call-signal', 'classify', 'consecutive-failures', 'drain', 'fire-with', 'half-open', 'half-open-timeout', 'hands-on', 'judged-window', 'last-trip',
    'permit', 'preset', 'probe', 'ramp-up', 'random', 'rate-of', 'retry', 'should-trip', 'slow-calls', 'throttle', 'told-wait', 'update', 'waiting'
  ].map(name => `policies/${name}`),
  'clocks/fake-timers'
]

/** The text of the script; it leaves `runTests` to whoever loads it. */
export async function suite () {
  const files = SUITES.filter(name => name.includes(process.env.DIDELPHIS_SUITES ?? '')).map(name => `__test__/${name}.test.js`)
  for (const file of files) if (!existsSync(join(ROOT, file))) throw new Error(`there is no ${file}`)
  const contents = [
    ...files.map(file => `load(${JSON.stringify(file)}, () => require('./${file}'))`),
    "load('loop time', () => require('./.ci/projects/browser/loop-time.js'))",
    'globalThis.runTests = run'
  ]
  const { outputFiles: [{ text }] } = await build({
    stdin: {
      contents: `nodes = require(${JSON.stringify(shim('globals'))})
const { describe, run, test } = require(${JSON.stringify(shim('test'))})
function load (name, suite) {
  describe(name, () => { try { suite() } catch (error) { test('can be loaded', () => { throw error }) } })
}
${contents.join('\n')}`,
      resolveDir: ROOT
    },
    bundle: true,
    define: { __filename: '""', __dirname: '""', global: 'globalThis', process: 'nodes.process', 'require.resolve': 'nodes.resolve', setImmediate: 'nodes.setImmediate' },
    banner: { js: 'var nodes' },
    format: 'iife',
    logLevel: 'error',
    platform: 'neutral',
    mainFields: ['main'],
    plugins: [replaced],
    write: false
  })
  return text
}

const SHIMS = [
  [/^node:test$/, 'test'],
  [/^(node:)?assert(\/strict)?$/, 'assert'],
  [/^(node:)?events$/, 'events'],
  [/^node:timers\/promises$|\/support\/wait$/, 'wait'],
  [/\/support\/backend$/, 'backend'],
  [/^node:|^(util|timers|timers\/promises|opossum|opossum-1)$|\/support\/(child|crossings|loads|throwing)$/, 'node']
]

const replaced = {
  name: 'replaced',
  setup ({ onLoad, onResolve, resolve }) {
    for (const [filter, name] of SHIMS) onResolve({ filter }, ({ path }) => ({ path: shim(name) }))
    onResolve({ filter: /^\.\.\/\.\.$|^\.\.\/\.\.\/index$|^(\.\.\/)+circuit-breaker$/ }, () => ({ namespace: 'page', path: 'didelphis' }))
    onResolve({ filter: /\/builtins$/ }, () => ({ path: join(ROOT, 'lib', 'browser', 'builtins.js') }))
    onResolve({ filter: /\/binding$/ }, () => ({ path: join(ROOT, 'lib', 'browser', 'binding.js') }))
    onLoad({ filter: /./, namespace: 'page' }, () => ({ contents: 'module.exports = globalThis.CircuitBreaker' }))
  }
}
