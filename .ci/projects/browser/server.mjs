// Serves the pages of the tests, answers their calls, and hears what came of them. Every answer carries a policy that
// allows scripts of its own, and WebAssembly, and nothing else.

import { createServer } from 'node:http'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { suite } from './build.mjs'

const ROOT = new URL('../../../', import.meta.url)
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"
const TYPES = { js: 'text/javascript', mjs: 'text/javascript', html: 'text/html' }

const read = path => readFileSync(fileURLToPath(new URL(path, ROOT)))

// In a worker there is no page that loads scripts.
const IN_WORKER = "importScripts('/dist/didelphis.js', '/suite.js')\nrunTests().then(results => postMessage(results))"
const IN_SERVICE_WORKER = `importScripts('/dist/didelphis.js', '/suite.js')
let running
addEventListener('install', () => skipWaiting())
addEventListener('activate', event => event.waitUntil(clients.claim()))
addEventListener('message', event => {
  if (event.data !== 'run') return
  event.waitUntil(running ??= runTests().then(results => event.source.postMessage(results)))
})`

/** Begins to serve; `page(where)` is the address of a page, `heard(where)` a promise of what it posts. */
export async function serve () {
  const files = {
    '/page.html': '<!doctype html><meta charset="utf-8"><title>didelphis</title><body>runs<script type="module" src="/page.mjs"></script>',
    '/page.mjs': read('.ci/projects/browser/page.mjs'),
    '/suite.js': await suite(),
    '/worker.js': IN_WORKER,
    '/service.js': IN_SERVICE_WORKER,
    ...Object.fromEntries(['didelphis.js', 'didelphis.mjs', 'didelphis.async.mjs'].map(name => [`/dist/${name}`, read(`dist/${name}`)]))
  }
  const told = new Map()
  const toldOf = where => {
    if (!told.has(where)) {
      const waiting = {}
      waiting.promise = new Promise(resolve => { waiting.resolve = resolve })
      told.set(where, waiting)
    }
    return told.get(where)
  }
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost')
    if (pathname === '/answer') {
      setTimeout(() => response.end('answered'), Number(searchParams.get('after')))
    } else if (pathname === '/results') {
      let text = ''
      request.setEncoding('utf8').on('data', part => { text += part }).on('end', () => {
        const { where, ...results } = JSON.parse(text)
        toldOf(where).resolve(results)
        response.end()
      })
    } else if (files[pathname] !== undefined) {
      response.writeHead(200, { 'content-type': TYPES[pathname.split('.').at(-1)], 'content-security-policy': POLICY })
      response.end(files[pathname])
    } else {
      response.writeHead(404).end()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  return {
    // By this name, for service workers are of safe origins alone.
    page: where => `http://localhost:${port}/page.html?where=${where}`,
    heard: where => toldOf(where).promise,
    close: () => { server.closeAllConnections(); server.close() }
  }
}
