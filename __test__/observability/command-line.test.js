'use strict'

// `didelphis top` and the commands that steer: against real servers, from processes of their own, and
// what they say when something is wrong.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const http = require('node:http')
const { once } = require('node:events')
const { join } = require('node:path')
const { describe, test } = require('node:test')
const { stripVTControlCharacters } = require('node:util')

const CircuitBreaker = require('../..')
const { printable, tableOf } = require('../../lib/operator/table')
const { TOKEN, stall } = require('../server/support/client')
const { withServer } = require('../support/needs')

const served = withServer()

const COMMAND = join(__dirname, '..', '..', 'bin', 'didelphis.js')

/** Runs the command line in a process of its own: `{ code, stdout, stderr }`. */
async function didelphis (args, token = TOKEN) {
  const env = { ...process.env, DIDELPHIS_TOKEN: token }
  const child = spawn(process.execPath, [COMMAND, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const told = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr']) child[stream].setEncoding('utf8').on('data', text => { told[stream] += text })
  const [code] = await once(child, 'close')
  return { code, ...told }
}

const ill = async () => { throw new Error('ill') }

let server
served.before(async () => { server = await CircuitBreaker.serve({ token: TOKEN }) })
served.after(() => server.close())

served.describe('top', () => {
  test('prints one table where there is no terminal, worst first', async () => {
    const well = new CircuitBreaker(async () => {}, { name: 'line-well', capacity: 7 })
    const broken = new CircuitBreaker(ill, { name: 'line-broken' })
    await well.fire()
    await broken.fire().catch(() => {})
    const { code, stderr, stdout } = await didelphis(['top', server.url])
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(stripVTControlCharacters(stdout), stdout)
    assert.match(stdout, /^loop main: lag .*\n\nNAME +STATE +/)
    assert.match(stdout, /^line-broken +open .* errorThresholdPercentage, tries in [\d.]+s +main$/m)
    assert.match(stdout, /^line-well +closed .* 0\/7 +- +main$/m)
    assert.ok(stdout.indexOf('line-broken') < stdout.indexOf('line-well'))
  })

  test('prints one reading as JSON', async () => {
    const breaker = new CircuitBreaker(async () => {}, { name: 'line-json' })
    await breaker.fire()
    // Without `http://`, and without its slash.
    const { code, stdout } = await didelphis(['top', server.url.slice('http://'.length, -1), '--json'])
    const { breakers, loops, now, steering } = JSON.parse(stdout)
    assert.equal(code, 0)
    assert.equal(steering, true)
    assert.ok(Math.abs(now - Date.now()) < 60_000)
    assert.equal(breakers.find(({ name }) => name === breaker.name).total.fires, 1)
    assert.equal(loops[0].thread, 'main')
  })

  test('prints while the event loop is stalled, and that it is', async () => {
    const program = `
      const { spawnSync } = require('node:child_process')
      const CircuitBreaker = require(${JSON.stringify(join(__dirname, '..', '..'))})
      CircuitBreaker.serve().then(({ url }) => {
        const { status, stdout } = spawnSync(process.execPath, [${JSON.stringify(COMMAND)}, 'top', url], { encoding: 'utf8' })
        console.log(status, stdout)
        process.exit()
      })`
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', more => { text += more })
    await once(child, 'close')
    assert.match(text, /^0 loop main: STALLED for /)
  })
})

served.describe('a command', () => {
  test('steers all breakers of a name, or the one with an id', async () => {
    const [one, other] = [1, 2].map(() => new CircuitBreaker(ill, { name: 'line steered' }))
    for (const [word, state] of [['open', 'open'], ['force-open', 'forcedOpen'], ['close', 'closed'], ['disable', 'disabled'], ['enable', 'closed']]) {
      const { code, stderr, stdout } = await didelphis([word, 'line steered', '--url', server.url])
      assert.deepEqual([code, stderr], [0, ''])
      assert.equal(stdout, `line steered (main): ${word} is in force\n`.repeat(2))
      assert.deepEqual([one.state, other.state], [state, state])
    }
    const { stdout } = await didelphis(['top', server.url, '--json'])
    const ids = JSON.parse(stdout).breakers.filter(({ name }) => name === 'line steered').map(({ id }) => id)
    assert.equal((await didelphis(['open', 'line steered', '--url', server.url, '--id', String(ids[1])])).code, 0)
    assert.deepEqual([one.state, other.state], ['closed', 'open'])
  })

  test('steers what is called as a way up is written in a path, and nothing else', async () => {
    const names = ['.', '..', '-', '%2e', '...']
    const breakers = names.map(name => new CircuitBreaker(ill, { name }))
    for (const [n, name] of names.entries()) {
      const { code, stderr, stdout } = await didelphis(['open', name, '--url', server.url])
      assert.deepEqual([code, stderr, stdout], [0, '', `${name} (main): open is in force\n`])
      assert.deepEqual(breakers.map(({ state }) => state), names.map((name, other) => other <= n ? 'open' : 'closed'))
    }
    const { stdout } = await didelphis(['top', server.url, '--json'])
    const { id } = JSON.parse(stdout).breakers.find(({ name }) => name === '..')
    assert.equal((await didelphis(['close', '..', '--url', server.url, '--id', String(id)])).code, 0)
    assert.deepEqual(breakers.map(({ state }) => state), ['open', 'closed', 'open', 'open', 'open'])
    breakers.forEach(breaker => breaker.shutdown())
  })

  test('is in force for the next call while the loop is stalled, and says so', async () => {
    const breaker = new CircuitBreaker(async () => {}, { name: 'line-stalled' })
    const given = didelphis(['open', breaker.name, '--url', server.url])
    const until = performance.now() + 30_000
    // Until it is there, which is not seen but by a call.
    let refused = false
    while (!refused && performance.now() < until) {
      stall(300)
      breaker.fire().catch(() => {})
      refused = breaker.opened
    }
    assert.ok(refused)
    const { code, stdout } = await given
    assert.equal(code, 0)
    assert.match(stdout, /^line-stalled \(main\): open is in force( for the next call; its event loop is busy, .*)?\n$/)
  })
})

served.describe('what is wrong is said, with what to do', () => {
  const CASES = {
    'no token': [['open', 'x', '--url', 'URL'], 1, /DIDELPHIS_TOKEN=… npx didelphis open/, ''],
    'another token': [['open', 'x', '--url', 'URL'], 1, /the token in DIDELPHIS_TOKEN is not the one that was given to serve\(\)/, 'another-token-than-that'],
    'no such breaker': [['open', 'nobody', '--url', 'URL'], 1, /has no breaker "nobody"\. It has .*"line-known"/],
    'no such id': [['open', 'line-known', '--url', 'URL', '--id', '999999'], 1, /has no breaker "line-known" with the id 999999/],
    'an id that is none': [['open', 'line-known', '--url', 'URL', '--id', 'x'], 2, /--id x is no id: top --json shows them/],
    'nobody there': [['top', 'http://127.0.0.1:1/'], 1, /nobody listens at http:\/\/127\.0\.0\.1:1\/\. Does the program run, and has it called CircuitBreaker\.serve\(\{ port: 1 \}\)\?/],
    'no URL': [['top'], 2, /where is the server\? npx didelphis top http/],
    'no URL to steer': [['close', 'x'], 2, /where is the server\? npx didelphis close x --url/],
    'no name': [['close', '--url', 'URL'], 2, /which breaker\? npx didelphis close NAME --url URL/],
    'what is no URL': [['top', 'http://:x'], 2, /http:\/\/:x is no URL: it should be as http:\/\/127/],
    'a token in the URL': [['top', 'http://a:secret@127.0.0.1:1/'], 2, /the token is not part of the URL: set it as DIDELPHIS_TOKEN/],
    'one argument too many': [['open', 'two', 'words', '--url', 'URL'], 2, /words is one argument too many: a name with spaces needs quotes/],
    'an unknown option': [['top', 'URL', '--jsno'], 2, /jsno/],
    'a name that it does not go by': [['top', 'http://line.localhost:PORT/'], 1, /(allowedHosts: \['line\.localhost'\]|there is no host line\.localhost)/]
  }
  for (const [name, [args, code, message, token]] of Object.entries(CASES)) {
    test(name, async () => {
      const breaker = new CircuitBreaker(async () => {}, { name: 'line-known' })
      const given = args.map(arg => arg.replace('URL', server.url).replace('PORT', new URL(server.url).port))
      const found = await didelphis(given, token)
      assert.match(found.stderr, message)
      assert.ok(found.stderr.startsWith('didelphis: '))
      assert.ok(!found.stderr.includes('secret') && !found.stderr.includes(TOKEN))
      assert.equal(found.code, code)
      assert.equal(found.stdout, '')
      breaker.shutdown()
    })
  }

  test('a server without a token, and one that is something else', async () => {
    const open = await CircuitBreaker.serve()
    const other = http.createServer((request, response) => response.end('<html>')).listen(0, '127.0.0.1')
    await once(other, 'listening')
    try {
      const steered = await didelphis(['open', 'line-known', '--url', open.url])
      assert.match(steered.stderr, /cannot be steered, for it was begun without a token: CircuitBreaker\.serve\(\{ token:/)
      const { code, stderr } = await didelphis(['top', `http://127.0.0.1:${other.address().port}/`])
      assert.match(stderr, /is no server of didelphis \(200 for \/api\/(breakers|loop)\)/)
      assert.equal(code, 1)
    } finally {
      await open.close()
      other.close()
    }
  })

  test('help', async () => {
    const { code, stdout } = await didelphis(['top', '--help'])
    assert.equal(code, 0)
    assert.match(stdout, /^Usage: npx didelphis top URL \[--json\]\n/)
    assert.match((await didelphis(['--help'])).stdout, /npx didelphis top URL, and open, close, force-open, disable, enable/)
  })
})

describe('the table', () => {
  const breaker = (id, more) => ({
    id,
    name: `b${id}`,
    thread: 'main',
    state: 'closed',
    draining: false,
    since: null,
    nextAttemptAt: null,
    inFlight: 0,
    queued: 0,
    capacity: null,
    stats: { rejects: 0 },
    callRate: 1,
    failureRate: 0,
    latency: null,
    lastTrip: null,
    commandsWait: false,
    ...more
  })
  const loop = { thread: 'main', lag: 0, longest: 0, stalled: false, total: { stalls: 1, stalled: 60 } }
  const reading = breakers => ({ breakers, loops: [loop], now: 1000 })

  test('says how many wait for a place', () => {
    const [, , , full, roomy] = tableOf(reading([breaker(1, { capacity: 2, inFlight: 2, queued: 3 }), breaker(2, { inFlight: 4 })]))
    assert.match(full, / 2\/2 \(3 wait\) /)
    assert.match(roomy, / 4 +- /)
  })

  test('is as wide and as long as the terminal, and says what it leaves out', () => {
    const breakers = Array.from({ length: 200 }, (_, id) => breaker(id, { name: '長い名前'.repeat(30) }))
    const lines = tableOf(reading(breakers), { columns: 40, rows: 10 })
    assert.equal(lines.length, 10)
    assert.match(lines[9], /^… and 194 more$/)
    for (const line of lines) assert.ok(line.replace(/[\u2e80-\ua4cf]/g, 'xx').length <= 40, line)
    assert.equal(tableOf(reading(breakers)).length, 203)
    assert.deepEqual(tableOf(reading([])).slice(1), ['', 'No breakers.'])
  })

  test('is sorted by trouble', () => {
    const names = tableOf(reading([
      breaker(1, {}), breaker(2, { failureRate: 5 }), breaker(3, { state: 'halfOpen' }), breaker(4, { state: 'open' }), breaker(5, { state: 'disabled' })
    ])).slice(3).map(line => line.slice(0, 2))
    assert.deepEqual(names, ['b4', 'b3', 'b5', 'b2', 'b1'])
  })

  test('has no sequence of a name that steers the terminal', () => {
    const name = 'a\u001b[2Jb\nc\u009bd\u202ee'
    assert.equal(printable(name), 'a\ufffd[2Jb\ufffdc\ufffdd\ufffde')
    assert.ok(tableOf(reading([breaker(1, { name })])).join('').includes('a\ufffd[2Jb\ufffdc'))
    const [row] = tableOf(reading([breaker(1, { state: 'open' })]), { isColored: true }).slice(-1)
    assert.ok(row.startsWith('\u001b[31mb1 ') && row.endsWith('\u001b[0m'))
  })
})
