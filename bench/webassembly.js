'use strict'

// Ours once more, by its WebAssembly: a load of the package beside that of the addon. Used by the contestants.

const { existsSync } = require('node:fs')
const { join } = require('node:path')

const ROOT = join(__dirname, '..')
const BYTES = join(ROOT, 'lib', 'wasm', 'bytes.js')

/** Gives an action a guard by the WebAssembly; undefined where that has not been built (`npm run build:wasm`). */
function loadWebAssembly () {
  if (!existsSync(BYTES)) return undefined
  let CircuitBreaker
  // Most processes of the bench have no use for it.
  return (action, options) => new (CircuitBreaker ??= load())(action, { ...options })
}

module.exports = { loadWebAssembly }

function load () {
  const loaded = { ...require.cache }
  const { DIDELPHIS_BINDING: asked } = process.env
  for (const path of Object.keys(loaded)) if (isOurs(path)) delete require.cache[path]
  try {
    process.env.DIDELPHIS_BINDING = 'wasm'
    return require('..')
  } finally {
    if (asked === undefined) delete process.env.DIDELPHIS_BINDING
    else process.env.DIDELPHIS_BINDING = asked
    for (const path of Object.keys(require.cache)) if (isOurs(path)) delete require.cache[path]
    Object.assign(require.cache, loaded)
  }
}

function isOurs (path) {
  return path === join(ROOT, 'index.js') || path.startsWith(join(ROOT, 'lib'))
}
