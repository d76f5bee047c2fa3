'use strict'

// Where the release builds each platform, and where its packages are tried: two matrices for the
// workflow, as lines of `NAME=JSON`. What `.ci/platforms.js` says of the build is not said again.

const platforms = require('./platforms')

const ARM = 'ubuntu-24.04-arm'
const LINUX = 'ubuntu-24.04'
// The oldest systems of each kind for which there is an image with Node.js.
const GLIBC = 'node:20-bullseye-slim'
const MUSL = 'node:20-alpine'

/** Where the packages of a platform are installed and run. Those that are not here, nobody can. */
const PROOFS = {
  'linux-x64-gnu': { runner: LINUX, on: 'container', docker: 'linux/amd64', image: GLIBC },
  'linux-x64-musl': { runner: LINUX, on: 'container', docker: 'linux/amd64', image: MUSL },
  'linux-arm64-gnu': { runner: ARM, on: 'container', docker: 'linux/arm64', image: GLIBC },
  'linux-arm64-musl': { runner: ARM, on: 'container', docker: 'linux/arm64', image: MUSL },
  'linux-arm-gnueabihf': { runner: LINUX, on: 'container', docker: 'linux/arm/v7', image: GLIBC, emulated: true },
  'linux-arm-musleabihf': { runner: LINUX, on: 'container', docker: 'linux/arm/v7', image: MUSL, emulated: true },
  'darwin-arm64': { runner: 'macos-15', on: 'runner' },
  'darwin-x64': { runner: 'macos-15-intel', on: 'runner' },
  'win32-x64-msvc': { runner: 'windows-2025', on: 'runner' },
  // There is no Node.js of it after 22.
  'win32-ia32-msvc': { runner: 'windows-2025', on: 'runner', architecture: 'x86', node: 22 },
  'win32-arm64-msvc': { runner: 'windows-11-arm', on: 'runner' },
  'freebsd-x64': { runner: LINUX, on: 'freebsd' }
}
// Android: no runner has a Node.js for it. What is checked of its binaries is their form.

module.exports = { PROOFS }

if (require.main === module) {
  const build = Object.entries(platforms).map(([platform, row]) => {
    const { triple, linker, runner, tested, on } = row
    // Its own Node.js runs what a runner builds for itself.
    return { platform, triple, linker, runner, suite: tested === 'suite' && on === 'native' && !platform.includes('musl') }
  })
  // Each row has each field: a workflow has no other word for what is not there.
  const defaults = { docker: '', image: '', emulated: false, architecture: '', node: 24 }
  const prove = Object.entries(PROOFS).map(([platform, row]) => ({ platform, ...defaults, ...row }))
  console.log(`build=${JSON.stringify(build)}`)
  console.log(`prove=${JSON.stringify(prove)}`)
}
