// Builds what browsers get, `dist`, of `lib` and of the WebAssembly whose file is given: each is one file, in
// which `lib/browser` stands in the place of what is Node's. Used by `.ci/wasm --small`, which is
// `npm run build:browser`.

import { build } from 'esbuild'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DIST = join(ROOT, 'dist')
const inRoot = path => join(ROOT, ...path.split('/'))

const require = createRequire(import.meta.url)
const { version } = require('../package.json')

// The static methods and the like that can be imported by name, as from `index.js`.
const NAMES = Array.from(readFileSync(inRoot('index.js'), 'utf8').matchAll(/^module\.exports\.(\w+)/gm), ([, name]) => name)
  .filter(name => !['CircuitBreaker', 'default'].includes(name))

// What is in the place of what.
const BROWSER = {
  'lib/builtins.js': 'lib/browser/builtins.js',
  'lib/binding.js': 'lib/browser/binding.js',
  'lib/wasm/base64.js': 'lib/browser/base64.js',
  'lib/wasm/instance.js': 'lib/browser/instance.js'
}
const ASYNC = { ...BROWSER, 'lib/wasm/instance.js': 'lib/browser/instance-async.js' }
const WORKERD = { ...BROWSER, 'lib/wasm/instance.js': 'lib/browser/instance-workerd.mjs' }

const MODULE = `import CircuitBreaker from './index.js'
export default CircuitBreaker
export { CircuitBreaker }
export const { ${NAMES.join(', ')} } = CircuitBreaker`
const ASYNC_MODULE = `import { load } from './lib/browser/async.js'
export { load }`

// Chromium 114 compiles on the main thread what is larger than 4 KB; the others are as old.
const BASELINE = ['chrome114', 'firefox114', 'safari16.4']
const OLDER = ['chrome98', 'firefox104', 'safari15.4']

rmSync(DIST, { force: true, recursive: true })
mkdirSync(DIST)
const compiled = readFileSync(process.argv[2])
writeFileSync(join(DIST, 'didelphis.wasm'), compiled)
const packed = pack(compiled).toString('base64')

await bundle('didelphis.mjs', { contents: MODULE, format: 'esm', instead: BROWSER, target: BASELINE })
await bundle('didelphis.cjs', { contents: "module.exports = require('./index.js')", format: 'cjs', instead: BROWSER, target: BASELINE })
await bundle('didelphis.js', { contents: "module.exports = require('./index.js')", format: 'iife', globalName: 'CircuitBreaker', instead: BROWSER, target: BASELINE })
await bundle('didelphis.async.mjs', { contents: ASYNC_MODULE, format: 'esm', instead: ASYNC, target: OLDER })
await bundle('didelphis.async.cjs', { contents: "exports.load = require('./lib/browser/async.js').load", format: 'cjs', instead: ASYNC, target: OLDER })
await bundle('didelphis.workerd.mjs', { contents: MODULE, format: 'esm', instead: WORKERD, target: BASELINE })

async function bundle (name, { contents, instead, ...options }) {
  const outfile = join(DIST, name)
  const { metafile } = await build({
    stdin: { contents, resolveDir: ROOT, sourcefile: 'entry.js' },
    absWorkingDir: ROOT,
    banner: { js: `/*! didelphis ${version}, Apache-2.0 */` },
    bundle: true,
    charset: 'ascii',
    // Asked of an addon alone.
    define: { 'process.versions.bun': 'undefined', 'process.versions.deno': 'undefined' },
    legalComments: 'none',
    logLevel: 'error',
    metafile: true,
    minify: true,
    outfile,
    platform: 'neutral',
    plugins: [standIns(instead)],
    ...options
  })
  const { inputs } = metafile
  for (const path of Object.keys(instead)) {
    if (inputs[path]) throw new Error(`${name} has ${path} in it, which is Node's`)
  }
  const [{ imports }] = Object.values(metafile.outputs)
  const others = imports.map(({ path }) => path).filter(path => path !== './didelphis.wasm')
  if (others.length > 0) throw new Error(`${name} asks for ${others}`)
  const bytes = readFileSync(outfile)
  const zipped = gzipSync(bytes, { level: 9 }).length
  console.log(`dist/${name}: ${bytes.length} bytes, ${zipped} gzipped`)
}

/** As `lib/browser/lzma.js` unpacks it. What is sent is packed once more, which undoes the base64, but cannot do this. */
function pack (bytes) {
  const HEADER = 13
  const stream = execFileSync('xz', ['--format=lzma', '--lzma1=preset=9e,lc=3,lp=0,pb=0', '--stdout', '-'], { input: bytes }).subarray(HEADER)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([length, stream])
}

/** Has files stand in the place of others. */
function standIns (instead) {
  return {
    name: 'stand-ins',
    setup ({ onLoad, onResolve, resolve }) {
      onResolve({ filter: /\/bytes$/ }, () => ({ namespace: 'bytes', path: 'bytes' }))
      onLoad({ filter: /./, namespace: 'bytes' }, () => ({ contents: `module.exports = '${packed}'` }))
      onResolve({ filter: /^didelphis\.wasm$/ }, () => ({ external: true, path: './didelphis.wasm' }))
      onResolve({ filter: /^\.{1,2}\// }, async ({ pluginData, ...asked }) => {
        if (pluginData === 'asked') return undefined
        const found = await resolve(asked.path, { importer: asked.importer, kind: asked.kind, pluginData: 'asked', resolveDir: asked.resolveDir })
        const other = Object.keys(instead).find(path => inRoot(path) === found.path)
        return other === undefined ? found : { path: inRoot(instead[other]) }
      })
    }
  }
}
