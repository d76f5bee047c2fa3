'use strict'

// What a breaker costs while nobody needs it: no memory once it is dropped, and no
// system calls.

const assert = require('node:assert/strict')
const { EventEmitter, once } = require('node:events')
const { test } = require('node:test')

const CircuitBreaker = require('../..')
const { child } = require('../support/child')
const { collected, sleep } = require('../support/wait')

const LONG = 600_000
const answer = async value => value
const fail = async () => { throw new Error('ill') }
const hang = () => new Promise(() => {})

// How long a breaker that is kept must stay, through how many collections.
const COLLECTIONS = 20

const DROPPED = {
  'an idle breaker': () => new CircuitBreaker(answer),
  'an open one with listeners': () => {
    const breaker = new CircuitBreaker(answer, { resetTimeout: LONG })
    for (const name of ['open', 'close', 'fire', 'stall']) breaker.on(name, () => breaker.toJSON())
    breaker.open()
    return breaker
  },
  'one that failed itself open': async () => {
    const breaker = new CircuitBreaker(fail, { errorThresholdPercentage: 1, resetTimeout: LONG })
    await assert.rejects(breaker.fire(), { message: 'ill' })
    assert.ok(breaker.opened)
    return breaker
  },
  'one whose calls were answered long before their deadline': async () => {
    const breaker = new CircuitBreaker(answer, { timeout: LONG })
    assert.deepEqual(await Promise.all([1, 2, 3].map(n => breaker.fire(n))), [1, 2, 3])
    return breaker
  },
  'one whose calls timed out': async () => {
    const breaker = new CircuitBreaker(hang, { timeout: 1, volumeThreshold: 10 })
    await Promise.all([1, 2, 3].map(() => assert.rejects(breaker.fire(), { code: 'ETIMEDOUT' })))
    return breaker
  },
  'one with a call that will never end, and no timeout': () => {
    const breaker = new CircuitBreaker(hang, { timeout: false })
    breaker.fire()
    return breaker
  },
  'one that is warming up': () => {
    return new CircuitBreaker(answer, { allowWarmUp: true, rollingCountTimeout: LONG })
  },
  'one whose snapshots are heard': () => {
    const breaker = new CircuitBreaker(answer, { rollingCountTimeout: 100, rollingCountBuckets: 10 })
    breaker.status.on('snapshot', () => breaker.stats)
    return breaker
  },
  'one with a semaphore that somebody waits for': () => {
    const breaker = new CircuitBreaker(answer, { capacity: 1 })
    breaker.semaphore.take(LONG)
    return breaker
  }
}

for (const [what, make] of Object.entries(DROPPED)) {
  test(`${what} is collected without shutdown()`, async () => {
    // Not held by the frame of this function.
    const ref = await (async () => new WeakRef(await make()))()
    await collected(ref)
  })
}

test('one with a rotateBucketController is collected, and its listener goes', async () => {
  const rotateBucketController = new EventEmitter()
  const ref = (() => {
    const breaker = new CircuitBreaker(answer, { resetTimeout: LONG, rotateBucketController })
    breaker.on('open', () => breaker.toJSON())
    breaker.open()
    return new WeakRef(breaker)
  })()
  assert.equal(rotateBucketController.listenerCount('rotate'), 1)
  await collected(ref)
  // The breaker's parts need not go in one collection.
  for (let tries = 0; rotateBucketController.listenerCount('rotate') > 0 && tries < 1000; tries++) {
    globalThis.gc()
    await sleep(5)
    rotateBucketController.emit('rotate')
  }
  assert.equal(rotateBucketController.listenerCount('rotate'), 0)
})

const AWAITED = {
  'that was opened by hand': () => new CircuitBreaker(answer, { resetTimeout: 600 }),
  'whose listener comes first in the list': () => {
    const breaker = new CircuitBreaker(answer, { resetTimeout: 600 })
    return Object.assign(breaker, { once: breaker.prependOnceListener })
  },
  'that was restored': () => new CircuitBreaker(answer, { resetTimeout: 600, state: { enabled: true, name: 'restored', closed: false, open: true, halfOpen: false, lastTimerAt: Date.now() } })
}

for (const [what, make] of Object.entries(AWAITED)) {
  test(`an open one ${what} is not collected before it has told that it is half open, and then it is`, async () => {
    let ref
    const awaited = (() => {
      const breaker = make()
      if (!breaker.opened) breaker.open()
      ref = new WeakRef(breaker)
      return new Promise(resolve => breaker.once('halfOpen', () => resolve(true)))
    })()
    for (let collections = 0; collections < COLLECTIONS; collections++) {
      globalThis.gc()
      await sleep(1)
    }
    // The timer does not keep the process alive, as nothing of a breaker that is idle does.
    const alive = setTimeout(() => {}, 60_000)
    assert.equal(await awaited, true)
    clearTimeout(alive)
    await collected(ref)
  })
}

test('events.once waits for the try of a breaker that nobody holds', async () => {
  const alive = setTimeout(() => {}, 60_000)
  const awaited = (() => {
    const breaker = new CircuitBreaker(fail, { errorThresholdPercentage: 1, resetTimeout: 600 })
    // Somebody listened before it opened.
    const half = once(breaker, 'halfOpen')
    breaker.fire().catch(() => {})
    return half
  })()
  for (let collections = 0; collections < COLLECTIONS; collections++) {
    globalThis.gc()
    await sleep(1)
  }
  assert.deepEqual(await awaited, [600])
  clearTimeout(alive)
})

const LET_GO = {
  'that has been closed': breaker => breaker.close(),
  'that has been shut down': breaker => breaker.shutdown(),
  'that is held open, which no timer ends': breaker => { breaker.forceOpen() }
}

for (const [what, end] of Object.entries(LET_GO)) {
  test(`an open one ${what} is not kept for whoever waits for its try`, async () => {
    const ref = (() => {
      const breaker = new CircuitBreaker(answer, { resetTimeout: LONG })
      breaker.on('halfOpen', () => {})
      breaker.open()
      end(breaker)
      return new WeakRef(breaker)
    })()
    await collected(ref)
  })
}

test('a process ends though somebody waits for the try of an open circuit', async () => {
  const { code, stdout } = await child(async ({ require, path }) => {
    const { once } = require('node:events')
    const CircuitBreaker = require(path)
    const breaker = new CircuitBreaker(async () => {}, { resetTimeout: 600_000 })
    breaker.open()
    once(breaker, 'halfOpen')
    process.once('exit', () => process.stdout.write('ended'))
  })
  assert.deepEqual([code, stdout], [0, 'ended'])
})

test('a lone status is collected', async () => {
  const ref = (() => {
    const status = CircuitBreaker.newStatus({ rollingCountTimeout: 100, rollingCountBuckets: 10 })
    status.on('snapshot', () => status.stats)
    return new WeakRef(status)
  })()
  await collected(ref)
})

test('a dropped breaker is not collected before the deadline of its call', async () => {
  const timeout = 150
  let ref
  // Whoever keeps the error keeps what was on the stack when it was made: only its code
  // is kept.
  const outcome = (() => {
    const breaker = new CircuitBreaker(hang, { timeout })
    ref = new WeakRef(breaker)
    return breaker.fire().then(() => 'well', error => error.code)
  })()
  for (let collections = 0; collections < COLLECTIONS; collections++) {
    globalThis.gc()
    await sleep(1)
  }
  assert.equal(await outcome, 'ETIMEDOUT')
  await collected(ref)
})

test('ten thousand breakers, made and dropped again and again, leave nothing', async () => {
  const { code, stdout, stderr } = await child(async ({ require, path }) => {
    const { setImmediate: turn, setTimeout: sleep } = require('node:timers/promises')
    const CircuitBreaker = require(path)
    const action = async value => value

    const round = async () => {
      for (let made = 0; made < 10_000; made++) {
        const breaker = new CircuitBreaker(action, { timeout: 3_600_000, resetTimeout: 3_600_000 })
        breaker.on('open', () => breaker.name)
        breaker.fire(made)
        breaker.open()
        if (made % 1000 === 0) await turn()
      }
      await turn()
      // Native halves go in turns after the collection.
      for (let collections = 0; collections < 3; collections++) {
        globalThis.gc()
        await sleep(10)
      }
      return process.memoryUsage().rss / 1e6
    }

    const megabytes = []
    for (let rounds = 0; rounds < 6; rounds++) megabytes.push(await round())
    console.log(JSON.stringify(megabytes))
  })
  assert.equal(code, 0, stderr)
  const megabytes = JSON.parse(stdout)
  // The first rounds find out how much memory it takes. Kept, a round of breakers takes
  // some 70 MB.
  const settled = Math.max(...megabytes.slice(0, 3))
  const last = Math.min(...megabytes.slice(-3))
  assert.ok(last - settled < 30, `in megabytes: ${megabytes.map(Math.round)}`)
})

// Elsewhere the system does not count them.
const counts = process.platform !== 'win32'

const EACH_TURN = { 'in one turn of the loop': 20_000, 'over many turns of the loop': 20 }

for (const [how, eachTurn] of Object.entries(EACH_TURN)) {
  test(`calls that settle in time make no system call, ${how}`, { skip: !counts }, async () => {
    const { code, stdout, stderr } = await child(`({ require, path }) => (${measure})(require, path, ${eachTurn})`)
    assert.equal(code, 0, stderr)
    const { fires, switches, waits, whileWaiting } = JSON.parse(stdout)
    assert.ok(whileWaiting >= waits, 'the system does not count')
    assert.equal(fires, 20_000)
    assert.ok(switches < 1000, `${switches} times somebody went to sleep`)
  })
}

// Runs in a child: how often a thread of the process went to sleep by itself while calls
// were made, and while one thread waited, which shows that this is counted.
async function measure (require, path, eachTurn) {
  const { setImmediate: turn } = require('node:timers/promises')
  const CircuitBreaker = require(path)
  const counted = () => process.resourceUsage().voluntaryContextSwitches
  const breaker = new CircuitBreaker(async value => value, { timeout: 10_000 })

  const fire = async count => {
    for (let fired = 0; fired < count; fired++) {
      await breaker.fire(fired)
      if (fired % eachTurn === 0) await turn()
    }
  }
  await fire(1000)
  const began = counted()
  await fire(20_000)
  const ended = counted()

  const waits = 100
  const word = new Int32Array(new SharedArrayBuffer(4))
  for (let waited = 0; waited < waits; waited++) Atomics.wait(word, 0, 0, 0.1)
  const { fires } = breaker.stats
  const whileWaiting = counted() - ended
  console.log(JSON.stringify({ fires: fires - 1000, switches: ended - began, waits, whileWaiting }))
}
