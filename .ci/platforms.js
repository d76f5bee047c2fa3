'use strict'

// Every platform that there is a binary for: one table, which the build (`npm run build:target`),
// `.ci/targets`, the workflows and the tests read. Run with a platform it prints its row, with
// `--runner NAME` the platforms that are built there, as JSON; alone, all of it as a table.
//
// - triple: what rustc calls it
// - floor: the oldest C library or system that the binary runs on
// - linker: `zig` links for everything without a system's own files; `ndk` is Android's; `system`
//   the one of the machine, which is then of this kind
// - runner: who builds what is released; `here`: that a plain Linux can, as `.ci/targets` does
// - tested: with what, after it was built: `suite` all tests in JavaScript, `smoke` the program
//   `.ci/smoke.js`; on: the machine itself, or an emulator
// - stand-in: what is built here in place of the triple, to be tested, never to be released

const LINUX = 'ubuntu-24.04'
const GLIBC = 'glibc 2.17'

module.exports = {
  'linux-x64-gnu': {
    triple: 'x86_64-unknown-linux-gnu', floor: GLIBC, linker: 'zig', runner: LINUX, here: true, tested: 'suite', on: 'native'
  },
  'linux-x64-musl': {
    triple: 'x86_64-unknown-linux-musl', floor: 'musl 1.2.3', linker: 'zig', runner: LINUX, here: true, tested: 'suite', on: 'native'
  },
  'linux-arm64-gnu': {
    triple: 'aarch64-unknown-linux-gnu', floor: GLIBC, linker: 'zig', runner: LINUX, here: true, tested: 'smoke', on: 'qemu-aarch64-static'
  },
  'linux-arm64-musl': {
    triple: 'aarch64-unknown-linux-musl', floor: 'musl 1.2.3', linker: 'zig', runner: LINUX, here: true, tested: 'smoke', on: 'qemu-aarch64-static'
  },
  'linux-arm-gnueabihf': {
    triple: 'armv7-unknown-linux-gnueabihf', floor: GLIBC, linker: 'zig', runner: LINUX, here: true, tested: 'smoke', on: 'qemu-arm-static'
  },
  // Nobody has a Node.js for it that could be tried.
  'linux-arm-musleabihf': {
    triple: 'armv7-unknown-linux-musleabihf', floor: 'musl 1.2.3', linker: 'zig', runner: LINUX, here: true, tested: 'built', on: null
  },
  'win32-x64-msvc': {
    triple: 'x86_64-pc-windows-msvc',
    floor: 'Windows 10',
    linker: 'system',
    runner: 'windows-2025',
    here: false,
    tested: 'suite',
    on: 'native',
    standIn: { triple: 'x86_64-pc-windows-gnullvm', linker: 'zig', tested: 'smoke', on: 'wine' }
  },
  'win32-ia32-msvc': {
    triple: 'i686-pc-windows-msvc', floor: 'Windows 10', linker: 'system', runner: 'windows-2025', here: false, tested: 'smoke', on: 'native'
  },
  'win32-arm64-msvc': {
    triple: 'aarch64-pc-windows-msvc', floor: 'Windows 11', linker: 'system', runner: 'windows-11-arm', here: false, tested: 'suite', on: 'native'
  },
  'darwin-arm64': {
    triple: 'aarch64-apple-darwin', floor: 'macOS 11', linker: 'system', runner: 'macos-15', here: false, tested: 'suite', on: 'native'
  },
  'darwin-x64': {
    triple: 'x86_64-apple-darwin', floor: 'macOS 11', linker: 'system', runner: 'macos-15-intel', here: false, tested: 'suite', on: 'native'
  },
  'freebsd-x64': {
    triple: 'x86_64-unknown-freebsd', floor: 'FreeBSD 13', linker: 'zig', runner: LINUX, here: true, tested: 'built', on: null
  },
  'android-arm64': {
    triple: 'aarch64-linux-android', floor: 'Android 7 (API 24)', linker: 'ndk', runner: LINUX, here: false, tested: 'built', on: null
  },
  'android-arm-eabi': {
    triple: 'armv7-linux-androideabi', floor: 'Android 7 (API 24)', linker: 'ndk', runner: LINUX, here: false, tested: 'built', on: null
  }
}

if (require.main === module) {
  const [first, name] = process.argv.slice(2)
  const rows = Object.entries(module.exports).map(([platform, row]) => ({ platform, ...row }))
  if (first === '--runner') console.log(JSON.stringify(rows.filter(({ runner }) => runner === name).map(({ platform }) => platform)))
  else if (first) console.log(JSON.stringify(rows.find(({ platform }) => platform === first)))
  else console.table(Object.fromEntries(rows.map(({ platform, standIn, ...row }) => [platform, { ...row, standIn: standIn?.triple }])))
}
