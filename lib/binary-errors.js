'use strict'

// Why there is no binary: the package is missing, or what is there cannot be loaded, and what
// to do about it. Used by the loader.

const { own } = require('./builtins')

// What the system or Node says, and what to do then. The first that fits.
/** @type {[RegExp, (match: RegExpMatchArray) => string][]} */
const REMEDIES = [
  [/loading addons is disabled/, () => process.permission
    ? 'Node runs with --permission: add --allow-addons.'
    : 'Node was told to load no addons: take --no-addons out of its command line, of NODE_OPTIONS, ' +
      'or of the execArgv of the worker.'],
  [/Access to this API has been restricted/, () =>
    'Node runs with --permission: let it read the folder of that package (--allow-fs-read) and load addons (--allow-addons).'],
  [/version [`'"]?GLIBC_([\d.]+)/, ([, needed]) =>
    `It needs glibc ${needed} or newer, and this system has ${glibc() ?? 'an older one'}: use a newer ` +
    'distribution, or build the binary on this one, from a clone of the repository with "npm install", which needs Rust.'],
  [/ld-linux|libc\.so\.6|ld-musl|libc\.musl|Error relocating/, () =>
    'It is for another C library than that of this system. node_modules came from elsewhere: install again, here.'],
  [/(lib[\w+-]+\.so[.\d]*): (cannot open shared object file: )?No such file/, ([, library]) =>
    `It needs ${library}, which this system has not: install that.`],
  // glibc takes a file for another processor for none.
  [/truncated|too short|cannot read file data|invalid ELF|Exec format error|ELF (file|load)|wrong ELF class|not a valid Win32|mach-o|incompatible architecture|code signature|\.node: cannot open shared object file: No such file/i, () =>
    'The file is damaged, or for another platform: remove that package from node_modules and install again, here.'],
  [/ermission denied|failed to map segment|Operation not permitted/, () =>
    'This user may not read that file, or its file system runs no programs (mounted with noexec).'],
  [/valid "main" entry/, () => 'The package is there without its binary: remove it from node_modules and install again.'],
  [/^Cannot find (module|package)/, () => 'The package is there without its package.json, or this user may not read it: remove it from node_modules and install again.']
]
const ELSE = 'Remove that package from node_modules and install again; if this stays, it is a defect of didelphis.'

/** An error that explains one of loading the binary; without one there is no binary for the platform. */
function toBeExplained (platform, cause) {
  if (cause === undefined) return new Error(unknown(platform))
  if (isMissing(cause) && folderOf(packageFor(platform)) === undefined) return new Error(missing(platform), { cause })
  if (isWithoutRequire(cause)) return new Error(withoutRequire(platform), { cause })
  return new Error(broken(platform, cause), { cause })
}

// With a path it is the file of a package that is there. Bun has a code of its own.
function isMissing ({ code, path }) {
  return path === undefined && (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND')
}

// Of an ES module, as rollup and esbuild make them, and of a single executable.
function isWithoutRequire ({ code, message }) {
  return code === 'ERR_UNKNOWN_BUILTIN_MODULE' || /^(require is not defined|Dynamic require of)/.test(message)
}

function unknown (platform) {
  return `didelphis has no native binary for ${platform}: there is none for this platform. ${build()}`
}

function missing (platform) {
  return `didelphis has no native binary for ${platform} here: the package of it is missing. ` +
    `Install it with "npm install ${packageFor(platform)}": ` +
    'npm leaves it out when optional dependencies are omitted, or when node_modules or the lock file came ' +
    `from another platform. In a bundle, see docs/bundlers.md. ${build()}`
}

function build () {
  return 'Or build it from a clone of the repository with "npm install", which needs Rust.'
}

function withoutRequire (platform) {
  return `didelphis was bundled into a module that has no "require" to load its native binary for ${platform} with. ` +
    'Leave didelphis out of the bundle, as an external module, or give the bundle a "require": docs/bundlers.md.'
}

function broken (platform, { message }) {
  const [remedy] = REMEDIES.flatMap(([pattern, remedy]) => {
    const match = message.match(pattern)
    return match ? [remedy(match)] : []
  })
  const path = locate(packageFor(platform)) ?? folderOf(packageFor(platform))
  const where = path !== undefined && !message.includes(path) ? ` at ${path}` : ''
  const reason = message.split('\n')[0].replace(/\.$/, '')
  return `didelphis found its native binary for ${platform}${where}, but it could not be loaded: ${reason}. ${remedy ?? ELSE}`
}

function packageFor (platform) {
  return `@didelphis/binding-${platform}`
}

function glibc () {
  /** @type {any} */
  const report = process.report?.getReport?.()
  return report?.header.glibcVersionRuntime
}

/** The file that this package's name leads to; undefined where that cannot be said. */
function locate (name) {
  try {
    return own('module').createRequire(__filename).resolve(name)
  } catch {
    return undefined
  }
}

/** The folder of that package, whatever is in it; undefined where there is none, or that cannot be said. */
function folderOf (name) {
  try {
    const { paths } = own('module').createRequire(__filename).resolve
    return paths(name).map(folder => `${folder}/${name}`).find(folder => own('fs').existsSync(folder))
  } catch {
    return undefined
  }
}

/**
 * Throws if the file of that package ends before its sections do. The system would load it, and
 * end the process with a signal (SIGBUS) when it comes to what is not there.
 */
function refuseTruncated (name) {
  const path = locate(name)
  const fs = own('fs')
  if (path === undefined || fs === undefined) return
  const header = Buffer.alloc(64)
  let size
  try {
    const file = fs.openSync(path)
    try {
      fs.readSync(file, header)
      size = fs.fstatSync(file).size
    } finally {
      fs.closeSync(file)
    }
  } catch {
    return // Whatever it is: to load it fails for the same reason, and says so.
  }
  if (size < sizeOfElf(header)) throw new Error(`${path}: the file is truncated, at ${size} bytes`)
}

/** How long a file with that header is at least; 0 when it is of another format. */
function sizeOfElf (header) {
  if (header.readUInt32BE() !== 0x7f454c46) return 0
  // The table of sections is the last part of it.
  const [start, entrySize, entries] = header[4] === 2
    ? [Number(header.readBigUInt64LE(0x28)), 0x3a, 0x3c]
    : [header.readUInt32LE(0x20), 0x2e, 0x30]
  return start + header.readUInt16LE(entrySize) * header.readUInt16LE(entries)
}

module.exports = { refuseTruncated, toBeExplained }
