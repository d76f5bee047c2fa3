'use strict'

// The table of platforms, how their binaries are built, and what is refused as one of them.

const assert = require('node:assert/strict')
const { readdirSync } = require('node:fs')
const { join } = require('node:path')
const { describe, test } = require('node:test')

const { faultsOf, formatOf } = require('../../.ci/binary-format')
const { plan } = require('../../.ci/build-target')
const platforms = require('../../.ci/platforms')
const { napi } = require('../../package.json')

const names = Object.keys(platforms)
const known = { hasStandard: () => true, environment: { PATH: '/bin', ANDROID_NDK_LATEST_HOME: '/ndk' } }

test('the table has every platform that there is a package for, under the triple that napi-rs names', () => {
  assert.deepEqual([...names].sort(), readdirSync(join(__dirname, '..', '..', 'npm')).sort())
  assert.deepEqual(names.map(name => platforms[name].triple).sort(), [...napi.targets].sort())
})

test('a platform is tested somewhere, or there is nothing to test it on', () => {
  for (const name of names) {
    const { tested, on, here, runner, standIn } = platforms[name]
    assert.equal(tested === 'built', on === null, name)
    assert(runner, name)
    // What is built here can be built by whoever has zig.
    if (here) assert.equal(platforms[name].linker, 'zig', name)
    assert(!(here && standIn), name)
  }
})

describe('how a binary is built', () => {
  for (const name of names.filter(name => platforms[name].floor.startsWith('glibc'))) {
    test(`${name}: for glibc 2.17`, () => {
      const { command, args } = plan(name, known)
      assert.match(command, /cargo-zigbuild$/)
      assert.equal(args.at(-1), `${platforms[name].triple}.2.17`)
    })
  }

  for (const name of names.filter(name => name.includes('musl'))) {
    test(`${name}: with the C library of its Node.js`, () => {
      const { env } = plan(name, known)
      assert.deepEqual(Object.values(env).filter(value => value.includes('crt-static')), ['-Ctarget-feature=-crt-static'])
    })
  }

  test('a compiler without the standard library of a target builds that, too', () => {
    const without = { ...known, hasStandard: () => false }
    assert(plan('linux-arm64-musl', without).args.includes('-Zbuild-std=std,panic_unwind'))
    assert.equal(plan('linux-arm64-musl', without).env.RUSTC_BOOTSTRAP, '1')
    assert(!plan('linux-arm64-musl', known).args.some(arg => arg.startsWith('-Z')))
  })

  test('android-arm-eabi: by the compiler of the NDK, which says armv7a', () => {
    const { env } = plan('android-arm-eabi', known)
    assert.equal(env.CARGO_TARGET_ARMV7_LINUX_ANDROIDEABI_LINKER, '/ndk/toolchains/llvm/prebuilt/linux-x86_64/bin/armv7a-linux-androideabi24-clang')
  })

  test('each gives the file that cargo makes there', () => {
    const made = name => plan(name, known).made.split('/').slice(-3).join('/')
    assert.equal(made('win32-ia32-msvc'), 'i686-pc-windows-msvc/release/didelphis.dll')
    assert.equal(made('darwin-x64'), 'x86_64-apple-darwin/release/libdidelphis.dylib')
    assert.equal(made('freebsd-x64'), 'x86_64-unknown-freebsd/release/libdidelphis.so')
  })

  test('a stand-in is another triple, under the same name', () => {
    assert.match(plan('win32-x64-msvc', { ...known, standIn: true }).args.at(-1), /gnullvm$/)
  })
})

// An ELF file with a dynamic section, made of words.
function elf ({ cpu = 62, needed = ['libc.so.6'], flags1 = 8, besides = '' } = {}) {
  const strings = Buffer.from(`\0${needed.map(name => `${name}\0`).join('')}${besides}\0`)
  const bytes = Buffer.alloc(512 + strings.length)
  bytes.writeUInt32BE(0x7f454c46, 0)
  bytes[4] = 2
  bytes.writeUInt16LE(cpu, 18)
  bytes.writeBigUInt64LE(64n, 32)
  bytes.writeUInt16LE(2, 56)
  const dynamic = [[5, 512 + 4096], [0x6ffffffb, flags1]]
  let at = 1
  for (const name of needed) {
    dynamic.push([1, at])
    at += name.length + 1
  }
  const segments = [{ type: 1, offset: 0, address: 4096, length: bytes.length }, { type: 2, offset: 256, address: 4352, length: dynamic.length * 16 }]
  segments.forEach(({ type, offset, address, length }, i) => {
    bytes.writeUInt32LE(type, 64 + 56 * i)
    ;[offset, address, address, length].forEach((value, j) => bytes.writeBigUInt64LE(BigInt(value), 64 + 56 * i + 8 + 8 * j))
  })
  dynamic.flat().forEach((value, i) => bytes.writeBigUInt64LE(BigInt(value), 256 + 8 * i))
  strings.copy(bytes, 512)
  return bytes
}

describe('what is refused as the binary of a platform', () => {
  test('nothing, of one that is as it should be', () => {
    assert.deepEqual(faultsOf('linux-x64-gnu', elf({ besides: 'GLIBC_2.17' })), [])
    assert.deepEqual(faultsOf('linux-arm64-musl', elf({ cpu: 183, needed: ['libc.so'] })), [])
    assert.deepEqual(faultsOf('freebsd-x64', elf({ needed: ['libthr.so.3', 'libc.so.7'] })), [])
  })

  test('a text, an empty file', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('not a binary'.repeat(20))]) {
      assert.equal(formatOf(bytes), undefined)
      for (const name of names) assert.match(faultsOf(name, bytes)[0], /^no binary/)
    }
  })

  test('one of another processor, system or C library', () => {
    assert.match(faultsOf('linux-arm64-gnu', elf())[0], /^elf for x64, where elf for arm64/)
    assert.match(faultsOf('darwin-x64', elf())[0], /^elf for x64, where mach for x64/)
    assert.match(faultsOf('linux-x64-musl', elf())[0], /asks for libc\.so\.6, and not for libc\.so$/)
    assert.match(faultsOf('linux-x64-gnu', elf({ needed: ['libc.so'] }))[0], /not for libc\.so\.6/)
  })

  test('one that needs a newer glibc than is promised', () => {
    assert.match(faultsOf('linux-x64-gnu', elf({ besides: 'GLIBC_2.9\0GLIBC_2.34' }))[0], /needs glibc 2\.34/)
  })

  test('one that Node would unload under its timer thread', () => {
    assert.match(faultsOf('linux-x64-gnu', elf({ flags1: 0 }))[0], /nodelete/)
  })

  test('the system and the processor are read in the headers of Windows and macOS, too', () => {
    const windows = Buffer.alloc(256)
    windows.write('MZ', 0)
    windows.writeUInt32LE(128, 0x3c)
    windows.write('PE\0\0', 128)
    windows.writeUInt16LE(0xaa64, 132)
    assert.deepEqual(faultsOf('win32-arm64-msvc', windows), [])
    assert.match(faultsOf('win32-x64-msvc', windows)[0], /^pe for arm64/)
    const mac = Buffer.alloc(64)
    mac.writeUInt32LE(0xfeedfacf, 0)
    mac.writeUInt32LE(0x100000c, 4)
    assert.deepEqual(faultsOf('darwin-arm64', mac), [])
    assert.match(faultsOf('darwin-x64', mac)[0], /^mach for arm64/)
  })
})
