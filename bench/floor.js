'use strict'

// The least that a guard with its mind in native code can cost: an async function that
// makes two native calls, which do nothing. Used by the contestants.

const { execFileSync } = require('node:child_process')
const { copyFileSync, existsSync } = require('node:fs')
const { join } = require('node:path')

const CRATE = join(__dirname, 'floor')
const BUILT = join(__dirname, '..', 'target', 'floor')
const ADDON = join(BUILT, 'floor.node')

const LIBRARY = { darwin: 'libfloor.dylib', win32: 'floor.dll' }[process.platform] ?? 'libfloor.so'

/** Builds the native call where that has not been done; says so when it cannot be. */
function buildFloor () {
  if (existsSync(ADDON)) return
  const manifest = join(CRATE, 'Cargo.toml')
  try {
    execFileSync('cargo', ['build', '--quiet', '--release', '--manifest-path', manifest, '--target-dir', BUILT], {
      stdio: ['ignore', 'ignore', 'inherit']
    })
    copyFileSync(join(BUILT, 'release', LIBRARY), ADDON)
  } catch (error) {
    console.error(`without the floor, which could not be built: ${error.message}`)
  }
}

/** The native call that does nothing; undefined where it has not been built. */
function loadCrossing () {
  return existsSync(ADDON) ? require(ADDON).cross : undefined
}

/** Gives an action the guard that does nothing; undefined where it has not been built. */
function loadFloor () {
  const cross = loadCrossing()
  return cross && (action => ({
    fire: async (...args) => {
      cross()
      const result = await action(...args)
      cross()
      return result
    }
  }))
}

module.exports = { buildFloor, loadCrossing, loadFloor }
