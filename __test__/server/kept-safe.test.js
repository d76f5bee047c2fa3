'use strict'

// What the server does not let happen: a test for each.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { readdirSync, readFileSync } = require('node:fs')
const { connect } = require('node:net')
const nodeTest = require('node:test')

const CircuitBreaker = require('../..')
const { child } = require('../support/child')
const { sleep, until } = require('../support/wait')
const { withServer } = require('../support/needs')
const { TOKEN, ask, command, socket } = require('./support/client')

const { describe, test } = withServer()

async function serve (t, options) {
  const server = await CircuitBreaker.serve(options)
  t.after(() => server.close())
  return server.url
}

const breakerNamed = name => new CircuitBreaker(async () => {}, { name })
const steer = headers => url => command(url, 'safe', 'open', headers)
const bearer = token => ({ authorization: `Bearer ${token}` })

describe('who steers', () => {
  const cases = {
    'needs the token': [steer({}), 401, 'TOKEN_NEEDED'],
    'needs the right one': [steer(bearer(TOKEN.replace('a', 'b'))), 401, 'TOKEN_NEEDED'],
    'needs the whole of it': [steer(bearer(TOKEN.slice(1))), 401, 'TOKEN_NEEDED'],
    'cannot give it in the URL': [url => ask(url, `api/breakers/safe/open?token=${TOKEN}&authorization=Bearer%20${TOKEN}`, { method: 'POST' }), 401, 'TOKEN_NEEDED'],
    'is no page of somebody else\'s': [steer({ ...bearer(TOKEN), origin: 'http://evil.example' }), 403, 'ORIGIN'],
    'is no page without an origin': [steer({ ...bearer(TOKEN), origin: 'null' }), 403, 'ORIGIN'],
    'is no page of another port': [steer({ ...bearer(TOKEN), origin: 'http://127.0.0.1:1' }), 403, 'ORIGIN'],
    'is not sent by a browser from elsewhere': [steer({ ...bearer(TOKEN), 'sec-fetch-site': 'cross-site' }), 403, 'ORIGIN'],
    'calls the server by its name': [steer({ ...bearer(TOKEN), host: 'evil.example' }), 421, 'HOST'],
    'does it by POST': [url => ask(url, 'api/breakers/safe/open', { headers: bearer(TOKEN) }), 405, 'METHOD'],
    'sends no body that is long': [url => ask(url, 'api/breakers/safe/open', { method: 'POST', headers: bearer(TOKEN), body: 'x'.repeat(2000) }), 413, 'TOO_LARGE']
  }
  for (const [name, [act, status, code]] of Object.entries(cases)) {
    test(name, async t => {
      const breaker = breakerNamed('safe')
      const url = await serve(t, { token: TOKEN })
      const answer = await act(url)
      assert.deepEqual([answer.status, answer.json.error.code], [status, code])
      assert.equal(breaker.closed, true)
      assert.ok(!answer.text.includes(TOKEN))
    })
  }

  test('may be the server\'s own page', async t => {
    const breaker = breakerNamed('own page')
    const url = await serve(t, { token: TOKEN })
    const { status } = await command(url, 'own page', 'open', { ...bearer(TOKEN), origin: url.slice(0, -1), 'sec-fetch-site': 'same-origin' })
    assert.deepEqual([status, breaker.opened], [200, true])
  })

  test('is nobody where there is no token', async t => {
    const breaker = breakerNamed('safe')
    const url = await serve(t)
    for (const headers of [{}, bearer(''), bearer('undefined')]) {
      const { status, json } = await command(url, 'safe', 'open', headers)
      assert.deepEqual([status, json.error.code], [403, 'STEERING_OFF'])
    }
    assert.equal((await ask(url, 'api/breakers')).json.steering, false)
    assert.equal(breaker.closed, true)
  })
})

test('a name that leads here is not the server\'s (DNS rebinding)', async t => {
  const url = await serve(t, { allowedHosts: ['breakers.example'] })
  for (const path of ['', 'metrics', 'api/breakers', 'healthz', 'events']) {
    const { status, json } = await ask(url, path, { headers: { host: 'evil.example' } })
    assert.deepEqual([status, json.error.code], [421, 'HOST'], path)
  }
  assert.equal((await ask(url, 'metrics', { headers: { host: 'breakers.example:443' } })).status, 200)
})

test('beyond this machine, who reads needs the token as well', async t => {
  const url = await serve(t, { host: '0.0.0.0', token: TOKEN })
  for (const path of ['metrics', 'api/breakers', 'api/breakers/x', 'api/loop', 'events', 'nothing']) {
    const { status, headers } = await ask(url, path)
    assert.deepEqual([status, headers['www-authenticate']], [401, 'Bearer'], path)
  }
  for (const path of ['', 'healthz']) assert.equal((await ask(url, path)).status, 200, path)
  assert.equal((await ask(url, 'metrics', { headers: bearer(TOKEN) })).status, 200)
})

nodeTest.test('options that make no sense are refused, and a token is not repeated', async () => {
  const refused = {
    'options.token must be given where options.host is 0.0.0.0: others than this machine can reach it': { host: '0.0.0.0' },
    'options.token must be given where options.host is ::: others than this machine can reach it': { host: '::' },
    'options.token must be a string of 16 to 1000 visible characters, without spaces': { token: 'too short' },
    "options.host must be an IP address or 'localhost'; got 'example.org'": { host: 'example.org' },
    'options.port must be a port, 0 for a free one; got 65536': { port: 65536 },
    'options.stallLimit must be a number of milliseconds above 0; got 0': { stallLimit: 0 },
    'options.tokn is no option of serve(): it knows allowedHosts, host, port, stallLimit and token': { tokn: TOKEN },
    "options must be an object; got 'x'": 'x'
  }
  for (const [message, options] of Object.entries(refused)) {
    await assert.rejects(CircuitBreaker.serve(options), { name: 'TypeError', message })
  }
})

test('a port in use is a clear error', async t => {
  const { port } = new URL(await serve(t))
  await assert.rejects(CircuitBreaker.serve({ port: Number(port) }), {
    code: 'EADDRINUSE', syscall: 'listen', address: '127.0.0.1', port: Number(port), message: `listen EADDRINUSE: address already in use 127.0.0.1:${port}`
  })
  await assert.rejects(CircuitBreaker.serve({ host: '192.0.2.1', token: TOKEN }), { code: 'EADDRNOTAVAIL' })
})

test('serve may be called twice, and a port is free when its server is closed', async () => {
  const [one, other] = [await CircuitBreaker.serve(), await CircuitBreaker.serve({ host: 'localhost' })]
  assert.notEqual(one.url, other.url)
  assert.equal((await ask(one.url, 'healthz')).status, 200)
  await one.close()
  await one.close()
  await assert.rejects(ask(one.url, 'healthz'))
  assert.equal((await ask(other.url, 'healthz')).status, 200)
  const again = await CircuitBreaker.serve({ port: Number(new URL(one.url).port) })
  assert.equal(again.url, one.url)
  await Promise.all([again.close(), other.close()])
})

test('IPv6 is served, where there is any', async t => {
  let server
  try {
    server = await CircuitBreaker.serve({ host: '::1' })
  } catch (error) {
    return assert.equal(error.code, 'EADDRNOTAVAIL')
  }
  t.after(() => server.close())
  assert.match(server.url, /^http:\/\/\[::1\]:\d+\/$/)
  assert.equal((await ask(server.url, 'healthz')).status, 200)
})

describe('the page', () => {
  test('lets nothing run that is not its own', async t => {
    const url = await serve(t)
    const { headers, text } = await ask(url, '')
    const policy = headers['content-security-policy']
    const [, nonce] = /script-src 'nonce-([^']+)'/.exec(policy)
    assert.equal(policy, `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`)
    assert.ok(text.includes(`nonce="${nonce}"`) && !text.includes('__NONCE__'))
    const again = await ask(url, '')
    assert.ok(!again.text.includes(nonce), 'a new one each time')
    for (const path of ['', 'metrics', 'api/breakers', 'nothing']) {
      const { headers } = await ask(url, path)
      assert.deepEqual([headers['x-content-type-options'], headers['cache-control'], headers['referrer-policy']], ['nosniff', 'no-store', 'no-referrer'], path)
      assert.match(headers['content-security-policy'], /default-src 'none'/)
      assert.equal(headers['access-control-allow-origin'], undefined)
    }
  })
})

test('a name is a name, whatever stands in it', async t => {
  const url = await serve(t, { token: TOKEN })
  for (const name of ['<script>alert(1)</script>', '../', '..', '/', 'a\nb"c\\', '%2e%2e%2f', '?id=0#x', 'ü 🦝', '\u2028', 'constructor']) {
    const breaker = breakerNamed(name)
    const { status, text, json } = await ask(url, `api/breakers/${encodeURIComponent(name).replace(/\./g, '%2E')}`)
    assert.deepEqual([status, json.breakers?.[0]?.name], [200, name])
    assert.doesNotMatch(text, /[<>\u2028]/)
    assert.equal((await command(url, name, 'open')).status, 200, name)
    assert.equal(breaker.opened, true, name)
  }
  assert.equal((await ask(url, 'api/breakers/%zz')).status, 400)
  assert.equal((await ask(url, 'api/breakers/../../metrics')).status, 404, 'a path goes nowhere')
})

describe('clients that let the server wait', () => {
  test('a thousand idle connections keep nobody out', async t => {
    const url = await serve(t)
    const idle = []
    t.after(() => idle.forEach(one => one.destroy()))
    for (let n = 0; n < 1000; n++) {
      const one = connect(new URL(url).port, '127.0.0.1').on('error', () => {})
      idle.push(one)
      if (n % 50 === 49) await once(one, 'connect')
    }
    for (let n = 0; n < 20; n++) assert.equal((await ask(url, 'metrics')).status, 200)
    await until(() => idle.filter(one => one.destroyed || one.readableEnded || one.closed).length > 700)
  })

  test('slow headers are not waited for, and others are answered meanwhile', async t => {
    const url = await serve(t)
    const slow = await socket(url)
    slow.write('GET /metrics HTTP/1.1\r\n')
    let sent = 0
    const drops = setInterval(() => slow.write(`X-${sent++}: x\r\n`), 250)
    t.after(() => clearInterval(drops))
    const began = Date.now()
    await once(slow, 'close')
    assert.equal(slow.text, '')
    assert.ok(Date.now() - began < 15_000, 'about ten seconds')
    assert.equal((await ask(url, 'metrics')).status, 200)
  })

  test('headers without end are cut off', async t => {
    const url = await serve(t)
    const endless = await socket(url)
    endless.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}`)
    await once(endless, 'close')
    assert.match(endless.text, /^HTTP\/1\.1 431 |^$/)
    const many = await socket(url)
    many.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${'X: x\r\n'.repeat(500)}\r\n`)
    await once(many, 'close')
    assert.match(many.text, /^HTTP\/1\.1 431 |^$/)
  })

  test('what is no HTTP is no reason to stop', async t => {
    const url = await serve(t)
    for (const nonsense of ['\x16\x03\x01\x02\0', 'x'.repeat(10_000), 'GET metrics\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', '\r\n\r\n\r\n', 'GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n']) {
      const open = await socket(url)
      open.end(nonsense)
      await once(open, 'close')
      assert.doesNotMatch(open.text, / 200 /)
    }
    const without = await socket(url)
    without.write('GET /metrics HTTP/1.0\r\n\r\n')
    await once(without, 'close')
    assert.match(without.text, /^HTTP\/1\.[01] 421 /, 'no Host at all')
    assert.equal((await ask(url, 'metrics')).status, 200)
  })

  test('as many may listen as can be told, and the place of one that leaves is free', async t => {
    const url = await serve(t)
    const listeners = []
    t.after(() => listeners.forEach(one => one.destroy()))
    for (let n = 0; n < 32; n++) {
      const one = await socket(url)
      one.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await until(() => one.text.includes('event: snapshot'))
      listeners.push(one)
    }
    const { status, headers, json } = await ask(url, 'events')
    assert.deepEqual([status, headers['retry-after'], json.error.code], [503, '10', 'BUSY'])
    listeners.pop().destroy()
    // Its end is seen within a second.
    await sleep(1000)
    const next = await socket(url)
    listeners.push(next)
    next.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until(() => next.text.includes('event: snapshot'))
  })
})

test('close ends streams, and does not wait for them', async () => {
  const server = await CircuitBreaker.serve()
  const streams = await Promise.all([socket(server.url), socket(server.url)])
  for (const one of streams) {
    one.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until(() => one.text.includes('event: loop'))
  }
  const ended = Promise.all(streams.map(one => once(one, 'close')))
  await server.close()
  await ended
})

test('a worker that ends while it is read crashes nothing, and takes its server along', async () => {
  const { code, signal, stdout, stderr } = await child(async ({ require, path }) => {
    const { once } = require('node:events')
    const { Worker } = require('node:worker_threads')
    const CircuitBreaker = require(path)
    const { url, close } = await CircuitBreaker.serve()
    let reads = 0
    const goesOn = { on: true }
    const read = async () => {
      while (goesOn.on) {
        for (const path of ['metrics', 'api/breakers', 'api/loop']) await (await fetch(url + path)).text()
        reads++
      }
    }
    const readers = [read(), read()]
    const source = `
      const CircuitBreaker = require(${JSON.stringify(path)})
      globalThis.all = Array.from({ length: 20 }, (_, n) => new CircuitBreaker(async () => {}, { name: 'w' + n, timeout: 5 }))
      setInterval(() => all.forEach(breaker => breaker.fire()), 1)
      CircuitBreaker.serve().then(({ url }) => require('node:worker_threads').parentPort.postMessage(url))`
    let theirs
    for (let n = 0; n < 12; n++) {
      const worker = new Worker(source, { eval: true })
      ;[theirs] = await once(worker, 'message')
      await new Promise(resolve => setTimeout(resolve, 20))
      await worker.terminate()
    }
    const gone = await fetch(theirs).then(() => 'there', () => 'gone')
    goesOn.on = false
    await Promise.all(readers)
    const { breakers } = await (await fetch(`${url}api/breakers`)).json()
    console.log(reads > 0, gone, breakers.length)
    await close()
  })
  assert.deepEqual({ code, signal, stdout, stderr }, { code: 0, signal: null, stdout: 'true gone 0\n', stderr: '' })
})

describe('a process', () => {
  test('ends by itself, though a server listens and clients do', async () => {
    const { code, signal, stdout, stderr } = await child(async ({ require, path }) => {
      const CircuitBreaker = require(path)
      const { url } = await CircuitBreaker.serve()
      const stream = require('node:http').get(`${url}events`, response => {
        response.once('data', () => {
          console.log('streams')
          response.socket.unref()
        })
      })
      stream.on('error', () => {})
    })
    assert.deepEqual({ code, signal, stdout, stderr }, { code: 0, signal: null, stdout: 'streams\n', stderr: '' })
  })

  test('may exit in mid-answer', async () => {
    for (let round = 0; round < 5; round++) {
      const { code, signal, stdout, stderr } = await child(async ({ require, path }) => {
        const CircuitBreaker = require(path)
        globalThis.all = Array.from({ length: 500 }, (_, n) => new CircuitBreaker(async () => {}, { name: `n${n}` }))
        const { url } = await CircuitBreaker.serve()
        const { spawn } = require('node:child_process')
        const client = `const ask = () => fetch('${url}metrics').then(a => a.text()).then(() => { process.stdout.write('.'); return ask() }, () => {}); ask(); ask(); ask()`
        const other = spawn(process.execPath, ['-e', client], { stdio: ['ignore', 'pipe', 'ignore'] })
        other.stdout.once('data', () => setTimeout(() => process.exit(7), Math.random() * 20))
      })
      assert.deepEqual({ code, signal, stdout, stderr }, { code: 7, signal: null, stdout: '', stderr: '' })
    }
  })

  const threads = () => readdirSync('/proc/self/task').map(id => readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim())
  test('has a thread for servers while there are some, and not before or after', { skip: process.platform !== 'linux' && 'asks /proc' }, async () => {
    const ours = () => threads().filter(name => name === 'didelphis-serve').length
    assert.equal(ours(), 0)
    const servers = [await CircuitBreaker.serve(), await CircuitBreaker.serve()]
    assert.equal(ours(), 1)
    await servers[0].close()
    assert.equal(ours(), 1)
    await servers[1].close()
    assert.equal(ours(), 0)
  })
})
