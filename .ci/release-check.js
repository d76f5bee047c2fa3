'use strict'

// What keeps a release from going wrong: `node .ci/release-check.js TAG` looks at the sources,
// before anything is built; with a folder behind it, at the packages in it, before any is
// published. Each thing that is wrong is a line, and the release refused.

const { execFileSync } = require('node:child_process')
const { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join, relative } = require('node:path')

const { faultsOf } = require('./binary-format')
const { entryOf } = require('./changelog')
const notices = require('./notices')
const platforms = require('./platforms')
const release = require('./release')
const sbom = require('./sbom')

const ROOT = join(__dirname, '..')
// Not in the clone: `npm run build:wasm` makes it, for where there is no binary.
const BYTES = 'lib/wasm/bytes.js'

module.exports = { packageFaults, packagesIn, sourceFaults, sources }

if (require.main === module) main(process.argv.slice(2))

function main ([tag, folder]) {
  const source = sources(tag)
  const faults = sourceFaults(source)
  if (folder) faults.push(...packageFaults(source, packagesIn(folder)))
  for (const fault of faults) console.error(`release: ${fault}`)
  if (faults.length > 0) process.exit(1)
  console.log(`release: ${tag} may be ${folder ? 'published' : 'built'}`)
}

/** What a release is made of, as the clone has it. */
function sources (tag) {
  const read = (...path) => readFileSync(join(ROOT, ...path), 'utf8')
  return {
    tag,
    root: JSON.parse(read('package.json')),
    lock: JSON.parse(read('package-lock.json')),
    crate: /^\[package\][^[]*?^version = "(.*?)"$/ms.exec(read('Cargo.toml'))[1],
    changelog: read('CHANGELOG.md'),
    platforms: Object.keys(platforms),
    binaries: Object.fromEntries(readdirSync(join(ROOT, 'npm')).map(folder => [folder, JSON.parse(read('npm', folder, 'package.json'))])),
    published: release.manifest
  }
}

/** What is wrong with the sources, as texts. */
function sourceFaults ({ tag, root, lock, crate, changelog, platforms, binaries }) {
  const faults = []
  const { version } = root
  if (tag !== `v${version}`) faults.push(`the tag is ${tag}, and package.json says ${version}`)
  if (lock.version !== version || lock.packages[''].version !== version) faults.push(`package-lock.json says ${lock.version}, and package.json ${version}`)
  if (crate !== version) faults.push(`Cargo.toml says ${crate}, and package.json ${version}`)
  for (const platform of platforms) {
    if (!Object.hasOwn(binaries, platform)) faults.push(`there is no package for ${platform} below npm`)
  }
  for (const [folder, manifest] of Object.entries(binaries)) {
    if (!platforms.includes(folder)) faults.push(`npm/${folder} is for no platform that is built`)
    if (manifest.version !== version) faults.push(`npm/${folder} says ${manifest.version}, and package.json ${version}: npx napi version`)
  }
  const entry = entryOf(changelog, version)
  if (!entry?.text) faults.push(`CHANGELOG.md has no entry for ${version}`)
  else if (!entry.date) faults.push(`the entry of CHANGELOG.md for ${version} has no date`)
  // What is published with provenance has to name the repository that it was built in.
  if (/\.(example|invalid|test)$/.test(new URL(root.repository.url.replace(/^git\+/, '')).hostname)) {
    faults.push(`the address of the project is a placeholder: ${root.repository.url}`)
  }
  return faults
}

/**
 * What is wrong with packages, as texts. Each is `{ file, manifest, files }`, of which the last
 * are paths with what is in them.
 */
function packageFaults ({ root, binaries, published }, packages) {
  const faults = []
  const byName = new Map(packages.map(found => [found.manifest.name, found]))
  const expected = new Map([[root.name, '.'], ...Object.entries(binaries).map(([folder, { name }]) => [name, folder])])
  if (packages.length > byName.size) faults.push('one package is there twice')
  for (const [name, { file }] of byName) {
    if (!expected.has(name)) faults.push(`${file}: ${name} is no package of this release`)
  }
  for (const [name, folder] of expected) {
    const found = byName.get(name)
    if (!found) {
      faults.push(`the package ${name} is missing`)
      continue
    }
    const place = folder === '.' ? '.' : `npm/${folder}`
    const own = [...manifestFaults(found.manifest, published(place), root.version)]
    own.push(...(folder === '.' ? rootFaults(found, binaries, root) : binaryFaults(found, folder)))
    faults.push(...own.map(fault => `${name}: ${fault}`))
  }
  return faults
}

function manifestFaults (manifest, published, version) {
  const faults = []
  if (manifest.version !== version) faults.push(`its version is ${manifest.version}, and that of the release ${version}`)
  if (manifest.scripts) faults.push('it has scripts')
  for (const field of new Set([...Object.keys(manifest), ...Object.keys(published)])) {
    if (['version', 'scripts', 'optionalDependencies'].includes(field)) continue
    if (JSON.stringify(manifest[field]) !== JSON.stringify(published[field])) faults.push(`its "${field}" is not that of the sources`)
  }
  return faults
}

function rootFaults ({ manifest, files }, binaries, { exports, version }) {
  const faults = []
  const expected = Object.fromEntries(Object.values(binaries).map(({ name }) => [name, version]).sort())
  const depended = Object.entries(manifest.optionalDependencies ?? {})
  for (const [name, wanted] of Object.entries(expected)) {
    const [, given] = depended.find(([other]) => other === name) ?? []
    if (given !== wanted) faults.push(`it depends on ${name} ${given ?? 'not at all'}, where ${wanted} is needed`)
  }
  for (const [name] of depended) if (!Object.hasOwn(expected, name)) faults.push(`it depends on ${name}, which is no package of this release`)
  for (const file of [...pathsOf(exports), BYTES, 'README.md', 'LICENSE', notices.NAME, sbom.NAME]) {
    if (!(files.get(file)?.length > 0)) faults.push(`${file} is missing`)
  }
  for (const file of files.keys()) if (file.endsWith('.node')) faults.push(`${file} belongs into a package of its own`)
  return faults
}

// Whatever the conditions are that they stand below.
function pathsOf (exports) {
  return Object.values(exports).flatMap(entry => typeof entry === 'string' ? [entry.replace(/^\.\//, '')] : pathsOf(entry))
}

function binaryFaults ({ manifest, files }, platform) {
  const faults = ['LICENSE', notices.NAME, sbom.NAME].filter(file => !(files.get(file)?.length > 0)).map(file => `${file} is missing`)
  const binary = files.get(manifest.main)
  if (binary) faults.push(...faultsOf(platform, binary).map(fault => `${manifest.main}: ${fault}`))
  else faults.push('its binary is missing')
  for (const file of files.keys()) if (file.endsWith('.node') && file !== manifest.main) faults.push(`${file} is the binary of another platform`)
  return faults
}

/** The packages in a folder of tarballs, as `packageFaults` takes them. */
function packagesIn (folder) {
  return readdirSync(folder).filter(file => file.endsWith('.tgz')).map(file => {
    const work = mkdtempSync(join(tmpdir(), 'release-'))
    try {
      execFileSync('tar', ['-xzf', join(folder, file), '-C', work])
      const inside = join(work, 'package')
      const paths = readdirSync(inside, { recursive: true }).map(name => join(inside, name)).filter(path => statSync(path).isFile())
      const files = new Map(paths.map(path => [relative(inside, path), readFileSync(path)]))
      return { file, manifest: JSON.parse(files.get('package.json')), files }
    } finally {
      rmSync(work, { recursive: true })
    }
  })
}
