'use strict'

// Builds the binary of one platform, wherever this runs: `npm run build:target -- linux-arm64-musl`.
// It comes to lie in `target/binaries`, or in the folder that is given next, under the name that it
// has in its package. What is wrong by its header, its C library or what it links is refused.
// `--stand-in` builds what is tested here in place of a binary that only its own system can make.
//
// The compiler is the one on the PATH where that has the standard library of the target, otherwise
// Debian's, which builds it from its source. `.ci/zig` brings the linker.

const { execFileSync } = require('node:child_process')
const { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs')
const { delimiter, dirname, join, resolve } = require('node:path')

const { faultsOf } = require('./binary-format')
const platforms = require('./platforms')

const ROOT = join(__dirname, '..')
const TARGETS = join(ROOT, 'target', 'targets')
const ANDROID_API = 24

module.exports = { plan }

if (require.main === module) main(process.argv.slice(2))

function main (args) {
  const [platform, folder = join(ROOT, 'target', 'binaries')] = args.filter(arg => !arg.startsWith('--'))
  if (!Object.hasOwn(platforms, String(platform))) {
    console.error(`which platform? one of: ${Object.keys(platforms).join(', ')}`)
    process.exit(1)
  }
  const { command, args: rest, env, made, row } = plan(platform, { standIn: args.includes('--stand-in') })
  if (args.includes('--dry-run')) return console.log(JSON.stringify({ command, args: rest, env }, null, 2))

  if (/windows-gnu/.test(row.triple)) standInForNode(env.LIBNODE_PATH)
  execFileSync(command, rest, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } })
  const binary = readFileSync(made)
  const faults = faultsOf(platform, binary)
  if (faults.length > 0) throw new Error(`${platform}: ${faults.join('; ')}`)
  const path = join(resolve(folder), `didelphis.${platform}.node`)
  mkdirSync(dirname(path), { recursive: true })
  copyFileSync(made, path)
  console.log(`${path}: ${Math.round(binary.length / 1024)} KB`)
}

/** How a platform's binary is built: the command, what it finds in its environment, and the file that is made. */
function plan (platform, { standIn = false, hasStandard = standardLibraryOf, environment = process.env } = {}) {
  const row = { ...platforms[platform], ...(standIn && platforms[platform].standIn) }
  const { triple, floor, linker } = row
  const env = {}
  const args = ['--release', '--lib', '--package', 'didelphis', '--locked', '--target-dir', TARGETS]

  if (!hasStandard(triple)) {
    // Its own cargo, not rustup's stand-in, which would bring a compiler of its own.
    Object.assign(env, { RUSTC: '/usr/bin/rustc', RUSTC_BOOTSTRAP: '1', CARGO: cargo() })
    args.push('-Zbuild-std=std,panic_unwind')
  }
  const variable = `CARGO_TARGET_${triple.toUpperCase().replaceAll('-', '_')}`
  // Node's own C library is the one to use.
  if (triple.includes('musl')) env[`${variable}_RUSTFLAGS`] = '-Ctarget-feature=-crt-static'
  // No file of Microsoft's has to be installed.
  if (triple.endsWith('msvc')) env[`${variable}_RUSTFLAGS`] = '-Ctarget-feature=+crt-static'
  if (triple.includes('windows-gnu')) env.LIBNODE_PATH = join(TARGETS, 'libnode')
  if (triple.endsWith('darwin')) env.MACOSX_DEPLOYMENT_TARGET = `${floor.split(' ')[1]}.0`
  if (linker === 'ndk') Object.assign(env, ndk(triple, variable, environment))

  const zig = linker === 'zig'
  if (zig) env.PATH = [join(ROOT, 'target', 'zig', 'bin'), dirname(cargo()), environment.PATH].join(delimiter)
  const glibc = zig && floor.match(/^glibc (.*)/)?.[1]
  args.push('--target', glibc ? `${triple}.${glibc}` : triple)
  return {
    command: zig ? join(ROOT, 'target', 'zig', 'bin', 'cargo-zigbuild') : cargo(),
    args: [zig ? 'zigbuild' : 'build', ...args],
    env,
    made: join(TARGETS, triple, 'release', libraryOf(triple)),
    row
  }
}

function libraryOf (triple) {
  if (triple.includes('windows')) return 'didelphis.dll'
  return triple.endsWith('darwin') ? 'libdidelphis.dylib' : 'libdidelphis.so'
}

function standardLibraryOf (triple) {
  return existsSync(ask('rustc', '--print', 'target-libdir', '--target', triple))
}

function cargo () {
  try {
    return ask('rustup', 'which', 'cargo')
  } catch {
    return process.env.CARGO ?? 'cargo'
  }
}

function ask (command, ...args) {
  return execFileSync(command, args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}

function ndk (triple, variable, { ANDROID_NDK_LATEST_HOME: home, ANDROID_NDK_HOME: other = '' }) {
  const bin = join(home ?? other, 'toolchains', 'llvm', 'prebuilt', 'linux-x86_64', 'bin')
  const clang = join(bin, `${triple.replace('armv7-', 'armv7a-')}${ANDROID_API}-clang`)
  const suffix = triple.replaceAll('-', '_')
  return { [`${variable}_LINKER`]: clang, [`CC_${suffix}`]: clang, [`AR_${suffix}`]: join(bin, 'llvm-ar') }
}

// The build script asks for it; what it has is looked up in the program that loads the binary.
function standInForNode (folder) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'empty.c'), '')
  const zig = join(ROOT, 'target', 'zig', 'bin', 'python')
  execFileSync(zig, ['-m', 'ziglang', 'cc', '-target', 'x86_64-windows-gnu', '-shared', '-o', 'libnode.dll', 'empty.c', '-Wl,--out-implib,libnode.a'], { cwd: folder })
}
