'use strict'

// Node.js says that it is on the platform that AS_PLATFORM names. Required by `install-as.js`
// before a program that believes it.

const [platform, arch, abi = ''] = String(process.env.AS_PLATFORM).split('-')

const said = {
  platform,
  arch,
  report: { getReport: () => ({ header: { glibcVersionRuntime: abi.startsWith('gnu') ? '2.17' : undefined }, sharedObjects: [] }) }
}
for (const [name, value] of Object.entries(said)) Object.defineProperty(process, name, { value })
