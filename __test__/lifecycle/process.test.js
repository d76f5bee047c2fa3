'use strict'

// What keeps a process alive, and how one ends in which breakers are at work.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const { child } = require('../support/child')

const AT_ONCE = { concurrency: 2 }

test('a breaker that nobody waits for does not keep the process alive', AT_ONCE, async t => {
  await allEnd(t, {
    'an idle one': ({ require, path }) => {
      globalThis.breaker = new (require(path))(async () => {})
      console.log('made')
    },
    'an open one': ({ require, path }) => {
      globalThis.breaker = new (require(path))(async () => {}, { resetTimeout: 3_600_000 })
      globalThis.breaker.on('halfOpen', () => console.log('half open'))
      globalThis.breaker.open()
      console.log('made')
    },
    'one with listeners to snapshots': ({ require, path }) => {
      globalThis.breaker = new (require(path))(async () => {})
      globalThis.breaker.status.on('snapshot', () => {})
      console.log('made')
    },
    'one with a call without a timeout': ({ require, path }) => {
      globalThis.breaker = new (require(path))(() => new Promise(() => {}), { timeout: false })
      globalThis.breaker.fire().finally(() => console.log('settled'))
      console.log('made')
    },
    'one whose call was answered long before its deadline': ({ require, path }) => {
      globalThis.breaker = new (require(path))(async () => {}, { timeout: 3_600_000 })
      globalThis.breaker.fire().then(() => console.log('made'))
    },
    'one whose call failed long before its deadline': ({ require, path }) => {
      const action = async () => { throw new Error('ill') }
      globalThis.breaker = new (require(path))(action, { timeout: 3_600_000, resetTimeout: 3_600_000 })
      setTimeout(() => globalThis.breaker.fire().catch(() => console.log('made')), 10)
    },
    'one whose call with a long timeout was answered after another timed out': ({ require, path }) => {
      const CircuitBreaker = require(path)
      let answer
      const late = new CircuitBreaker(() => new Promise(() => {}), { timeout: 20 })
      const answered = new CircuitBreaker(() => new Promise(resolve => { answer = resolve }), { timeout: 3_600_000 })
      globalThis.breakers = [late, answered]
      answered.fire().then(answer => console.log(answer))
      late.fire().catch(({ code }) => { if (code === 'ETIMEDOUT') answer('made') })
    }
  }, { code: 0, signal: null, stdout: 'made\n', stderr: '' })
})

test('a call with a timeout keeps the process alive until it has timed out', AT_ONCE, async t => {
  await allEnd(t, {
    'the first one': ({ require, path }) => {
      new (require(path))(() => new Promise(() => {}), { timeout: 100 }).fire()
        .catch(error => console.log(error.code))
    },
    'one after others were answered': async ({ require, path }) => {
      const action = hangs => hangs ? new Promise(() => {}) : Promise.resolve()
      const breaker = new (require(path))(action, { timeout: 100 })
      for (let fired = 0; fired < 100; fired++) await breaker.fire(false)
      await new Promise(setImmediate)
      await breaker.fire(false)
      // In a turn that began with nothing to wait for.
      breaker.fire(true).catch(error => console.log(error.code))
    },
    'one of a breaker that was shut down since': ({ require, path }) => {
      const breaker = new (require(path))(() => new Promise(() => {}), { timeout: 100 })
      breaker.fire().catch(error => console.log(error.code))
      breaker.shutdown()
    },
    'one of a breaker that was disabled since': ({ require, path }) => {
      const breaker = new (require(path))(() => new Promise(() => {}), { timeout: 100 })
      breaker.fire().catch(error => console.log(error.code))
      breaker.disable()
    }
  }, { code: 0, signal: null, stdout: 'ETIMEDOUT\n', stderr: '' })
})

test('process.exit() in mid-call ends with its code', AT_ONCE, async t => {
  const exits = {
    'at once': 'process.exit(7)',
    'from a listener to timeouts': "breakers[0].on('timeout', () => process.exit(7))",
    'from an action': 'breakers[0].action = () => process.exit(7); breakers[0].fire()',
    'from a caller whose call timed out': 'breakers[0].fire().catch(() => process.exit(7))',
    'while it collects': 'globalThis.gc(); process.exit(7)'
  }
  // Around the deadlines.
  for (const ms of [1, 10, 20, 30, 40]) exits[`after ${ms} ms`] = `setTimeout(() => process.exit(7), ${ms})`
  const programs = Object.entries(exits).map(([when, exit]) => [when, `({ require, path }) => {
    const CircuitBreaker = require(path)
    const timeouts = Array.from({ length: 40 }, (_, n) => n + 1)
    const breakers = timeouts.map(timeout => new CircuitBreaker(() => new Promise(() => {}), { timeout }))
    for (const breaker of breakers) {
      breaker.on('open', () => {})
      for (let fired = 0; fired < 10; fired++) breaker.fire().catch(() => {})
    }
    ${exit}
  }`])
  await allEnd(t, Object.fromEntries(programs), { code: 7, signal: null, stdout: '', stderr: '' })
})

test('what a listener throws ends the process as ever', AT_ONCE, async t => {
  const listeners = {
    'to fire': "breaker.on('fire', boom).fire()",
    'to success': "breaker.on('success', boom).fire()",
    // The first to hear is the timer thread.
    'to timeout': "breaker.on('timeout', boom).fire(true).catch(() => {})",
    'to halfOpen': "breaker.on('halfOpen', boom).open()"
  }
  for (const [which, act] of Object.entries(listeners)) {
    await t.test(which, async () => {
      const { code, signal, stdout, stderr } = await child(`({ require, path }) => {
        const action = hangs => new Promise(resolve => hangs || resolve())
        // One that nobody can reach is collected, listeners and all.
        const breaker = globalThis.breaker = new (require(path))(action, { timeout: 20, resetTimeout: 20 })
        const boom = function boom () { throw new Error('thrown by a listener') }
        process.on('exit', code => console.log(code))
        setTimeout(() => console.log('went on'), 10_000)
        ${act}
      }`)
      assert.deepEqual({ code, signal, stdout }, { code: 1, signal: null, stdout: '1\n' })
      assert.match(stderr, /^Error: thrown by a listener\n {4}at .*\bboom\b/m)
      assert.match(stderr, /^Node\.js v\d+/m)
    })
  }
})

// Runs programs and expects the same end of all of them.
function allEnd (t, programs, end) {
  return Promise.all(Object.entries(programs).map(([what, program]) => t.test(what, async () => {
    assert.deepEqual(await child(program), end)
  })))
}
