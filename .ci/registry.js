'use strict'

// A registry for one test: serves the packages in a folder of tarballs, and those of binaries
// for other platforms without the binary. Run by `alias`, with the folder, and by `everywhere`,
// without one: then it has what is published to it. Prints its address, and then every tarball
// that is asked for, and everything that is published.

const { execFileSync } = require('node:child_process')
const { createHash } = require('node:crypto')
const { readdirSync, readFileSync } = require('node:fs')
const { createServer } = require('node:http')
const { join } = require('node:path')

const [folder] = process.argv.slice(2)
const packages = new Map()
const tarballs = new Map()

if (folder) {
  binariesOfOthers()
  for (const file of readdirSync(folder).filter(file => file.endsWith('.tgz'))) {
    const path = join(folder, file)
    const manifest = execFileSync('tar', ['-xzOf', path, 'package/package.json'], { encoding: 'utf8' })
    add(JSON.parse(manifest), readFileSync(path))
  }
}

const server = createServer(async (request, response) => {
  const path = decodeURIComponent(request.url.slice(1))
  if (path.endsWith('.tgz')) console.log(path)
  if (request.method === 'PUT') {
    response.writeHead(await publish(request)).end('{}')
  } else if (tarballs.has(path)) {
    response.end(tarballs.get(path))
  } else if (packages.has(path)) {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(packages.get(path), (key, value) => key === 'tarball' ? `${address()}/${value}` : value))
  } else {
    response.writeHead(404).end('{}')
  }
})

server.listen(0, '127.0.0.1', () => console.log(address()))

function address () {
  return `http://127.0.0.1:${server.address().port}`
}

function binariesOfOthers () {
  const root = join(__dirname, '..')
  for (const platform of readdirSync(join(root, 'npm'))) {
    const folder = join(root, 'npm', platform)
    const content = execFileSync('tar', ['-cz', '--transform=s,^,package/,', '-C', folder, 'package.json'])
    add(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')), content)
  }
}

/** What `npm publish` sends; the status of the answer. */
async function publish (request) {
  if (!request.headers.authorization) return 401
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const { versions, _attachments: attachments } = JSON.parse(Buffer.concat(chunks))
  const [manifest] = Object.values(versions)
  const [{ data }] = Object.values(attachments)
  // Nobody publishes a version twice.
  if (packages.get(manifest.name)?.versions[manifest.version]) return 403
  add(manifest, Buffer.from(data, 'base64'))
  console.log(`published ${manifest.name} ${manifest.version}`)
  return 201
}

function add (manifest, content) {
  const { name, version } = manifest
  const tarball = `${name}/-/${version}.tgz`
  const integrity = `sha512-${createHash('sha512').update(content).digest('base64')}`
  const { versions = {} } = packages.get(name) ?? {}
  versions[version] = { ...manifest, dist: { tarball, integrity } }
  packages.set(name, { name, 'dist-tags': { latest: version }, versions })
  tarballs.set(tarball, content)
}
