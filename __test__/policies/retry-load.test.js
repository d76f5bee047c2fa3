'use strict'

// What a budget of retries is for, on a backend in a process of its own: `node bench/retries` has
// the long form.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const { flaky, outage } = require('../../bench/retries/load')

test('from the tenth second of an outage on, a backend sees hardly more than is offered', async () => {
  const { most, offered, seen } = await outage({ perSecond: 100, healthy: 1, seconds: 14 })
  assert.ok(seen <= most, `${seen} requests for ${offered} calls`)
  // Each call is made; some are under way as it is counted.
  assert.ok(seen > offered * 0.95, `${seen} requests for ${offered} calls`)
})

test('where 5 % of the requests fail, fewer than 0.5 % of the calls do', async () => {
  const { failed, offered, seen } = await flaky({ perSecond: 300, seconds: 5, share: 0.05 })
  assert.ok(failed < 0.005, `${failed * 100} %`)
  assert.ok(seen > offered * 1.02, `${seen} requests for ${offered} calls`)
})
