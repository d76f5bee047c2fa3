'use strict'

// The packages of binaries: their manifests, which must go along with the root's, and the
// notices of what is linked into them.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { existsSync, readdirSync, readFileSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const notices = require('../../.ci/notices')
const release = require('../../.ci/release')

const ROOT = join(__dirname, '..', '..')
const read = (...path) => JSON.parse(readFileSync(join(ROOT, ...path, 'package.json'), 'utf8'))

const root = read()
const published = release.manifest('.')
const { binaryName, packageName, targets } = root.napi
const folders = readdirSync(join(ROOT, 'npm'))

test('there is a package for every target that is built', () => {
  assert.equal(new Set(targets).size, targets.length)
  assert.equal(folders.length, targets.length)
})

test('all of them are optional dependencies of the release, and nothing else is', () => {
  const names = folders.map(folder => `${packageName}-${folder}`)
  assert.deepEqual(Object.keys(published.optionalDependencies).sort(), names.sort())
})

test('the clone depends upon none of them: it builds its own', () => {
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8')
  assert.equal(root.optionalDependencies, undefined)
  assert.ok(!lock.includes(packageName), 'the lock file names what no registry may have')
})

test('no dependency warns on Node 20 when it is installed', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  const warning = Object.entries(packages).filter(([, { engines }]) => engines?.node && !mayBe20(engines.node))
  assert.deepEqual(warning.map(([path, { engines }]) => [path, engines.node]), [], 'run ".ci/lock"')
})

test('a clone says which Node 20 its tools need', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  const minors = Object.values(packages).flatMap(({ engines }) => [...(engines?.node ?? '').matchAll(/\^20\.(\d+)/g)].map(([, minor]) => Number(minor)))
  const needed = `Node.js 20.${Math.max(...minors)} or newer`
  for (const page of ['README.md', 'CONTRIBUTING.md']) assert.ok(readFileSync(join(ROOT, page), 'utf8').includes(needed), `${page}: ${needed}`)
})

// Enough for what authors write there: some alternative is of 20, or of everything from an
// older one on.
function mayBe20 (range) {
  return range.split('||').some(alternative => {
    const [, operator, major] = alternative.match(/^\s*(\D*?)\s*v?(\d+|\*)/) ?? []
    if (major === '*') return true
    return operator.startsWith('>') ? major <= 20 : Number(major) === 20
  })
}

for (const folder of folders) {
  test(`the package for ${folder}`, () => {
    const manifest = read('npm', folder)
    const binary = `${binaryName}.${folder}.node`
    const [os, cpu, abi] = folder.split('-')
    assert.equal(manifest.name, `${packageName}-${folder}`)
    assert.equal(manifest.version, root.version)
    assert.equal(published.optionalDependencies[manifest.name], root.version, 'depended upon in another version')
    assert.equal(manifest.main, binary)
    assert.deepEqual(manifest.files, [binary, 'LICENSE', notices.NAME])
    assert.deepEqual(manifest.os, [os])
    assert.deepEqual(manifest.cpu, [cpu])
    // Without it npm would install the binaries for both C libraries.
    assert.deepEqual(manifest.libc, os === 'linux' ? [abi.startsWith('musl') ? 'musl' : 'glibc'] : undefined)
    assert.deepEqual(manifest.engines, root.engines)
    assert.equal(manifest.license, root.license)
  })
}

test('what is published says where the project lives, all by one address', () => {
  const { address } = release
  for (const place of ['.', ...folders.map(folder => `npm/${folder}`)]) {
    const { bugs, homepage, repository } = release.manifest(place)
    assert.deepEqual([repository.url, homepage, bugs], [`git+${address}.git`, `${address}#readme`, `${address}/issues`], place)
    assert.equal(repository.directory, place === '.' ? undefined : place)
  }
  // Everywhere else it is made from there.
  const others = execFileSync('git', ['grep', '-lF', new URL(address).host], { cwd: ROOT, encoding: 'utf8' })
  assert.deepEqual(others.trim().split('\n'), ['package.json'])
})

test('links and pictures of the README that is published lead to the clone of that version', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const text = release.linked(readme)
  const links = [...text.matchAll(/(!?)\[[^\]]*\]\(([^)]+)\)/g)].map(([, picture, link]) => ({ picture, link }))
  assert.ok(links.some(({ picture }) => picture))
  for (const { picture, link } of links) {
    const { href } = new URL(link)
    const [, path] = href.split(`${release.address}/${picture ? 'raw' : 'blob'}/v${root.version}/`)
    if (href.startsWith(release.address)) assert.ok(existsSync(join(ROOT, path.replace(/#.*/, ''))), link)
  }
  assert.equal(release.linked('[a](#b) [c](https://d.example/e) `f`'), '[a](#b) [c](https://d.example/e) `f`')
})

test('all of them carry the licence, and one text of notices', () => {
  const text = (...path) => readFileSync(join(ROOT, ...path), 'utf8')
  for (const folder of folders) {
    assert.equal(text('npm', folder, 'LICENSE'), text('LICENSE'), folder)
    assert.equal(text('npm', folder, notices.NAME), text('npm', folders[0], notices.NAME), folder)
  }
})

test('the notices are of the crates that are linked, in these versions, with their licences', () => {
  const text = readFileSync(join(ROOT, 'npm', folders[0], notices.NAME), 'utf8')
  const [, list] = text.match(/^Crates:\n\n(.*?)\n\n/ms)
  const named = list.split('\n').map(line => line.match(/^ {2}(\S+ \S+ \(.*?\)) /)[1])
  const linked = notices.crates()
  const OUTDATED = 'run "npm run notices"'
  assert.deepEqual(named, linked.map(({ name, version, licence }) => `${name} ${version} (${licence})`), OUTDATED)
  assert.ok(linked.some(({ name }) => name === 'winapi'), 'what is linked on Windows alone')

  const squeezed = notices.squeezed(text)
  for (const { name, version, texts } of linked) {
    for (const { file, text } of texts) {
      assert.ok(squeezed.includes(`${name} ${version}: ${file}`), `${name}: ${file}: ${OUTDATED}`)
      assert.ok(squeezed.includes(notices.squeezed(notices.terms(text))), `the text of ${name}: ${file}: ${OUTDATED}`)
    }
  }
  assert.match(list, /^ {2}napi /m)
  assert.match(text, /^ {2}std, Rust's standard library [0-9.]+ \(MIT OR Apache-2\.0\)/m)
})

test('the notices are of what the page is made with, too, in this version', () => {
  const text = readFileSync(join(ROOT, 'npm', folders[0], notices.NAME), 'utf8')
  const squeezed = notices.squeezed(text)
  for (const { name, version, licence, texts } of notices.bundled()) {
    assert.ok(text.includes(`\n  ${name} ${version} (${licence}) `), `${name}: run "npm run notices"`)
    for (const { text } of texts) assert.ok(squeezed.includes(notices.squeezed(notices.terms(text))), name)
  }
})

test('the notices are of what the linker brings along, too, in the version that links', () => {
  const text = readFileSync(join(ROOT, 'npm', folders[0], notices.NAME), 'utf8')
  const [, version] = readFileSync(join(ROOT, '.ci', 'zig'), 'utf8').match(/ziglang==(\S+)/)
  for (const name of ['compiler-rt, of zig', 'libunwind, of LLVM, in zig']) {
    assert.ok(text.includes(`\n  ${name} ${version} (`), `${name} ${version}: run ".ci/zig" and "npm run notices"`)
    assert.match(text, new RegExp(`^${name} ${version.replaceAll('.', '\\.')}: LICENSE`, 'm'))
  }
  assert.match(text, /The LLVM Project is under the Apache License v2\.0 with LLVM Exceptions/)
})

test('the binary of this platform is looked for in one of them', () => {
  const platform = require('../../lib/platform')()
  assert.ok(folders.includes(platform), `none of them is for ${platform}`)
})
