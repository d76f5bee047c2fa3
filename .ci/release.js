'use strict'

// What a package says of itself once it is published, beyond what it says in the clone: where
// the project lives, as the registry's page shows it, and for the root the packages of binaries.
// Run by `pack`, with a folder that is to be packed and the folder in the clone it is made from;
// used by the tests.

const { existsSync, readdirSync, readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')

const notices = require('./notices')
const sbom = require('./sbom')

const ROOT = join(__dirname, '..')
const read = (...path) => JSON.parse(readFileSync(join(ROOT, ...path), 'utf8'))

const root = read('package.json')
// The one place where the address of the project stands.
const address = root.repository.url.replace(/^git\+/, '').replace(/\.git$/, '')

/** The manifest of the root, or of one of the folders below `npm`, as it is published. */
function manifest (place) {
  // Versions that hold back the tools of the clone, and its build, are nobody else's.
  const { overrides, scripts, ...published } = read(place, 'package.json')
  const repository = place === '.' ? root.repository : { ...root.repository, directory: place }
  return {
    ...published,
    repository,
    homepage: `${address}#readme`,
    bugs: `${address}/issues`,
    // Written, or put there, as the package is packed.
    files: [...new Set([...published.files, notices.NAME, sbom.NAME])],
    ...(place === '.' && { optionalDependencies: binaries() })
  }
}

// Not in the clone: npm would look for packages that no registry has yet, and a lock file
// could not name them.
function binaries () {
  const manifests = readdirSync(join(ROOT, 'npm')).sort().map(folder => read('npm', folder, 'package.json'))
  return Object.fromEntries(manifests.map(({ name, version }) => [name, version]))
}

/** A text whose links into the clone lead to where that is, of this version. */
function linked (text, version = root.version) {
  return text.replace(/(!?)(\[[^\]]*\])\((?![a-z]+:|#)([^)]+)\)/g, (_, picture, label, path) =>
    `${picture}${label}(${address}/${picture ? 'raw' : 'blob'}/v${version}/${path})`)
}

function write (folder, place) {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(place), null, 2)}\n`)
  const readme = join(folder, 'README.md')
  if (existsSync(readme)) writeFileSync(readme, linked(readFileSync(readme, 'utf8')))
}

module.exports = { address, linked, manifest }

if (require.main === module) write(...process.argv.slice(2))
