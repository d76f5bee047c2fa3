'use strict'

// Twice the load on real processes, in short. What is compared are runs of the same minutes, and
// what came of those who came once the rush had lasted for as long as they are ready to wait.

const assert = require('node:assert/strict')
const { before, describe, test } = require('node:test')
const chart = require('../lib/chart')
const { capacityOf, run } = require('../lib/run')
const { summarize, table } = require('../lib/summary')
const { FRAMEWORKS, VARIANTS } = require('../lib/variants')

const PATIENCE = 2000
const CONNECTIONS = 400

for (const framework of FRAMEWORKS) {
  describe(`${framework} under twice its load`, () => {
    const runs = {}

    before(async () => {
      const capacity = await capacityOf(framework, { connections: CONNECTIONS, seconds: 2 })
      assert.ok(capacity > 0)
      for (const variant of Object.keys(VARIANTS)) {
        const ended = await run({
          framework, variant, capacity, times: 2, seconds: 6, calm: 1, connections: CONNECTIONS, patience: PATIENCE
        })
        const { rush: { from, to } } = ended
        runs[variant] = { ...ended, summary: summarize({ ...ended, rush: { from: from + PATIENCE, to } }) }
      }
      console.log(`${framework}, ${Math.round(capacity)} a second\n${table(Object.values(runs))}`)
    })

    for (const door of ['lag', 'in-flight']) {
      test(`the door by ${door} costs no answers, and nobody waits in vain`, () => {
        const [one, other] = [runs[door].summary, runs.none.summary]
        assert.ok(one.answered > 0.7 * other.answered)
        assert.ok(one.hungUp < 0.2 * other.hungUp)
      })

      test(`who is let in by ${door} is answered in less than half the time, and who is refused knows it in less than that`, () => {
        const [one, other] = [runs[door].summary, runs.none.summary]
        for (const quantile of ['p50', 'p99']) assert.ok(one.answerMs[quantile] < 0.5 * other.answerMs[quantile])
        assert.ok(one.refused > 0)
        assert.ok(one.refusalMs.p50 < 0.5 * other.answerMs.p50)
      })

      test(`by ${door} those who pay are refused last`, () => {
        const { free, paying } = runs[door].summary.answeredShare
        assert.ok(paying > free + 0.1)
        assert.ok(paying > runs.none.summary.answeredShare.paying)
      })

      test(`by ${door} health checks are answered`, () => {
        const [one, other] = [runs[door].summary, runs.none.summary]
        assert.ok(one.healthMs.p50 < 0.7 * other.healthMs.p50)
        assert.ok(one.healthFailed < 0.5 * other.healthFailed)
      })
    }

    test('a breaker at the backend refuses late, and helps nobody to an answer', () => {
      const { breaker, lag } = runs
      assert.ok(breaker.summary.answered < 0.6 * lag.summary.answered)
      if (breaker.summary.refused > 0) assert.ok(breaker.summary.refusalMs.p50 > 2 * lag.summary.refusalMs.p50)
    })

    test('the picture has a panel for each, in light and dark', () => {
      const picture = chart(Object.values(runs))
      for (const { title } of Object.values(VARIANTS)) assert.ok(picture.includes(`${framework}, ${title}</text>`), title)
      assert.match(picture, /prefers-color-scheme: dark/)
      assert.doesNotMatch(picture, /NaN|undefined|Infinity/)
    })
  })
}
