'use strict'

// What is linked into a binary, as machines read it: a bill of materials in CycloneDX 1.5, which
// goes into the package of each platform when it is packed. `node .ci/sbom.js linux-x64-gnu`
// prints that of one, `node .ci/sbom.js .` that of the root, which has WebAssembly in it.
//
// Names, versions and licences are those of the notices (`npm run notices`, held by tests); which
// crates one platform has is asked of cargo, and what they were made of of the lock file.

const { execFileSync } = require('node:child_process')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')

const notices = require('./notices')
const platforms = require('./platforms')

const ROOT = join(__dirname, '..')
const NAME = 'sbom.cdx.json'
// Crates, the server's page, the standard library, the linker.
const HEADINGS = 4

module.exports = { NAME, bill }

if (require.main === module) console.log(JSON.stringify(bill(process.argv[2]), null, 2))

/** The bill of a platform's package, or, of '.', the root's. */
function bill (place) {
  const folder = place === '.' ? [] : ['npm', place]
  const { name, version, license } = JSON.parse(read(...folder, 'package.json'))
  const components = componentsOf(place)
  const own = { type: 'library', 'bom-ref': purl('npm', name, version), name, version, licenses: [{ license: { id: license } }], purl: purl('npm', name, version) }
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: own },
    components,
    dependencies: [{ ref: own['bom-ref'], dependsOn: components.map(component => component['bom-ref']) }]
  }
}

function componentsOf (place) {
  const [crates, page, standard, linker] = listsOf(read('npm', place === '.' ? Object.keys(platforms)[0] : place, notices.NAME))
  const { triple, linker: by } = platforms[place] ?? { triple: 'wasm32-unknown-unknown' }
  // The server is not in it, nor anything that only the server is made with.
  if (place === '.') return standard.filter(({ name }) => isFor(name, triple)).map(ofRust)
  const linked = linkedOn(triple)
  const locked = checksums()
  const found = [
    ...crates.filter(({ id }) => linked.has(id)).map(crate => component(crate, 'cargo', locked.get(crate.id))),
    ...page.map(part => component(part, 'npm')),
    ...standard.filter(({ name }) => isFor(name, triple)).map(ofRust),
    ...linker.filter(() => by === 'zig').map(part => component(part, 'generic'))
  ]
  // The standard library may have a crate that is linked besides, in the same version.
  return [...new Map(found.reverse().map(part => [part['bom-ref'], part])).values()].reverse()
}

function ofRust (part) {
  return component(part, part.name === 'std' ? 'generic' : 'cargo')
}

// Of the standard library's crates, those for Windows are named so, with its processors.
function isFor (name, triple) {
  const [, cpu] = /^windows(?:[-_](aarch64|i686|x86_64)_)?/.exec(name) ?? []
  return !name.startsWith('windows') || (triple.includes('windows') && (!cpu || triple.startsWith(cpu)))
}

// The lists at the head of the notices, in the order of their headings: `  name version (licence) home`.
function listsOf (text) {
  const lists = text.split('='.repeat(80))[0].split(/^\S.*:$/m).slice(-HEADINGS)
  return lists.map(list => [...list.matchAll(/^ {2}(\S+)(?:, .*)? (\d\S*) \((.*?)\) (\S+)$/gm)]
    .map(([, name, version, licence, home]) => ({ name, version, licence, home, id: `${name} ${version}` })))
}

function component ({ name, version, licence, home }, kind, checksum) {
  const reference = purl(kind, name === 'std' ? 'rust-std' : name, version)
  return {
    type: 'library',
    'bom-ref': reference,
    name,
    version,
    licenses: [{ expression: licence.replaceAll('/', ' OR ') }],
    purl: reference,
    ...(checksum && { hashes: [{ alg: 'SHA-256', content: checksum }] }),
    externalReferences: [{ type: 'vcs', url: home }]
  }
}

function purl (kind, name, version) {
  return `pkg:${kind}/${name.replace('@', '%40')}@${version}`
}

function linkedOn (triple) {
  const tree = execFileSync('cargo', ['tree', '--locked', '--edges', 'normal,no-proc-macro', '--target', triple, '--prefix', 'none', '--no-dedupe', '--format', '{p}'], { cwd: ROOT, encoding: 'utf8' })
  return new Set(tree.split('\n').filter(Boolean).map(line => line.split(' ').slice(0, 2).join(' ').replace(' v', ' ')))
}

function checksums () {
  const entries = read('Cargo.lock').split('[[package]]').map(entry => /^name = "(.*)"\nversion = "(.*)"[^]*?^checksum = "(.*)"$/m.exec(entry.trim()))
  return new Map(entries.filter(Boolean).map(([, name, version, checksum]) => [`${name} ${version}`, checksum]))
}

function read (...path) {
  return readFileSync(join(ROOT, ...path), 'utf8')
}
