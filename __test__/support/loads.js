'use strict'

// Our module loaded more than once in a process, as by test runners.

const { readFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { dirname } = require('node:path')
const vm = require('node:vm')

/** A load by Node's own require, which then forgets it. */
function forgotten (ours) {
  forget()
  const CircuitBreaker = require(ours)
  forget()
  return CircuitBreaker

  function forget () {
    const directory = dirname(require.resolve(ours))
    for (const path of Object.keys(require.cache)) {
      if (path.startsWith(directory) && path.endsWith('.js') && path !== __filename) delete require.cache[path]
    }
    module.children.length = 0
  }
}

/** A load in a context, with globals, of its own: Jest's way. */
function contained (ours) {
  const parsingContext = vm.createContext({ process, queueMicrotask, setImmediate, setTimeout })
  const loaded = new Map()
  return load(require.resolve(ours))

  function load (path) {
    if (!path.endsWith('.js')) return require(path)
    if (!loaded.has(path)) {
      const module = { exports: {} }
      loaded.set(path, module)
      const parameters = ['exports', 'require', 'module', '__filename', '__dirname']
      const wrapped = vm.compileFunction(readFileSync(path, 'utf8'), parameters, { filename: path, parsingContext })
      const { resolve } = createRequire(path)
      wrapped(module.exports, id => load(resolve(id)), module, path, dirname(path))
    }
    return loaded.get(path).exports
  }
}

module.exports = { contained, forgotten }
