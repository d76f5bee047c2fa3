'use strict'

// This platform's binary: in a clone the one that was built there, otherwise that of the package
// which was installed with ours. Used by `native/load.js`.
//
// Bundlers read this file. Each package is required by its name, written out, in a `try` of its
// own, so that they take along what is there and pass over what is not; and nothing here is
// lost in an ES module, which has no `require` and no `__dirname`.

const { refuseTruncated, toBeExplained } = require('./binary-errors')
const { own } = require('./builtins')
const platformName = require('./platform')

/** The exports of the binary; where it cannot be had, an error that says why. */
module.exports = function loadBinary () {
  const platform = platformName()
  const { binary, error } = fromClone() ?? fromPackage(platform)
  if (typeof binary?.Environment === 'function') return binary
  throw toBeExplained(platform, binary === undefined ? error : new Error('it is no binary of didelphis'))
}

function fromClone () {
  try {
    return { binary: require('./didelphis-clone') }
  } catch (error) {
    // Neither that file nor its binary is in a package, nor in a clone that was not built.
    return String(error.code).startsWith('ERR_DLOPEN') ? { error } : undefined
  }
}

function fromPackage (platform) {
  const name = `@didelphis/binding-${platform}`
  try {
    refuseTruncated(name)
  } catch (error) {
    return { error }
  }
  const loaded = byLiteral(platform)
  return isWithoutRequire(loaded.error) ? byProgram(name) ?? loaded : loaded
}

function byLiteral (platform) {
  switch (platform) {
    case 'android-arm-eabi':
      try { return { binary: require('@didelphis/binding-android-arm-eabi') } } catch (error) { return { error } }
    case 'android-arm64':
      try { return { binary: require('@didelphis/binding-android-arm64') } } catch (error) { return { error } }
    case 'darwin-arm64':
      try { return { binary: require('@didelphis/binding-darwin-arm64') } } catch (error) { return { error } }
    case 'darwin-x64':
      try { return { binary: require('@didelphis/binding-darwin-x64') } } catch (error) { return { error } }
    case 'freebsd-x64':
      try { return { binary: require('@didelphis/binding-freebsd-x64') } } catch (error) { return { error } }
    case 'linux-arm-gnueabihf':
      try { return { binary: require('@didelphis/binding-linux-arm-gnueabihf') } } catch (error) { return { error } }
    case 'linux-arm-musleabihf':
      try { return { binary: require('@didelphis/binding-linux-arm-musleabihf') } } catch (error) { return { error } }
    case 'linux-arm64-gnu':
      try { return { binary: require('@didelphis/binding-linux-arm64-gnu') } } catch (error) { return { error } }
    case 'linux-arm64-musl':
      try { return { binary: require('@didelphis/binding-linux-arm64-musl') } } catch (error) { return { error } }
    case 'linux-x64-gnu':
      try { return { binary: require('@didelphis/binding-linux-x64-gnu') } } catch (error) { return { error } }
    case 'linux-x64-musl':
      try { return { binary: require('@didelphis/binding-linux-x64-musl') } } catch (error) { return { error } }
    case 'win32-arm64-msvc':
      try { return { binary: require('@didelphis/binding-win32-arm64-msvc') } } catch (error) { return { error } }
    case 'win32-ia32-msvc':
      try { return { binary: require('@didelphis/binding-win32-ia32-msvc') } } catch (error) { return { error } }
    case 'win32-x64-msvc':
      try { return { binary: require('@didelphis/binding-win32-x64-msvc') } } catch (error) { return { error } }
    default: return {}
  }
}

/**
 * Whether there was no `require`, or one that knows nothing of packages: in an ES module into
 * which we were inlined, and in a single executable.
 */
function isWithoutRequire (error) {
  return error !== undefined && (error.code === undefined || error.code === 'ERR_UNKNOWN_BUILTIN_MODULE')
}

/**
 * The package as the program itself would find it, from its entry, from where it was started, or beside a single executable;
 * undefined where that finds none.
 */
function byProgram (name) {
  for (const from of [process.argv[1], `${process.cwd()}/`, process.execPath]) {
    try {
      return { binary: own('module').createRequire(from)(name) }
    } catch (error) {
      if (String(error.code).startsWith('ERR_DLOPEN')) return { error }
    }
  }
}
