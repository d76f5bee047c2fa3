'use strict'

// Nothing stays behind, however the comparison ends.

const assert = require('node:assert/strict')
const { execFileSync, spawn } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')
const { describe, test } = require('node:test')

const ROOT = join(__dirname, '..')

/** Starts the comparison, and waits until all its programs run. */
async function start () {
  const compare = spawn(process.execPath, ['compare.js', '--seconds', '60', '--stages', '600'],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  compare.stdout.setEncoding('utf8')
  for await (const text of compare.stdout) {
    if (text.includes('stalls of')) break
  }
  const children = childrenOf(compare.pid)
  assert.deepEqual(children.map(({ command }) => /(\w[\w-]*)\.js/.exec(command)[1]).sort(), ['backend', 'load-test', 'proxy'])
  return { compare, children }
}

function childrenOf (parent) {
  return execFileSync('ps', ['-A', '-o', 'ppid=,pid=,args='], { encoding: 'utf8' }).trim().split('\n')
    .map(line => /(\d+)\s+(\d+)\s+(.*)/.exec(line))
    .filter(([, ppid]) => Number(ppid) === parent)
    .map(([, , pid, command]) => ({ pid: Number(pid), command }))
}

// Zombies of a test whose parent was killed are gone when the system has reaped them.
function isAlive (pid) {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).startsWith('Z')
  } catch {
    return false
  }
}

async function allGone (children) {
  for (const deadline = Date.now() + 20_000; children.some(({ pid }) => isAlive(pid));) {
    assert.ok(Date.now() < deadline, 'some are left')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

describe('the comparison leaves nothing behind', () => {
  for (const [signal, expected] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGKILL', null]]) {
    test(`after ${signal}`, async () => {
      const { children, compare } = await start()
      compare.kill(signal)
      const [code] = await once(compare, 'exit')
      assert.equal(code, expected)
      await allGone(children)
    })
  }

  for (const program of ['backend', 'proxy', 'load-test']) {
    test(`and fails, when ${program} ends`, async () => {
      const { children, compare } = await start()
      let said = ''
      compare.stderr.setEncoding('utf8').on('data', text => { said += text })
      process.kill(children.find(({ command }) => command.includes(program)).pid, 'SIGKILL')
      const [code] = await once(compare, 'close')
      assert.equal(code, 1)
      assert.match(said, new RegExp(`${program}\\.js ended: SIGKILL`))
      await allGone(children)
    })
  }
})

test('a program that is told nonsense says what it takes', () => {
  for (const [program, args, complaint] of [
    ['compare.js', ['--breaker', 'other'], /--breaker: one of opossum, didelphis is needed/],
    ['proxy.js', ['--every', '2-1'], /--every: the smaller number comes first/],
    ['backend.js', ['--errors', 'many'], /--errors: a number from 0 is needed/],
    ['load-test.js', ['--speed', '1'], /Unknown option '--speed'/]
  ]) {
    assert.throws(() => execFileSync(process.execPath, [program, ...args], { cwd: ROOT, stdio: 'pipe' }),
      ({ status, stderr }) => status === 2 && complaint.test(stderr) && /Options of /.test(stderr))
  }
})
