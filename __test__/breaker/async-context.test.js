'use strict'

// What runs on behalf of a call runs in the AsyncLocalStorage context of its caller.

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { sleep, until } = require('../support/wait')

const EVENTS = [
  'fire', 'success', 'failure', 'timeout', 'reject', 'fallback', 'semaphoreLocked', 'open', 'close'
]

const ACTIONS = {
  well: ms => sleep(ms, 'well'),
  ill: async ms => {
    await sleep(ms)
    throw new Error('ill')
  },
  illAtOnce: () => { throw new Error('ill') },
  hang: () => new Promise(() => {}),
  thenable: ms => ({ then: done => storage.exit(() => setTimeout(done, ms, 'well')) })
}

const storage = new AsyncLocalStorage()

test('a success is the business of its caller', async () => {
  const { callers, heard } = await twoCallers({}, 'well')
  assert.deepEqual(heard, eachOf(callers, ['fire', 'action', 'success']))
})

test('so is one that comes from a foreign context', async () => {
  for (const timeout of [1000, false]) {
    const { callers, heard } = await twoCallers({ timeout }, 'thenable')
    assert.deepEqual(heard, eachOf(callers, ['fire', 'action', 'success']))
  }
})

test('so is a failure, with its filter and its fallback', async () => {
  for (const timeout of [1000, false]) {
    const { callers, heard } = await twoCallers({ timeout }, 'ill')
    const expected = eachOf(callers, ['fire', 'action', 'errorFilter', 'failure', 'the fallback', 'fallback'])
    assert.deepEqual(heard, expected)
  }
})

test('so is a failure at once', async () => {
  const { callers, heard } = await twoCallers({}, 'illAtOnce')
  const expected = eachOf(callers, ['fire', 'action', 'errorFilter', 'failure', 'the fallback', 'fallback'])
  assert.deepEqual(heard, expected)
})

test('so is a timeout', async () => {
  const { callers, heard } = await twoCallers({ timeout: 20 }, 'hang')
  const expected = ['fire', 'action', 'timeout', 'errorFilter', 'failure', 'the fallback', 'fallback']
  assert.deepEqual(heard, eachOf(callers, expected))
})

test('so is a refusal by an open circuit', async () => {
  const { callers, heard } = await twoCallers({}, 'well', breaker => breaker.open())
  assert.deepEqual(heard, eachOf(callers, ['fire', 'reject', 'the fallback', 'fallback']))
})

test('so is a refusal for want of capacity', async () => {
  const { callers, heard } = await twoCallers({ capacity: 0 }, 'well')
  const expected = ['fire', 'semaphoreLocked', 'errorFilter', 'failure', 'the fallback', 'fallback']
  assert.deepEqual(heard, eachOf(callers, expected))
})

test('so is a call that goes unguarded', async () => {
  const { callers, heard } = await twoCallers({ enabled: false }, 'well')
  assert.deepEqual(heard, eachOf(callers, ['fire', 'action']))
})

test('the opening is the business of whose failure it was', async () => {
  for (const [options, kind] of [[{}, 'ill'], [{ timeout: 30 }, 'hang'], [{}, 'illAtOnce']]) {
    // Three fires are too few, the fourth may open.
    const { breaker, heard } = watched({ ...options, volumeThreshold: 4 })
    const fire = (name, kind, ms) => storage.run(name, () => breaker.fire(kind, ms).catch(() => {}))
    await fire('first', kind, 5)
    const others = [fire('second', 'well', 1), fire('third', 'well', 20)]
    await others[0]
    await fire('fourth', kind, 5)
    assert.equal(breaker.opened, false, 'half of the calls have failed')
    await fire('fifth', kind, 5)
    await Promise.all(others)
    assert.deepEqual(heard.filter(([what]) => what === 'open'), [['open', 'fifth']])
  }
})

test('the closing is the business of whose success it was', async () => {
  const { breaker, heard } = watched({ resetTimeout: 1 })
  storage.run('opener', () => breaker.open())
  await until(() => breaker.halfOpen)
  await storage.run('probe', () => breaker.fire('well', 5))
  assert.deepEqual(heard.filter(([what]) => what === 'close'), [['close', 'probe']])
})

test("a timeout is its caller's for an emit of a subclass", async () => {
  const heard = new Set()
  const breaker = new class extends CircuitBreaker {
    emit () { heard.add(storage.getStore()) }
  }(ACTIONS.hang, { timeout: 20 })
  await storage.run('caller', () => breaker.fire().catch(() => {}))
  assert.deepEqual([...heard], ['caller'])
})

test('the caller is itself again after each of these', async () => {
  for (const [options, kind] of [
    [{}, 'well'], [{}, 'ill'], [{}, 'illAtOnce'], [{}, 'thenable'], [{ timeout: 10 }, 'hang'], [{ capacity: 0 }, 'well']
  ]) {
    const breaker = new CircuitBreaker((name, ms) => ACTIONS[name](ms), { errorThresholdPercentage: 100, ...options })
    const after = ['first', 'second'].map((name, i) => storage.run(name, async () => {
      await breaker.fire(kind, 10 - 5 * i).catch(() => {})
      return storage.getStore()
    }))
    assert.deepEqual(await Promise.all(after), ['first', 'second'])
  }
})

// Two callers fire at the same time; the first to fire is the last to be answered.
async function twoCallers (options, kind, prepare = () => {}) {
  const { breaker, heard } = watched({ errorThresholdPercentage: 100, ...options })
  if (options.enabled !== false) breaker.fallback(() => heard.push(['the fallback', storage.getStore()]))
  prepare(breaker)
  heard.length = 0
  const callers = ['first', 'second']
  const after = await Promise.all(callers.map((name, i) => storage.run(name, async () => {
    await breaker.fire(kind, 20 - 10 * i)
    return storage.getStore()
  })))
  assert.deepEqual(after, callers)
  return { callers, heard: heard.sort(([, a], [, b]) => a < b ? -1 : Number(a > b)) }
}

// A breaker, and in what context of whom each of its doings ran.
function watched (options) {
  const heard = []
  const hear = what => heard.push([what, storage.getStore()])
  const breaker = new CircuitBreaker((kind, ms) => {
    hear('action')
    return ACTIONS[kind](ms)
  }, { ...options, errorFilter: () => { hear('errorFilter') } })
  for (const name of EVENTS) breaker.on(name, () => hear(name))
  return { breaker, heard }
}

function eachOf (callers, whats) {
  return callers.flatMap(caller => whats.map(what => [what, caller]))
}
