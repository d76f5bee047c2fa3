'use strict'

// A registry for one test: serves the packages in a folder of tarballs, and those of binaries
// for other platforms without the binary. Run by `alias`, with the folder; prints its address,
// and then every tarball that is asked for.

const { execFileSync } = require('node:child_process')
const { createHash } = require('node:crypto')
const { readdirSync, readFileSync } = require('node:fs')
const { createServer } = require('node:http')
const { join } = require('node:path')

const [folder] = process.argv.slice(2)
const packages = new Map()
const tarballs = new Map()

const root = join(__dirname, '..')
for (const platform of readdirSync(join(root, 'npm'))) {
  const folder = join(root, 'npm', platform)
  const content = execFileSync('tar', ['-cz', '--transform=s,^,package/,', '-C', folder, 'package.json'])
  tarballs.set(add(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')), content), content)
}
for (const file of readdirSync(folder).filter(file => file.endsWith('.tgz'))) {
  const path = join(folder, file)
  const manifest = execFileSync('tar', ['-xzOf', path, 'package/package.json'], { encoding: 'utf8' })
  const content = readFileSync(path)
  tarballs.set(add(JSON.parse(manifest), content), content)
}

const server = createServer(({ url }, response) => {
  const path = decodeURIComponent(url.slice(1))
  if (path.endsWith('.tgz')) console.log(path)
  if (tarballs.has(path)) {
    response.end(tarballs.get(path))
  } else if (packages.has(path)) {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(packages.get(path)))
  } else {
    response.writeHead(404).end('{}')
  }
})

server.listen(0, '127.0.0.1', () => {
  for (const { versions } of packages.values()) {
    for (const { dist } of Object.values(versions)) dist.tarball = `${address()}/${dist.tarball}`
  }
  console.log(address())
})

function address () {
  return `http://127.0.0.1:${server.address().port}`
}

/** Publishes a package; the path of its tarball. */
function add (manifest, content) {
  const { name, version } = manifest
  const tarball = `${name}/-/${version}.tgz`
  const integrity = `sha512-${createHash('sha512').update(content).digest('base64')}`
  const { versions = {} } = packages.get(name) ?? {}
  versions[version] = { ...manifest, dist: { tarball, integrity } }
  packages.set(name, { name, 'dist-tags': { latest: version }, versions })
  return tarball
}
