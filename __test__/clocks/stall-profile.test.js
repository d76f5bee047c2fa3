'use strict'

// `CircuitBreaker.loop.profile`: a long stall is told with the function that held the loop.

const assert = require('node:assert/strict')
const { execSync } = require('node:child_process')
const { once } = require('node:events')
const { afterEach, test } = require('node:test')
const { Worker } = require('node:worker_threads')

const CircuitBreaker = require('../..')
const { heldBy } = require('../../lib/held-by')
const { ask, elsewhere } = require('../server/support/client')
const { child } = require('../support/child')
const { hasThreads } = require('../support/needs')
const { sleep, until } = require('../support/wait')

const { loop } = CircuitBreaker
const STALL = 300
const PATH = JSON.stringify(require.resolve('../..'))

afterEach(() => loop.profile(false))

// A processor is left to others by these. And V8 makes no code of them in mid-loop, which a profiler
// that begins afterwards does not know.
const CELL = new Int32Array(new SharedArrayBuffer(4))
function holdsTheLoop () {
  Atomics.wait(CELL, 0, 0, STALL)
}
function holdsItAsWell () {
  Atomics.wait(CELL, 0, 0, STALL)
}

/** What `emitter` tells of the next stall that is as long as ours: `[length, heldBy]`. */
async function stallOf (run, emitter = loop) {
  const told = []
  const listen = (...args) => told.push(args)
  emitter.on('stall', listen)
  try {
    setTimeout(run, 1)
    await until(() => told.some(([length]) => length >= STALL - 20))
    return told.find(([length]) => length >= STALL - 20)
  } finally {
    emitter.off('stall', listen)
  }
}

/** The same, named. The machine makes stalls of its own, in which another has the loop or nobody does: tried again. */
async function namedStallOf (run, name, emitter) {
  // What came before is told.
  await sleep(50)
  let told
  for (let tries = 0; tries < 8; tries++) {
    told = await stallOf(run, emitter)
    if (told[1]?.function === name) return told
  }
  assert.fail(`instead of ${name}: ${JSON.stringify(told)}`)
}

/** Where a function is written. */
const lineOf = text => 1 + require('node:fs').readFileSync(__filename, 'utf8').split('\n').findIndex(line => line.includes(text) && !line.includes('lineOf'))

/** A test, where the loop is measured; elsewhere one that nobody looks into its stalls, and that it is said. */
const testOfProfile = hasThreads ? test : name => test(`not here: ${name}`, () => assert.throws(() => loop.profile(), { code: 'ENOPROFILER' }))

testOfProfile('a long stall is told with the function that held the loop, its file, its line and its share', async () => {
  const profiling = loop.profile({ above: 200 })
  assert.equal(profiling.above, 200)
  const [length, held] = await namedStallOf(holdsTheLoop, 'holdsTheLoop')
  assert.deepEqual(Object.keys(held), ['function', 'url', 'line', 'column', 'share'])
  assert.ok(held.url.endsWith('/stall-profile.test.js'), held.url)
  assert.equal(held.line, lineOf('function holdsTheLoop'))
  assert.ok(held.share > 0 && held.share <= 1, `${held.share}`)
  assert.ok(length >= STALL - 20)
})

testOfProfile('of two stalls, one after the other, each is told with its own; breakers tell it, too', async () => {
  const breaker = new CircuitBreaker(async () => {})
  loop.profile()
  await namedStallOf(holdsTheLoop, 'holdsTheLoop', breaker)
  await namedStallOf(holdsItAsWell, 'holdsItAsWell', breaker)
  for (let tries = 0; ; tries++) {
    const told = []
    const listen = (_, held) => { if (held) told.push(held.function) }
    loop.on('stall', listen)
    // Without a rest between the turns.
    await new Promise(resolve => setImmediate(() => {
      holdsTheLoop()
      setImmediate(() => {
        holdsItAsWell()
        resolve()
      })
    }))
    await sleep(100)
    loop.off('stall', listen)
    if (told.join() === 'holdsTheLoop,holdsItAsWell') break
    assert.ok(tries < 8, told.join())
  }
})

testOfProfile('a function without a name is told by its place', async () => {
  loop.profile()
  const [, held] = await namedStallOf((() => () => { Atomics.wait(CELL, 0, 0, STALL) })(), '(anonymous)')
  assert.ok(held.url.endsWith('/stall-profile.test.js'), held.url)
  assert.equal(held.line, lineOf('namedStallOf((() =>'))
})

testOfProfile('what V8 or Node does is that of the function that has it done', async () => {
  loop.profile()
  await namedStallOf(function waits () { execSync('sleep 0.3') }, 'waits')
  const json = JSON.stringify(Array.from({ length: 20_000 }, (_, index) => ({ index, text: `text ${index}` })))
  await namedStallOf(function parses () {
    for (const end = performance.now() + STALL; performance.now() < end;) JSON.parse(json)
  }, 'parses')
  await namedStallOf(function matches () {
    for (const end = performance.now() + STALL; performance.now() < end;) /^(a+)+$/.test(`${'a'.repeat(18)}b`)
  }, 'matches')
})

testOfProfile('code that was made of a text is told by the name that it has', async () => {
  loop.profile()
  // eslint-disable-next-line no-new-func
  const made = new Function(`return function madeOfText () { for (const end = performance.now() + ${STALL}; performance.now() < end;); }`)()
  await namedStallOf(made, 'madeOfText')
})

testOfProfile('what is not so long, and what comes after the end, is told without', async () => {
  const profiling = loop.profile({ above: 100_000 })
  assert.equal((await stallOf(holdsTheLoop)).length, 1)
  loop.profile({ above: 200 })
  profiling.stop()
  await namedStallOf(holdsTheLoop, 'holdsTheLoop')
  loop.profile(false)
  assert.equal((await stallOf(holdsTheLoop)).length, 1)
  {
    const { stop } = loop.profile()
    stop()
    stop()
  }
  assert.equal((await stallOf(holdsTheLoop)).length, 1)
  if (Symbol.dispose) {
    loop.profile()[Symbol.dispose]()
    assert.equal((await stallOf(holdsTheLoop)).length, 1)
  }
})

testOfProfile('the server tells it of the last ten long stalls, the newest first', async t => {
  const server = await CircuitBreaker.serve()
  t.after(() => server.close())
  const profile = async () => (await ask(server.url, 'api/loop')).json.loops.find(({ thread }) => thread === 'main').profile
  assert.equal(await profile(), null)
  loop.profile({ above: 250 })
  await namedStallOf(holdsTheLoop, 'holdsTheLoop')
  const [, held] = await namedStallOf(holdsItAsWell, 'holdsItAsWell')
  const { above, stalls } = await profile()
  assert.equal(above, 250)
  const ours = stalls.filter(({ heldBy }) => /^holds/.test(heldBy?.function))
  assert.deepEqual(ours[0].heldBy, held)
  assert.ok(ours.some(({ heldBy }) => heldBy.function === 'holdsTheLoop'))
  assert.ok(ours[0].at > ours.at(-1).at && Math.abs(ours[0].at - Date.now()) < 20_000)
  assert.ok(ours[0].length >= STALL - 20)
  loop.profile(false)
  assert.equal(await profile(), null)
})

testOfProfile('it goes in a worker, whose loop is not that of the main thread', { timeout: 120_000 }, async t => {
  const server = await CircuitBreaker.serve()
  t.after(() => server.close())
  const worker = new Worker(`
    const { parentPort } = require('node:worker_threads')
    const { loop } = require(${PATH})
    loop.profile()
    function holdsTheWorker () { for (const end = performance.now() + ${STALL}; performance.now() < end;); }
    loop.on('stall', (ms, held) => {
      if (held?.function === 'holdsTheWorker') parentPort.postMessage(held)
      else if (ms > 250) setTimeout(holdsTheWorker, 50)
    })
    setTimeout(holdsTheWorker, 100)
    setInterval(() => {}, 1000)
  `, { eval: true })
  const [held] = await once(worker, 'message')
  assert.equal(held.function, 'holdsTheWorker')
  const { loops } = (await ask(server.url, 'api/loop')).json
  const byThread = Object.fromEntries(loops.map(({ profile, thread }) => [thread, profile]))
  assert.equal(byThread[`worker-${worker.threadId}`].stalls.at(0).heldBy.function, 'holdsTheWorker')
  assert.equal(byThread.main, null)
  // With its profiler at work.
  await worker.terminate()
})

testOfProfile('an idle loop has no stalls by it, and no more to do than before', async () => {
  const { stdout, stderr } = await child(async ({ path, require }) => {
    const { loop } = require(path)
    const { setTimeout: sleep } = require('node:timers/promises')
    loop.profile()
    // The profiler's beginning is one.
    await sleep(500)
    const lengths = []
    loop.on('stall', length => lengths.push(length))
    const { user, system } = process.cpuUsage()
    await sleep(3000)
    const used = process.cpuUsage({ user, system })
    console.log(JSON.stringify({ lengths, busy: (used.user + used.system) / 3_000_000 }))
  })
  assert.equal(stderr, '')
  const { busy, lengths } = JSON.parse(stdout)
  // The machine makes some of its own; the profiler's would be one after the other, or one.
  assert.ok(lengths.reduce((sum, length) => sum + length, 0) < 1500, `${lengths}`)
  assert.ok(busy < 0.3, `${busy}`)
})

testOfProfile('the process is not kept, and ends in every way there is', async () => {
  const ended = await child(({ path, require }) => { require(path).loop.profile() })
  assert.deepEqual({ ...ended, stdout: '' }, { code: 0, signal: null, stdout: '', stderr: '' })
  const exited = await child(({ path, require }) => {
    require(path).loop.profile()
    setTimeout(() => process.exit(3), 50)
  })
  assert.deepEqual([exited.code, exited.signal, exited.stderr], [3, null, ''])
})

testOfProfile('nobody asks the inspector who has not called it', async () => {
  const { stdout } = await child(async ({ path, require }) => {
    const inspector = require('node:inspector')
    let sessions = 0
    inspector.Session = class extends inspector.Session {
      constructor () {
        super()
        sessions++
      }
    }
    const { loop } = require(path)
    loop.on('stall', () => {})
    loop.profile(false)
    console.log(sessions)
    loop.profile()
    loop.profile({ above: 300 })
    console.log(sessions)
  })
  assert.equal(stdout, '0\n1\n')
})

testOfProfile('where there is no inspector it says so', async () => {
  const { stdout, stderr } = await child(({ path, require }) => {
    const { loop } = require(path)
    const inspector = require('node:inspector')
    inspector.Session.prototype.connect = () => { throw new Error('denied') }
    try {
      loop.profile()
    } catch ({ cause, code, message }) {
      console.log(`${code}: ${message}; ${cause.message}`)
    }
    // Nothing has begun.
    loop.profile(false)
  })
  assert.equal(stderr, '')
  assert.equal(stdout, 'ENOPROFILER: CircuitBreaker.loop.profile() needs the inspector of Node.js, which is not to be had here: denied; denied\n')
})

testOfProfile('where Node measures coverage, or profiles, stalls are told without, and nothing is printed', async () => {
  const program = async ({ path, require }) => {
    const { loop } = require(path)
    loop.profile()
    loop.on('stall', (...args) => { if (args[0] > 250) console.log(args.length) })
    setTimeout(() => { for (const end = performance.now() + 300; performance.now() < end;); }, 50)
    setTimeout(() => {}, 500)
  }
  const directory = require('node:fs').mkdtempSync(require('node:path').join(require('node:os').tmpdir(), 'didelphis-'))
  try {
    const covered = await child(program, { env: { NODE_V8_COVERAGE: directory } })
    assert.deepEqual([covered.stderr, covered.code], ['', 0])
    assert.match(covered.stdout, /^(1\n)+$/)
    const profiled = await child(program, { flags: ['--cpu-prof', `--cpu-prof-dir=${directory}`] })
    assert.deepEqual([profiled.stderr, profiled.code], ['', 0])
    assert.match(profiled.stdout, /^(1\n)+$/)
  } finally {
    require('node:fs').rmSync(directory, { recursive: true })
  }
})

testOfProfile('it is told to who looks on from elsewhere', async t => {
  const server = await CircuitBreaker.serve()
  t.after(() => server.close())
  loop.profile()
  const client = elsewhere(server.url, async ({ ask, sleep, url }) => {
    for (;;) {
      const { loops } = (await ask(url, 'api/loop')).json
      const held = loops[0].profile?.stalls.find(({ heldBy }) => heldBy?.function === 'holdsTheLoop')
      if (held) return held
      await sleep(100)
    }
  })
  await client.ready
  const [, held] = await namedStallOf(holdsTheLoop, 'holdsTheLoop')
  assert.deepEqual((await client.result).heldBy, held)
})

testOfProfile('what makes no sense is refused', () => {
  for (const above of [0, -1, 49, NaN, Infinity, '200', null]) {
    assert.throws(() => loop.profile({ above }), { name: 'TypeError', message: /^options\.above must be a number of milliseconds, 50 or more; got / })
  }
  for (const options of [null, 200, true, 'x', []]) {
    assert.throws(() => loop.profile(options), { name: 'TypeError', message: /^options must be an object or false; got / })
  }
  assert.throws(() => loop.profile({ below: 1 }), { name: 'TypeError', message: 'options.below is no option of loop.profile(): it knows above' })
})

/** A profile of V8's: functions as `name: parent`, samples every 10 ms from zero on. */
function profileOf (functions, names) {
  const nodes = Object.entries({ '(root)': undefined, '(idle)': '(root)', '(program)': '(root)', '(garbage collector)': '(root)', ...functions })
    .map(([name], index, all) => ({
      id: index + 1,
      callFrame: {
        functionName: name.replace('node:', ''),
        scriptId: name.startsWith('(') ? '0' : '7',
        url: name.startsWith('(') ? '' : name.startsWith('node:') ? name : 'file:///a.js',
        lineNumber: index,
        columnNumber: 0
      },
      children: all.flatMap(([, parent], place) => parent === name ? [place + 1] : [])
    }))
  const idOf = name => 1 + Object.keys({ '(root)': 0, '(idle)': 0, '(program)': 0, '(garbage collector)': 0, ...functions }).indexOf(name)
  return { nodes, samples: names.map(idOf), timeDeltas: names.map(() => 10_000), startTime: 0, endTime: names.length * 10_000 }
}

const times = (count, name) => Array.from({ length: count }, () => name)

testOfProfile('in a profile, the deepest of the program with half of the samples held the loop', () => {
  const functions = { 'node:timers': '(root)', handler: 'node:timers', parse: 'handler', render: 'handler', other: '(root)' }
  const of = (names, length, endedAgo = 0) => {
    const held = heldBy(profileOf(functions, names), length ?? names.length * 10, endedAgo)
    return held && [held.function, held.share]
  }
  assert.deepEqual(of([...times(30, 'parse'), ...times(10, 'render')]), ['parse', 0.75])
  assert.deepEqual(of([...times(19, 'parse'), ...times(19, 'render'), 'node:timers', 'node:timers']), ['handler', 0.95])
  // What is no program's is told where nothing else is.
  assert.deepEqual(of(times(40, 'node:timers')), ['timers', 1])
  // None has half: the heaviest.
  assert.deepEqual(of([...times(8, 'other'), ...times(12, 'handler'), ...times(20, '(program)')]), ['handler', 0.3])
  assert.deepEqual(of([...times(30, '(garbage collector)'), ...times(10, 'parse')]), ['(garbage collector)', 0.75])
  assert.equal(of(times(40, '(program)')), undefined)
  // The process was suspended: nobody took samples.
  assert.equal(of(times(9, 'parse'), 1000), undefined)
  // A machine that is busy takes few samples: they stand for little, and say as much.
  assert.deepEqual(of(times(20, 'parse'), 800), ['parse', 0.25])
  // What was before, and what is after.
  const around = [...times(50, 'other'), ...times(20, '(idle)'), ...times(20, 'parse'), ...times(30, 'render')]
  assert.deepEqual(of(around, 200, 300), ['parse', 1])
  assert.deepEqual(of(around, 300), ['render', 1])
})
