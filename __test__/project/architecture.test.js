'use strict'

// Who may use whom: no arrow goes back, in Rust or in JavaScript.

const assert = require('node:assert/strict')
const { existsSync, readFileSync, readdirSync } = require('node:fs')
const { join, normalize } = require('node:path')
const { describe, test } = require('node:test')

const ROOT = join(__dirname, '..', '..')

/** The files below a folder of the project that end so, as paths from its root. */
function filesIn (folder, ending) {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .filter(name => name.endsWith(ending)).map(name => `${folder}/${name}`)
}

const read = path => readFileSync(join(ROOT, path), 'utf8')

/** What of these lines there is in files, with the names of the files. */
function linesOf (files, pattern) {
  return files.flatMap(file => read(file).split('\n').filter(line => pattern.test(line)).map(line => `${file}: ${line.trim()}`))
}

/** The first circle of a graph of names, as the names on it. */
function circleIn (graph) {
  const done = new Set()
  const visit = (name, path) => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name]
    if (done.has(name)) return
    for (const next of graph.get(name) ?? []) {
      const circle = visit(next, [...path, name])
      if (circle) return circle
    }
    done.add(name)
  }
  for (const name of graph.keys()) {
    const circle = visit(name, [])
    if (circle) return circle
  }
}

describe('in Rust', () => {
  test('the core depends on nothing, and contains no unsafe code', () => {
    assert(!/^\[(target\..*\.)?dependencies/m.test(read('crates/core/Cargo.toml')))
    assert.match(read('crates/core/src/lib.rs'), /^#!\[forbid\(unsafe_code\)\]$/m)
  })

  test('the border depends on nothing', () => {
    assert(!/^\[(target\..*\.)?dependencies/m.test(read('crates/abi/Cargo.toml')))
    assert.match(read('crates/abi/src/lib.rs'), /^#!\[forbid\(unsafe_code\)\]$/m)
    assert.deepEqual(linesOf(filesIn('crates/core/src', '.rs'), /\bdidelphis_abi\b/), [])
  })

  test('what hosts have in common knows no thread, system or N-API, and contains no unsafe code', () => {
    assert.match(read('crates/host/src/lib.rs'), /^#!\[forbid\(unsafe_code\)\]$/m)
    const asked = /\b(std|core)::(time::(Instant|SystemTime)|sync::(?!(Arc)\b)|(thread|fs|net|io|env|process|os)\b)|\bnapi(_derive)?::|\blibc::|\bparking_lot::/
    assert.deepEqual(linesOf(filesIn('crates/host/src', '.rs'), asked), [])
    assert.deepEqual(linesOf(filesIn('crates/core/src', '.rs'), /\bdidelphis_host\b/), [])
  })

  test('the core knows no clock, thread, lock or I/O', () => {
    // It shows others what it is in atomics, and waits for nobody.
    const asked = /\b(std|core)::(time::(Instant|SystemTime)|sync::(?!(LazyLock|OnceLock|Arc|atomic)\b)|(thread|fs|net|io|env|process|os)\b)/
    assert.deepEqual(linesOf(filesIn('crates/core/src', '.rs'), asked), [])
  })

  test('no room of the core uses one that stands above it', () => {
    const rooms = ['breaker', 'policy', 'chance', 'admission', 'timers', 'calls', 'metrics', 'config', 'time', 'shared']
    const roomOf = file => /^crates\/core\/src\/(\w+)/.exec(file)[1]
    const files = filesIn('crates/core/src', '.rs')
    assert.deepEqual([...new Set(files.map(roomOf))].sort(), [...rooms, 'lib'].sort())
    const upward = files.filter(file => rooms.includes(roomOf(file))).flatMap(file => {
      // What `lib.rs` gives other names to is for other crates; documentation may point anywhere.
      const allowed = rooms.slice(rooms.indexOf(roomOf(file))).join('|')
      return linesOf([file], new RegExp(`^(?! *//).*\\bcrate::(?!(${allowed})\\b)`))
    })
    assert.deepEqual(upward, [])
  })

  test('the runtime uses nothing of N-API, and nothing of the server', () => {
    assert.deepEqual(linesOf(filesIn('src/runtime', '.rs'), /\bcrate::(node|serve)\b|\bnapi(_derive)?::/), [])
  })

  test('the server uses nothing of N-API', () => {
    assert.deepEqual(linesOf(filesIn('src/serve', '.rs'), /\bcrate::node\b|\bnapi(_derive)?::/), [])
  })

  test('nobody but the server uses what it is made of', () => {
    const others = ['src/node', 'src/runtime', 'crates'].flatMap(folder => filesIn(folder, '.rs'))
    assert.deepEqual(linesOf(others, /\b(tokio|hyper|mio)::/), [])
  })
})

describe('in JavaScript', () => {
  const graph = new Map(filesIn('lib', '.js').map(file => {
    const required = [...read(file).matchAll(/\brequire\('(\.[^']*)'\)/g)].map(([, path]) => normalize(join(file, '..', path)))
    return [file, required.map(path => path.endsWith('.js') ? path : `${path}.js`)]
  }))

  test('no file requires one that requires it', () => {
    assert.equal(circleIn(graph), undefined)
  })

  test('circles are seen where there are some', () => {
    assert.deepEqual(circleIn(new Map([['a', ['b']], ['b', ['c', 'd']], ['d', ['b']]])), ['b', 'd', 'b'])
  })

  test('the native half requires no more of the rest than it must', () => {
    const ALLOWED = ['drain-events', 'binding', 'builtins', 'emit', 'fake-clock'].map(name => `lib/${name}.js`)
    const beyond = [...graph].filter(([file]) => file.startsWith('lib/native/')).flatMap(([, required]) => required)
      .filter(file => !file.startsWith('lib/native/') && !ALLOWED.includes(file))
    assert.deepEqual(beyond, [])
    assert.deepEqual(graph.get('lib/native/abi.js'), [])
  })

  test('nobody but the front door requires the class', () => {
    const guests = [...graph].filter(([, required]) => required.includes('lib/circuit-breaker.js')).map(([file]) => file)
    assert.deepEqual(guests, [])
  })
})

test('every folder of tests is on their map', () => {
  const folders = readdirSync(join(ROOT, '__test__'), { withFileTypes: true }).filter(entry => entry.isDirectory())
  const rows = [...read('__test__/README.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
  assert.deepEqual(rows.sort(), folders.map(({ name }) => name).sort())
})

test('every file that ARCHITECTURE.md names is there', () => {
  const ROOMS = ['', 'crates/core/src', 'src', 'lib']
  const named = new Set([...read('ARCHITECTURE.md').matchAll(/`((?:[\w.-]+\/)+[\w.-]+)`/g)].map(([, path]) => path))
  assert(named.size > 20, `${named.size}`)
  assert.deepEqual([...named].filter(path => !ROOMS.some(room => existsSync(join(ROOT, room, path)))), [])
})

test('each file of lib has its place on the map', () => {
  const [, map] = /\n\| theme \| files \|\n([^]*?)\n\n/.exec(read('ARCHITECTURE.md'))
  const files = filesIn('lib', '.js').filter(file => !/^lib\/(async|browser|doctor|native|operator|opentelemetry|prometheus|testing|wasm)\//.test(file))
  assert.deepEqual(files.filter(file => !map.includes(`\`${file.slice('lib/'.length)}\``)), [])
  const named = Array.from(map.matchAll(/`([\w-]+\.js)`/g), ([, name]) => name)
  // Built, as binaries are.
  const there = [...filesIn('lib', '.js'), 'lib/wasm/bytes.js']
  assert.deepEqual(named.filter(name => !there.some(file => file.endsWith(`/${name}`))), [])
})
