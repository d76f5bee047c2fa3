'use strict'

// The name by which the binary of this platform goes: napi-rs' names.

module.exports = function platformName () {
  const { arch, platform } = process
  if (platform === 'linux') return `linux-${arch}-${linuxAbi(arch)}`
  if (platform === 'win32') return `win32-${arch}-msvc`
  if (platform === 'android' && arch === 'arm') return 'android-arm-eabi'
  return `${platform}-${arch}`
}

function linuxAbi (arch) {
  const libc = isMusl() ? 'musl' : 'gnu'
  return arch === 'arm' ? `${libc}eabihf` : libc
}

// A report made under glibc names its version; under musl there is none to name. A
// runtime without reports is one that needs glibc.
function isMusl () {
  const { report } = process
  if (!report?.getReport) return false
  const { excludeNetwork } = report
  // Looking up the names of open connections can take seconds.
  report.excludeNetwork = true
  /** @type {any} */
  const { header } = report.getReport()
  report.excludeNetwork = excludeNetwork
  return !header.glibcVersionRuntime
}
