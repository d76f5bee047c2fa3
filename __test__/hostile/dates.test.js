'use strict'

// Dates that no program was made for, shown by a test's clock: centuries ahead, behind the
// epoch, back and forth, and none at all. Timeouts, resets and windows come by the
// ticks from there; nothing panics, and nothing hangs.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const { child } = require('../support/child')

const YEARS = ['1900', '1970', '2025', '2554', '2600', '3000', '9999', '+275760']

// What a program can do with each kind of clock.
const CLOCKS = {
  sinon: `
    const FakeTimers = require('@sinonjs/fake-timers')
    const toFake = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date']
    let clock
    const install = now => { clock = FakeTimers.install({ now, toFake }) }
    const uninstall = () => clock.uninstall()
    const tick = ms => clock.tick(ms)
    const jump = now => clock.setSystemTime(now)`,
  'node:test': `
    const { mock } = require('node:test')
    const install = now => mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now })
    const uninstall = () => mock.timers.reset()
    const tick = ms => mock.timers.tick(ms)`
}

const OPTIONS = `{
  timeout: 100, resetTimeout: 200, errorThresholdPercentage: 60, rollingCountTimeout: 1000, rollingCountBuckets: 10
}`

// A breaker's life, and what is noted of it.
const LIFE = `
  const result = breaker.fire(hang).catch(({ code }) => code)
  tick(99)
  note(breaker.stats.timeouts)
  tick(1)
  note(breaker.stats.timeouts, await result, breaker.opened)
  tick(199)
  note(breaker.opened)
  tick(1)
  note(breaker.halfOpen)
  note(await breaker.fire(well), breaker.closed, breaker.stats.fires)
  let buckets = 0
  breaker.status.on('snapshot', () => { buckets++ })
  for (let ticks = 0; ticks < 50; ticks++) tick(10)
  note(buckets)
  breaker.status.removeAllListeners('snapshot')
  tick(600)
  note(breaker.stats.fires)
  await breaker.fire(well)
  note(breaker.stats.fires)`
const A_LIFE = [0, 1, 'ETIMEDOUT', true, true, true, 'well', true, 2, 5, 0, 1]

for (const [kind, clock] of Object.entries(CLOCKS)) {
  describe(`under the clock of ${kind}`, { concurrency: 2 }, () => {
    for (const year of YEARS) {
      // That of node:test has no time before the epoch.
      if (kind === 'node:test' && year === '1900') continue
      const date = `Date.parse('${year}-01-01T00:00:00Z')`

      test(`a breaker made in ${year} lives by its ticks`, async () => {
        await logs(clock, `
          install(${date})
          const breaker = new CircuitBreaker(act => act(), ${OPTIONS})
          ${LIFE}
          uninstall()
        `, A_LIFE)
      })

      test(`a breaker made before lives by the ticks of ${year}, and goes back`, async () => {
        await logs(clock, `
          const breaker = new CircuitBreaker(act => act(), ${OPTIONS})
          install(${date})
          ${LIFE}
          uninstall()
          // What is left of the window is from then.
          note(await breaker.fire(hang).catch(({ code }) => code))
        `, [...A_LIFE, 'ETIMEDOUT'])
      })

      test(`calls under way when it becomes ${year} time out by its ticks`, async () => {
        await logs(clock, `
          const breaker = new CircuitBreaker(act => act(), { ...${OPTIONS}, timeout: 60_000, errorThresholdPercentage: Infinity })
          const told = []
          const fire = name => breaker.fire(hang).catch(({ code }) => told.push(name + code))
          fire('early: ')
          install(${date})
          // The breaker follows with its next call.
          fire('late: ')
          // Of the other's time some has passed by the clock that was.
          tick(59_000)
          await turn()
          note(told.length)
          tick(999)
          await turn()
          note(told.includes('late: ETIMEDOUT'))
          tick(1)
          await turn()
          note(...told.sort())
          fire('last: ')
          uninstall()
          breaker.options.timeout = 20
          note(await breaker.fire(hang).catch(({ code }) => code))
          process.exit()
        `, [0, false, 'early: ETIMEDOUT', 'late: ETIMEDOUT', 'ETIMEDOUT'])
      })

      // Those of node:test would go through all that has come due in between.
      if (kind === 'node:test' || year === '2025') continue
      for (const [from, to] of [['2025', year], [year, '1970']]) {
        if (from === to) continue
        test(`calls, a reset and a window under way come by the ticks when it becomes ${to} after ${from}`, async () => {
          await logs(clock, `
            install(Date.parse('${from}-01-01T00:00:00Z'))
            const make = () => new CircuitBreaker(act => act(), { ...${OPTIONS}, errorThresholdPercentage: 100 })
            const [breaker, open] = [make(), make()]
            let snapshots = 0
            breaker.status.on('snapshot', () => { snapshots++ })
            const codes = []
            const fire = name => breaker.fire(hang).catch(({ code }) => codes.push(name + code))
            open.open()
            fire('before: ')
            tick(10)
            // What has passed since somebody looked at the clock goes with the jump.
            note(breaker.closed)
            jump(Date.parse('${to}-01-01T00:00:00Z'))
            fire('after: ')
            tick(99)
            await turn()
            note(codes.includes('after: ETIMEDOUT'))
            tick(1)
            await turn()
            note(...codes.sort())
            tick(200)
            note(open.halfOpen)
            snapshots = 0
            for (let ticks = 0; ticks < 50; ticks++) tick(10)
            note(snapshots >= 4 && snapshots <= 6 ? 'snapshots' : snapshots)
            breaker.status.removeAllListeners('snapshot')
            tick(1_100)
            note(breaker.stats.fires)
            ${LIFE.replaceAll('breaker', 'open')}
            uninstall()
          `, [true, false, 'after: ETIMEDOUT', 'before: ETIMEDOUT', true, 'snapshots', 0, ...A_LIFE])
        })
      }
    }
  })
}

describe('a clock that gives no date', { concurrency: 2 }, () => {
  for (const nonsense of ['NaN', 'Infinity', '-Infinity', '1e300', '-1e300', '-1', "'soon'", 'undefined', '5n', "Symbol('now')", '{}']) {
    for (const when of ['from the beginning', 'in between']) {
      test(`${nonsense}, ${when}`, async () => {
        await logs('', `
          const { now } = Date
          Date.isMock = true
          ${when === 'in between' ? '' : `Date.now = () => ${nonsense}`}
          let breaker
          try {
            breaker = new CircuitBreaker(act => act(), { ...${OPTIONS}, timeout: 30, resetTimeout: 30 })
          } catch (error) {
            // It may be refused.
            if (!(error instanceof TypeError)) note(error.stack)
            return process.exit()
          }
          breaker.status.on('snapshot', () => {})
          const call = act => breaker.fire(act).then(() => 'well', () => 'ill')
          const before = call(hang)
          Date.now = () => ${nonsense}
          const outcomes = [await call(well), await call(fail), breaker.stats.fires >= 2 || breaker.stats.fires]
          breaker.open()
          breaker.close()
          Date.now = now
          // There is nothing to hold by what a call waited under no clock.
          const hung = await Promise.race([call(hang), sleep(10_000, 'pending')])
          note(...outcomes, hung, typeof breaker.toJSON().state.closed)
          before.catch(() => {})
          process.exit()
        `, ['well', 'ill', true, 'ill', 'boolean'], true)
      })
    }
  }
})

async function logs (clock, program, expected, mayBeNothing) {
  const { stdout, stderr, ...end } = await child(`async ({ require, path }) => {
    const { setImmediate: turn, setTimeout: sleep } = require('node:timers/promises')
    const CircuitBreaker = require(path)
    ${clock}
    const hang = () => new Promise(() => {})
    const well = async () => 'well'
    const fail = async () => { throw new Error('ill') }
    const log = []
    const note = (...values) => log.push(...values)
    process.on('exit', () => console.log(JSON.stringify(log)))
    ${program}
  }`, { flags: ['--disable-warning=ExperimentalWarning'] })
  assert.deepEqual({ stderr, ...end }, { stderr: '', code: 0, signal: null })
  const log = JSON.parse(stdout)
  if (!mayBeNothing || log.length > 0) assert.deepEqual(log, expected)
}
