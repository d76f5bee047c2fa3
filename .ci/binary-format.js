'use strict'

// What a binary is, by its bytes: whether one can be that of a platform, and what it needs there.
// Used by the build of a target and by what checks a release: a package with another platform's
// binary would install, and fail at its first `require`.

const platforms = require('./platforms')

const ELF_CPUS = { 40: 'arm', 62: 'x64', 183: 'arm64' }
const PE_CPUS = { 0x14c: 'ia32', 0x8664: 'x64', 0xaa64: 'arm64' }
const MACH_CPUS = { 0x1000007: 'x64', 0x100000c: 'arm64' }

// Of a C library, the name that a binary asks for it by.
const LIBRARIES = { gnu: 'libc.so.6', musl: 'libc.so', freebsd: 'libc.so.7', android: 'libc.so' }

module.exports = { faultsOf, formatOf }

/** `{ format, cpu }` of a binary, undefined for what is none. */
function formatOf (bytes) {
  if (bytes.length < 64) return undefined
  if (bytes.readUInt32BE(0) === 0x7f454c46) return { format: 'elf', cpu: ELF_CPUS[bytes.readUInt16LE(18)] }
  if (bytes.readUInt32LE(0) === 0xfeedfacf) return { format: 'mach', cpu: MACH_CPUS[bytes.readUInt32LE(4)] }
  if (bytes.toString('latin1', 0, 2) !== 'MZ') return undefined
  const header = bytes.readUInt32LE(0x3c)
  if (header + 6 > bytes.length || bytes.toString('latin1', header, header + 4) !== 'PE\0\0') return undefined
  return { format: 'pe', cpu: PE_CPUS[bytes.readUInt16LE(header + 4)] }
}

/** Why a binary cannot be that of a platform, as texts; none if it can. */
function faultsOf (platform, bytes) {
  const [system, cpu, abi = ''] = platform.split('-')
  const found = formatOf(bytes)
  const expected = { win32: 'pe', darwin: 'mach' }[system] ?? 'elf'
  // Android calls its 32 bits `arm`, too.
  if (found?.format !== expected || found.cpu !== cpu) {
    return [`${found ? `${found.format} for ${found.cpu}` : 'no binary'}, where ${expected} for ${cpu} is needed`]
  }
  return expected === 'elf' ? elfFaults(platform, system, abi, bytes) : []
}

function elfFaults (platform, system, abi, bytes) {
  const faults = []
  const { needed, flags1 } = dynamicOf(bytes)
  const library = LIBRARIES[abi.match(/^(gnu|musl)/)?.[1] ?? system]
  if (!needed.includes(library)) faults.push(`it asks for ${needed.join(', ') || 'no library'}, and not for ${library}`)
  // The timer thread's code has to stay when the last worker that loaded it ends.
  if (!(flags1 & 8)) faults.push('it would be unloaded: linked without -z nodelete')
  const floor = platforms[platform].floor.match(/^glibc 2\.(\d+)$/)?.[1]
  const newest = Math.max(0, ...[...bytes.toString('latin1').matchAll(/\0GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor)))
  if (floor && newest > Number(floor)) faults.push(`it needs glibc 2.${newest}, and 2.${floor} is promised`)
  return faults
}

// The names of the libraries that are asked for, and the flags of the dynamic section.
function dynamicOf (bytes) {
  const wide = bytes[4] === 2
  const word = wide ? at => Number(bytes.readBigUInt64LE(at)) : at => bytes.readUInt32LE(at)
  const size = wide ? 8 : 4
  const table = word(wide ? 32 : 28)
  const segments = Array.from({ length: bytes.readUInt16LE(wide ? 56 : 44) }, (_, i) => {
    const at = table + i * (wide ? 56 : 32)
    return { type: bytes.readUInt32LE(at), offset: word(at + size), address: word(at + 2 * size), length: word(at + 4 * size) }
  })
  const entries = []
  const { offset, length } = segments.find(({ type }) => type === 2) ?? { offset: 0, length: 0 }
  for (let at = offset; at < offset + length; at += 2 * size) entries.push({ tag: word(at), value: word(at + size) })
  const value = tag => entries.find(entry => entry.tag === tag)?.value ?? 0
  const strings = value(5)
  const home = segments.find(({ type, address, length }) => type === 1 && strings >= address && strings < address + length)
  const names = home ? home.offset + strings - home.address : 0
  return {
    needed: entries.filter(({ tag }) => tag === 1).map(({ value }) => {
      const start = names + value
      return bytes.toString('latin1', start, bytes.indexOf(0, start))
    }),
    flags1: value(0x6ffffffb)
  }
}
