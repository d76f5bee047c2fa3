'use strict'

// Under fake timers: whatever opossum does by timers happens on ours at the same moment of
// the fake clock. Programs are run on both and what they write down is compared.

const assert = require('node:assert/strict')
const { EventEmitter } = require('node:events')
const { after, before, describe, mock, test } = require('node:test')
const FakeTimers = require('@sinonjs/fake-timers')
const Opossum = require('opossum')

const Ours = require('../..')
const { child } = require('../support/child')
const { collected, defer, sleep, turn, until } = require('../support/wait')

// Odd, for round numbers are the easy ones.
const BEGINNING = 1_800_000_000_007
const TIMERS = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval']
const FAKED = [...TIMERS, 'Date']

const hang = () => new Promise(() => {})
const well = async () => 'well'
const fail = async () => { throw new Error('ill') }
const ignore = () => {}

describe('the same moments as opossum', () => {
  same('a call times out on its millisecond, in one go', ['0', '1: timeout after 100, rejected by ETIMEDOUT'], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(hang, { timeout: 100 })
    let told = ''
    breaker.on('timeout', (_, ms) => { told = `: timeout after ${ms}` })
    const result = breaker.fire().catch(error => { told += `, rejected by ${error.code}` })
    clock.tick(99)
    note(`${breaker.stats.timeouts}${told}`)
    clock.tick(1)
    await result
    note(`${breaker.stats.timeouts}${told}`)
  })

  same('a call times out on its millisecond, step by step', [false, 'ETIMEDOUT', 101], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(hang, { timeout: 101 })
    let code = false
    breaker.fire().catch(error => { code = error.code })
    await clock.tickAsync(100)
    note(code)
    await clock.tickAsync(1)
    note(code, breaker.stats.percentiles[1])
  })

  same('an answer in time, and one that is too late', ['success after 60', 'ETIMEDOUT', 1, 1], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(ms => new Promise(resolve => setTimeout(resolve, ms)), { timeout: 100 })
    breaker.on('success', (_, ms) => note(`success after ${ms}`))
    breaker.fire(60)
    breaker.fire(140).catch(({ code }) => note(code))
    await clock.tickAsync(139)
    await clock.tickAsync(1)
    note(breaker.stats.timeouts, breaker.stats.failures)
  })

  for (const ends of ['well', 'ill']) {
    const told = ['well', 'timeout', 'ETIMEDOUT', 'timeout', 'ETIMEDOUT', 'well', 2]
    same(`the deadline passes while the action runs, which ends ${ends}`, told, async ({ CircuitBreaker, clock, note }) => {
      const breaker = new CircuitBreaker(async ms => {
        clock.tick(ms)
        if (ms > 0 && ends === 'ill') throw new Error('ill')
        return 'well'
      }, { timeout: 100, errorThresholdPercentage: 100 })
      breaker.on('timeout', () => note('timeout'))
      for (const ms of [0, 150, 150, 0]) note(await breaker.fire(ms).catch(({ code }) => code))
      note(breaker.stats.timeouts)
    })
  }

  same('a circuit goes half open on its millisecond', ['open', 'half open after 500', 'closed'], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(well, { resetTimeout: 500 })
    breaker.on('halfOpen', ms => note(`half open after ${ms}`))
    breaker.open()
    clock.tick(499)
    note(breaker.opened && 'open')
    clock.tick(1)
    await breaker.fire()
    note(breaker.closed && 'closed')
  })

  same('a probe that fails, again and again', [500, 1000, 1500, true], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(fail, { resetTimeout: 500 })
    breaker.on('halfOpen', () => {
      note(Date.now() - BEGINNING)
      breaker.fire().catch(ignore)
    })
    await breaker.fire().catch(ignore)
    await clock.tickAsync(1999)
    note(breaker.opened)
  })

  same('a probe that times out', [500, 600, 1100, true], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(hang, { resetTimeout: 500, timeout: 100 })
    breaker.on('halfOpen', () => {
      note(Date.now() - BEGINNING)
      breaker.fire().catch(() => note(Date.now() - BEGINNING))
    })
    breaker.open()
    await clock.tickAsync(1199)
    note(breaker.halfOpen)
  })

  same('buckets run out', [3, 2, 1, 0], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(well, { rollingCountTimeout: 300, rollingCountBuckets: 3 })
    for (let bucket = 0; bucket < 3; bucket++) {
      await breaker.fire()
      if (bucket < 2) clock.tick(100)
    }
    note(breaker.stats.fires)
    for (let bucket = 0; bucket < 3; bucket++) {
      clock.tick(99)
      clock.tick(1)
      note(breaker.stats.fires)
    }
  })

  same('a bucket runs out on its millisecond', [1, 0], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(well, { rollingCountTimeout: 100, rollingCountBuckets: 1 })
    await breaker.fire()
    clock.tick(99)
    note(breaker.stats.fires)
    clock.tick(1)
    note(breaker.stats.fires)
  })

  same('snapshots', [[100, 1], [200, 2], [300, 1], [400, 0]], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(well, { rollingCountTimeout: 300, rollingCountBuckets: 3 })
    breaker.status.on('snapshot', ({ fires }) => note([Date.now() - BEGINNING, fires]))
    await breaker.fire()
    clock.tick(100)
    await breaker.fire()
    clock.tick(300)
    breaker.shutdown()
    clock.tick(1000)
  })

  same('warm-up', [true, true, false, true], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(fail, { allowWarmUp: true, rollingCountTimeout: 1000 })
    await breaker.fire().catch(ignore)
    note(breaker.closed)
    clock.tick(999)
    note(breaker.warmUp)
    clock.tick(1)
    note(breaker.warmUp)
    await breaker.fire().catch(ignore)
    note(breaker.opened)
  })

  same('health checks', [0, 200, 400, 'failed', true], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(well)
    breaker.on('healthCheckFailed', error => note(error.message))
    breaker.healthCheck(async () => {
      note(Date.now() - BEGINNING)
      if (Date.now() - BEGINNING === 400) throw new Error('failed')
    }, 200)
    await clock.tickAsync(599)
    note(breaker.opened)
  })

  same('cacheTTL', [1, 1, 2], async ({ CircuitBreaker, clock, note }) => {
    let made = 0
    const breaker = new CircuitBreaker(async () => ++made, { cache: true, cacheTTL: 100 })
    note(await breaker.fire())
    clock.tick(99)
    note(await breaker.fire())
    clock.tick(1)
    note(await breaker.fire())
  })

  same('coalesceTTL', [1, 1, 2], async ({ CircuitBreaker, clock, note }) => {
    let made = 0
    const breaker = new CircuitBreaker(() => {
      made++
      return hang()
    }, { coalesce: true, coalesceTTL: 100, timeout: false })
    breaker.fire()
    note(made)
    clock.tick(99)
    breaker.fire()
    note(made)
    clock.tick(1)
    breaker.fire()
    note(made)
  })

  same('semaphore.take with a timeout', ['ETIMEDOUT', 100], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(hang, { capacity: 1, timeout: false })
    breaker.fire()
    breaker.semaphore.take(100).catch(({ code }) => note(code, Date.now() - BEGINNING))
    await clock.tickAsync(99)
    await clock.tickAsync(1)
  })

  same('nothing changes after a shutdown', [false, 0], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(well, { resetTimeout: 100 })
    breaker.open()
    breaker.shutdown()
    clock.tick(1000)
    note(breaker.halfOpen, clock.countTimers())
  })

  same('a clock that runs backwards', [0, 1, false, true], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(hang, { timeout: 100, resetTimeout: 100, errorThresholdPercentage: 100 })
    clock.setSystemTime(BEGINNING - 5000)
    breaker.fire().catch(ignore)
    clock.tick(99)
    note(breaker.stats.timeouts)
    clock.tick(1)
    note(breaker.stats.timeouts)
    breaker.open()
    clock.tick(99)
    note(breaker.halfOpen)
    clock.tick(1)
    note(breaker.halfOpen)
  })

  same('a clock that runs backwards in mid-call', [0, 1], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(hang, { timeout: 100 })
    breaker.fire().catch(ignore)
    clock.tick(50)
    clock.setSystemTime(BEGINNING - 5000)
    clock.tick(49)
    note(breaker.stats.timeouts)
    clock.tick(1)
    note(breaker.stats.timeouts)
  })

  same('a clock that jumps in mid-call: a timer waits as long as it was to', [0, 1], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(hang, { timeout: 100 })
    breaker.fire().catch(ignore)
    clock.setSystemTime(BEGINNING + 500)
    clock.tick(99)
    note(breaker.stats.timeouts)
    clock.tick(1)
    note(breaker.stats.timeouts)
  })

  same('a clock that jumps while the circuit is open: `halfOpen` is heard when its timer goes off', [100], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(well, { resetTimeout: 100 })
    breaker.on('halfOpen', () => note(performance.now() - begun))
    // The system's time jumps, that of its timers does not.
    const { performance } = clock
    const begun = performance.now()
    breaker.open()
    clock.setSystemTime(BEGINNING + 500)
    clock.tick(50)
    assert.ok(breaker.opened || breaker.halfOpen)
    clock.tick(500)
  }, { toFake: [...FAKED, 'performance'] })

  same('only timers are faked, and not the date', ['ETIMEDOUT', 'half open', true], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(fire => fire(), { timeout: 60_000, resetTimeout: 60_000 })
    breaker.on('halfOpen', () => note('half open'))
    const result = breaker.fire(hang).catch(({ code }) => note(code))
    clock.tick(59_999)
    assert.equal(breaker.stats.timeouts, 0)
    clock.tick(1)
    await result
    clock.tick(60_000)
    await breaker.fire(well)
    note(breaker.closed)
  }, { toFake: TIMERS })

  same('stats of an earlier breaker', [7, 7, 0], async ({ CircuitBreaker, clock, note }) => {
    const status = CircuitBreaker.newStatus({ rollingCountTimeout: 100, rollingCountBuckets: 1, stats: { fires: 7 } })
    const breaker = new CircuitBreaker(well, { status, rollingCountTimeout: 100, rollingCountBuckets: 1 })
    note(breaker.stats.fires)
    clock.tick(99)
    note(breaker.stats.fires)
    clock.tick(1)
    note(breaker.stats.fires)
  })

  same('an emitter that rotates the buckets', [1, 1, 0], async ({ CircuitBreaker, clock, note }) => {
    const rotateBucketController = new EventEmitter()
    const breaker = new CircuitBreaker(well, { rotateBucketController, rollingCountTimeout: 100, rollingCountBuckets: 1 })
    await breaker.fire()
    note(breaker.stats.fires)
    clock.tick(10_000)
    note(breaker.stats.fires)
    rotateBucketController.emit('rotate')
    note(breaker.stats.fires)
  })

  same('calls that time out together are told one after the other', [
    'timeout 1', 'failure 1', 'open', 'fallback 1', 'timeout 2', 'failure 2', 'fallback 2'
  ], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(hang, { timeout: 100, errorThresholdPercentage: 10 })
    breaker.fallback(number => number)
    breaker.on('timeout', (_, ms, [number]) => note(`timeout ${number}`))
    breaker.on('failure', (_, ms, [number]) => note(`failure ${number}`))
    breaker.on('open', () => note('open'))
    breaker.on('fallback', number => note(`fallback ${number}`))
    breaker.fire(1)
    breaker.fire(2)
    clock.tick(100)
  })

  same('latencies at an odd time of day', [[65], 65, 65], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(() => new Promise(resolve => setTimeout(resolve, 65)))
    breaker.fire()
    await clock.tickAsync(65)
    note(breaker.stats.latencyTimes, breaker.stats.latencyMean, breaker.stats.percentiles[1])
  })

  same('an error that names the timeout as it stands', ['Timed out after 200ms'], async ({ CircuitBreaker, clock, note }) => {
    const breaker = new CircuitBreaker(hang, { timeout: 100 })
    breaker.fire().catch(({ message }) => note(message))
    breaker.options.timeout = 200
    await clock.tickAsync(100)
  })
})

describe('the same moments as opossum, by the mock timers of node:test', () => {
  sameMocked('a timeout', [0, 1, 'ETIMEDOUT'], async ({ CircuitBreaker, tick, note }) => {
    const breaker = new CircuitBreaker(hang, { timeout: 100 })
    const result = breaker.fire().catch(({ code }) => code)
    tick(99)
    note(breaker.stats.timeouts)
    tick(1)
    note(breaker.stats.timeouts, await result)
  })

  sameMocked('a reset', [true, 'half open', true], async ({ CircuitBreaker, tick, note }) => {
    const breaker = new CircuitBreaker(well, { resetTimeout: 100 })
    breaker.on('halfOpen', () => note('half open'))
    breaker.open()
    tick(99)
    note(breaker.opened)
    tick(1)
    note(breaker.halfOpen)
  })

  sameMocked('buckets', [1, 0], async ({ CircuitBreaker, tick, note }) => {
    const breaker = new CircuitBreaker(well, { rollingCountTimeout: 100, rollingCountBuckets: 1 })
    await breaker.fire()
    tick(99)
    note(breaker.stats.fires)
    tick(1)
    note(breaker.stats.fires)
  })

  sameMocked('warm-up', [true, false], async ({ CircuitBreaker, tick, note }) => {
    const breaker = new CircuitBreaker(well, { allowWarmUp: true, rollingCountTimeout: 100 })
    tick(99)
    note(breaker.warmUp)
    tick(1)
    note(breaker.warmUp)
  })
})

describe('where opossum differs', () => {
  test('lastTimerAt is the time of opening', () => faked(clock => {
    const told = CircuitBreaker => {
      const breaker = new CircuitBreaker(well)
      clock.tick(1000)
      breaker.open()
      return Date.now() - breaker.toJSON().state.lastTimerAt
    }
    assert.deepEqual([Ours, Opossum].map(told), [0, 1000])
  }))

  test('a restored open circuit waits what is left', async () => {
    const log = await onBoth(({ CircuitBreaker, clock, note }) => {
      const lastTimerAt = Date.now() - 400
      const breaker = new CircuitBreaker(well, { resetTimeout: 1000, state: { closed: false, lastTimerAt } })
      breaker.on('halfOpen', () => note(Date.now() - BEGINNING))
      clock.tick(599)
      note(breaker.opened)
      clock.tick(1)
      note(breaker.halfOpen)
      clock.tick(400)
      breaker.shutdown()
    })
    assert.deepEqual(log, { ours: [true, 600, true], opossums: [true, false, 1000] })
  })

  test('the state follows the date when that jumps', () => faked(clock => {
    const breaker = new Ours(well, { resetTimeout: 100 })
    breaker.open()
    clock.setSystemTime(BEGINNING + 99)
    assert.ok(breaker.opened)
    clock.setSystemTime(BEGINNING + 100)
    assert.ok(breaker.halfOpen)
  }))

  test('a circuit found half open by who looks is announced all the same', () => faked(clock => {
    const log = []
    // Comes due in the same millisecond, but before the circuit's own timer.
    setTimeout(() => log.push(breaker.halfOpen), 100)
    const breaker = new Ours(well, { resetTimeout: 100 })
    breaker.on('halfOpen', () => log.push('half open'))
    breaker.open()
    clock.tick(100)
    assert.deepEqual(log, [true, 'half open'])
    assert.equal(clock.countTimers(), 0)
  }))

  // opossum's intervals would have the clock go through millions of steps.
  test('a reset timeout longer than a timer can wait', () => faked(clock => {
    const resetTimeout = 2 ** 32 + 5
    const breaker = new Ours(well, { resetTimeout })
    breaker.open()
    clock.tick(resetTimeout - 1)
    assert.ok(breaker.opened)
    clock.tick(1)
    assert.ok(breaker.halfOpen)
    assert.equal(clock.countTimers(), 0)
  }))

  test('for ever', () => faked(clock => {
    const breaker = new Ours(hang, { resetTimeout: Infinity, timeout: Infinity })
    let settled = false
    breaker.fire().finally(() => { settled = true })
    breaker.open()
    clock.tick(2 ** 40)
    assert.deepEqual([breaker.opened, settled, clock.countTimers()], [true, false, 0])
  }))
})

describe('timers on show', () => {
  test('there is none that nobody waits for', () => faked(async clock => {
    const { promise, resolve } = defer()
    const breaker = new Ours(action => action(), { timeout: 100, resetTimeout: 100, allowWarmUp: true })
    const count = () => clock.countTimers()
    assert.equal(count(), 0, 'new')
    const result = breaker.fire(() => promise)
    assert.equal(count(), 1, 'a call')
    resolve()
    await result
    assert.equal(count(), 0, 'settled')
    breaker.fire(hang).catch(ignore)
    clock.tick(100)
    assert.deepEqual([breaker.stats.timeouts, breaker.opened, count()], [1, false, 0], 'timed out, in warm-up')
    breaker.open()
    assert.equal(count(), 1, 'open')
    breaker.close()
    assert.equal(count(), 0, 'closed')
    breaker.open()
    clock.tick(100)
    assert.deepEqual([breaker.halfOpen, count()], [true, 0], 'half open')
    breaker.status.on('snapshot', ignore)
    assert.equal(count(), 1, 'snapshots')
    breaker.healthCheck(well)
    assert.equal(count(), 2, 'health checks')
    breaker.shutdown()
    assert.equal(count(), 0, 'shut down')
  }))

  test('calls of one breaker share one', () => faked(clock => {
    const breaker = new Ours(hang, { timeout: 100 })
    for (let call = 0; call < 10; call++) {
      breaker.fire().catch(ignore)
      clock.tick(1)
    }
    assert.equal(clock.countTimers(), 1)
    clock.tick(100)
    assert.deepEqual([breaker.stats.timeouts, breaker.opened, clock.countTimers()], [10, true, 1])
  }))

  test('runAll, next and runToLast come to the end', () => faked(clock => {
    const breaker = new Ours(hang, { timeout: 100, resetTimeout: 300 })
    breaker.fire().catch(ignore)
    clock.next()
    assert.deepEqual([Date.now() - BEGINNING, breaker.opened], [100, true])
    clock.runAll()
    assert.deepEqual([Date.now() - BEGINNING, breaker.halfOpen], [400, true])
    breaker.fire().catch(ignore)
    clock.runToLast()
    assert.deepEqual([Date.now() - BEGINNING, breaker.opened], [500, true])
  }))
})

describe('when the clock goes', () => {
  // The timer of a breaker that was made under a fake clock keeps no process alive.
  let alive
  before(() => { alive = setInterval(ignore, 1000) })
  after(() => clearInterval(alive))

  for (const now of [0, BEGINNING]) {
    const where = now === 0 ? 'behind' : 'before'

    test(`a breaker goes on by real timers, ${where} the real time`, async () => {
      const breaker = await faked(() => new Ours(fire => fire(), { timeout: 20, resetTimeout: 20 }), { now })
      await assert.rejects(breaker.fire(hang), { code: 'ETIMEDOUT' })
      assert.ok(breaker.opened || breaker.halfOpen)
      await until(() => breaker.halfOpen)
      assert.equal(await breaker.fire(well), 'well')
      assert.ok(breaker.closed)
    })

    test(`a call that is answered, ${where} the real time`, async () => {
      const { promise, resolve } = defer()
      const [result] = await faked(() => [new Ours(() => promise).fire()], { now })
      resolve('answered')
      assert.equal(await result, 'answered')
    })

    test(`a call whose timer went with its clock holds up no other, ${where} the real time`, async () => {
      const { breaker, left } = await faked(() => {
        const breaker = new Ours(hang, { timeout: 20, errorThresholdPercentage: 100 })
        return { breaker, left: breaker.fire().catch(({ code }) => code) }
      }, { now })
      const codes = await Promise.race([
        Promise.all([left, breaker.fire().catch(({ code }) => code)]),
        sleep(10_000, 'neither', { ref: false })
      ])
      assert.deepEqual(codes, ['ETIMEDOUT', 'ETIMEDOUT'])
    })

    test(`an open circuit recovers, ${where} the real time`, async () => {
      const breaker = await faked(() => new Ours(well, { resetTimeout: 20 }), { now })
      await faked(() => breaker.open(), { now })
      await until(() => breaker.halfOpen)
    })
  }

  test('a breaker of one clock lives on under the next', async () => {
    const breaker = await faked(() => {
      const made = new Ours(hang, { timeout: 100, errorThresholdPercentage: 100 })
      made.fire().catch(ignore)
      return made
    })
    await faked(async clock => {
      const result = breaker.fire()
      clock.tick(100)
      await assert.rejects(result, { code: 'ETIMEDOUT' })
      assert.equal(clock.countTimers(), 0)
    })
  })
})

describe('a breaker made before the clock was faked', () => {
  for (const Breaker of [Ours, Opossum]) {
    const named = Breaker === Ours ? '' : ', as opossum\'s'

    test(`times out, opens and recovers by it${named}`, async () => {
      const breaker = new Breaker(hang, { timeout: 500, resetTimeout: 1000 })
      // Twice: the clock comes and goes with each test of a file.
      for (let times = 0; times < 2; times++) {
        await faked(async clock => {
          const result = breaker.fire()
          result.catch(ignore)
          clock.tick(499)
          assert.equal(breaker.stats.timeouts, 0)
          clock.tick(1)
          await assert.rejects(result, { code: 'ETIMEDOUT' })
          assert.ok(breaker.opened)
          clock.tick(1000)
          assert.ok(breaker.halfOpen)
          breaker.close()
          breaker.open()
          clock.tick(1000)
          assert.ok(breaker.halfOpen)
          breaker.close()
        })
        breaker.status.window.forEach(bucket => { bucket.fires = bucket.failures = bucket.timeouts = 0 })
      }
      breaker.shutdown()
    })
  }

  test('has the timeouts of calls under way follow with the next call', async () => {
    const breaker = new Ours(hang, { timeout: 60_000, rollingCountTimeout: 600_000, errorThresholdPercentage: 100 })
    const early = breaker.fire()
    await faked(async clock => {
      const late = breaker.fire()
      clock.tick(59_000)
      assert.equal(breaker.stats.timeouts, 0)
      clock.tick(1000)
      await assert.rejects(early, { code: 'ETIMEDOUT' })
      await assert.rejects(late, { code: 'ETIMEDOUT' })
      assert.equal(clock.countTimers(), 0)
    })
  })

  test('goes back to the real one', async () => {
    const breaker = new Ours(fire => fire(), { timeout: 20, errorThresholdPercentage: 100 })
    await faked(() => breaker.fire(well))
    await assert.rejects(breaker.fire(hang), { code: 'ETIMEDOUT' })
    assert.equal(await breaker.fire(well), 'well')
    assert.equal(breaker.stats.fires, 3)
  })

  test('lets the process end', async () => {
    const { code, stderr } = await child(({ require, path }) => {
      const { install } = require('@sinonjs/fake-timers')
      const CircuitBreaker = require(path)
      const breaker = new CircuitBreaker(() => new Promise(() => {}), { timeout: 600_000 })
      breaker.fire()
      const clock = install()
      breaker.fire()
      clock.uninstall()
    })
    assert.equal(stderr, '')
    assert.equal(code, 0)
  })
})

describe('answers that are kept go by the date that a test shows, however long it takes', () => {
  const SHOWN = {
    'by sinon, with timers': { toFake: FAKED },
    'by sinon, alone': { toFake: ['Date'] }
  }
  for (const [how, settings] of Object.entries(SHOWN)) {
    for (const [feature, ttl] of [['cache', 'cacheTTL'], ['coalesce', 'coalesceTTL']]) {
      same(`${how}: ${feature}`, [1, 1, 2], async ({ CircuitBreaker, clock, note }) => {
        let made = 0
        const breaker = new CircuitBreaker(async () => ++made, { [feature]: true, [ttl]: 20, timeout: false })
        note(await breaker.fire())
        await sleep(40)
        clock.tick(19)
        note(await breaker.fire())
        clock.tick(1)
        note(await breaker.fire())
      }, settings)
    }
  }

  test('by node:test, alone', async () => {
    mock.timers.enable({ apis: ['Date'], now: BEGINNING })
    try {
      let made = 0
      const breaker = new Ours(async () => ++made, { cache: true, cacheTTL: 20, timeout: false })
      await breaker.fire()
      await sleep(40)
      assert.equal(await breaker.fire(), 1)
      mock.timers.tick(20)
      assert.equal(await breaker.fire(), 2)
    } finally {
      mock.timers.reset()
    }
  })
})

describe('a status of the other clock', () => {
  const shape = { rollingCountTimeout: 60_000, rollingCountBuckets: 2 }

  test('primed on the real one', async () => {
    const status = Ours.newStatus({ ...shape, stats: { fires: 3 } })
    await faked(clock => {
      const breaker = new Ours(well, { status, ...shape })
      clock.tick(29_000)
      assert.deepEqual(breaker.status.window.map(({ fires }) => fires), [3, 0])
      clock.tick(30_000)
      assert.deepEqual(breaker.status.window.map(({ fires }) => fires), [0, 3])
      clock.tick(30_000)
      assert.equal(breaker.stats.fires, 0)
    })
  })

  test('primed on the fake one', async () => {
    const status = await faked(() => Ours.newStatus({ ...shape, stats: { fires: 3 } }))
    const breaker = new Ours(well, { status, ...shape })
    await breaker.fire()
    assert.deepEqual(breaker.status.window.map(({ fires }) => fires), [4, 0])
  })
})

test('breakers that nobody uses are collected', () => faked(async clock => {
  const refs = [open, answered, listened].map(make => new WeakRef(make()))
  await realTurn()
  for (const ref of refs) await collected(ref)
  // What is left of them goes off without harm.
  clock.tick(60_000)
  assert.equal(clock.countTimers(), 0)

  function open () {
    const breaker = new Ours(well)
    breaker.open()
    return breaker
  }

  function answered () {
    const breaker = new Ours(well)
    breaker.fire()
    return breaker
  }

  function listened () {
    const breaker = new Ours(well)
    breaker.status.on('snapshot', ignore)
    breaker.healthCheck(well, 1000)
    return breaker
  }
}))

// A program that notes `expected` with both.
function same (name, expected, program, settings) {
  test(name, async () => {
    assert.deepEqual(await onBoth(program, settings), { ours: expected, opossums: expected })
  })
}

function sameMocked (name, expected, program) {
  test(name, async () => {
    for (const CircuitBreaker of [Ours, Opossum]) {
      const log = []
      mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: BEGINNING })
      try {
        await program({ CircuitBreaker, tick: ms => mock.timers.tick(ms), note: (...values) => log.push(...values) })
      } finally {
        mock.timers.reset()
      }
      assert.deepEqual(log, expected, CircuitBreaker === Ours ? 'ours' : "opossum's")
    }
  })
}

async function onBoth (program, settings) {
  const [ours, opossums] = [[], []]
  for (const [CircuitBreaker, log] of [[Ours, ours], [Opossum, opossums]]) {
    await faked(clock => program({ CircuitBreaker, clock, note: (...values) => log.push(...values) }), settings)
  }
  return { ours, opossums }
}

// What is waited for in a test are real timers: these are bound before they are faked.
async function faked (act, settings) {
  const clock = FakeTimers.install({ now: BEGINNING, toFake: FAKED, ...settings })
  try {
    return await act(clock)
  } finally {
    clock.uninstall()
  }
}

async function realTurn () {
  await turn()
  await sleep(1)
}

test('a stallThreshold that has become nonsense since is of no interest to who fires', async () => {
  const breaker = await faked(() => new Ours(well))
  breaker.options.stallThreshold = 'nonsense'
  assert.equal(await breaker.fire(), 'well')
})
