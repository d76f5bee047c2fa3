'use strict'

// The manifests of the packages of binaries, which must go along with the root's.

const assert = require('node:assert/strict')
const { readdirSync, readFileSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')

const ROOT = join(__dirname, '..')
const read = (...path) => JSON.parse(readFileSync(join(ROOT, ...path, 'package.json'), 'utf8'))

const root = read()
const { binaryName, packageName, targets } = root.napi
const folders = readdirSync(join(ROOT, 'npm'))

test('there is a package for every target that is built', () => {
  assert.equal(new Set(targets).size, targets.length)
  assert.equal(folders.length, targets.length)
})

test('all of them are optional dependencies, and nothing else is', () => {
  const names = folders.map(folder => `${packageName}-${folder}`)
  assert.deepEqual(Object.keys(root.optionalDependencies).sort(), names.sort())
})

for (const folder of folders) {
  test(`the package for ${folder}`, () => {
    const manifest = read('npm', folder)
    const binary = `${binaryName}.${folder}.node`
    const [os, cpu, abi] = folder.split('-')
    assert.equal(manifest.name, `${packageName}-${folder}`)
    assert.equal(manifest.version, root.version)
    assert.equal(root.optionalDependencies[manifest.name], root.version, 'depended upon in another version')
    assert.equal(manifest.main, binary)
    assert.deepEqual(manifest.files, [binary])
    assert.deepEqual(manifest.os, [os])
    assert.deepEqual(manifest.cpu, [cpu])
    // npm tells the two C libraries of Linux apart for most processors.
    if (manifest.libc) assert.deepEqual(manifest.libc, [abi.startsWith('musl') ? 'musl' : 'glibc'])
    assert.deepEqual(manifest.engines, root.engines)
    assert.equal(manifest.license, root.license)
  })
}

test('the binary of this platform is looked for in one of them', () => {
  const platform = require('../lib/platform')()
  assert.ok(folders.includes(platform), `none of them is for ${platform}`)
})
