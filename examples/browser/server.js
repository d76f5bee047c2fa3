'use strict'

// The page, and a backend for it that goes down and comes back when it is told to.
//
//   node examples/browser/server.js     then open what it prints

const { readFileSync } = require('node:fs')
const http = require('node:http')
const { join } = require('node:path')

const PORT = Number(process.env.PORT ?? 8080)

// In a clone built by `npm run build:wasm && npm run build:browser`; in a project it is in the package.
const DIDELPHIS = join(__dirname, '..', '..', 'dist', 'didelphis.js')

const FILES = {
  '/': { file: join(__dirname, 'index.html'), type: 'text/html; charset=utf-8' },
  '/page.js': { file: join(__dirname, 'page.js'), type: 'text/javascript; charset=utf-8' },
  '/didelphis.js': { file: DIDELPHIS, type: 'text/javascript; charset=utf-8' }
}

// All that WebAssembly needs of a policy is the last word.
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'wasm-unsafe-eval'"

let isDown = false

const server = http.createServer((request, response) => {
  if (request.method === 'GET' && FILES[request.url] !== undefined) {
    const { file, type } = FILES[request.url]
    response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY })
    response.end(readFileSync(file))
  } else if (request.method === 'GET' && request.url === '/weather') {
    response.writeHead(isDown ? 503 : 200, { 'content-type': 'text/plain' })
    response.end(isDown ? 'down' : `${15 + Math.round(Math.random() * 10)} °C`)
  } else if (request.method === 'POST' && ['/down', '/up'].includes(request.url)) {
    isDown = request.url === '/down'
    response.end()
  } else {
    response.writeHead(404).end()
  }
})

server.listen(PORT, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
