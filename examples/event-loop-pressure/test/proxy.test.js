'use strict'

// The proxy, with each breaker: what it answers, and that it can be put under pressure.

const assert = require('node:assert/strict')
const { after, before, describe, test } = require('node:test')
const { BREAKERS } = require('../lib/breaker')
const Children = require('../lib/children')
const { ask, setPressure } = require('../lib/client')
const { PHASES } = require('../lib/pressure')
const { outcomeOf } = require('../lib/verdict')

const EVERY = [1, 1]

for (const breaker of BREAKERS) {
  describe(`the proxy with ${breaker}`, () => {
    const children = new Children()
    const proxies = {}

    before(async () => {
      const backends = {
        well: ['--errors', 0, '--delay', '1-2'],
        ill: ['--errors', 100, '--delay', '1-2'],
        late: ['--errors', 0, '--delay', 700]
      }
      for (const [name, args] of Object.entries(backends)) {
        const backend = await children.start('backend.js', '--port', 0, ...args)
        proxies[name] = await children.start('proxy.js', '--port', 0, '--backend', backend.url, '--breaker', breaker)
      }
    })
    after(() => children.stop())

    const get = async ({ url }) => {
      const response = await fetch(`${url}/api/data`)
      return { status: response.status, ...await response.json() }
    }

    test('answers with what the backend says', async () => {
      const { status, value } = await get(proxies.well)
      assert.equal(status, 200)
      assert.equal(typeof value, 'number')
      assert.equal((await ask(`${proxies.well.url}/circuit-status`)).state, 'closed')
    })

    test('tells a timeout from an error, and knows that it was true', async () => {
      assert.equal((await get(proxies.late)).status, 504)
      assert.equal((await get(proxies.ill)).status, 502)
      const { calls } = await ask(`${proxies.late.url}/journal`)
      assert.deepEqual(calls.map(outcomeOf), ['late'])
      assert.ok(calls[0].answeredAfter > 600)
    })

    test('refuses once the circuit is open', async () => {
      let status
      for (let i = 0; i < 100 && status !== 503; i++) status = (await get(proxies.ill)).status
      assert.equal(status, 503)
      const { breaker: name, state, stats } = await ask(`${proxies.ill.url}/circuit-status`)
      assert.deepEqual([name, state], [breaker, 'open'])
      assert.ok(stats.rejects > 0)
      const { circuit } = await ask(`${proxies.ill.url}/journal`)
      assert.equal(circuit[0].name, 'open')
    })

    for (const phase of PHASES) {
      test(`is held in ${phase} callbacks, until it is let go`, async () => {
        const { url } = proxies.well
        const { lags: before } = await ask(`${url}/journal`)
        assert.deepEqual(await setPressure(url, { every: EVERY, phase, stall: 80 }), { every: EVERY, phase, stall: 80 })
        const longest = async () => Math.max(...(await ask(`${url}/journal`)).lags.slice(before.length).map(([, ms]) => ms))
        while (await longest() < 60);
        assert.equal(await setPressure(url, { every: EVERY, stall: 0 }), null)
        assert.equal(await ask(`${url}/pressure`), null)
      })
    }

    test('refuses nonsense', async () => {
      const { url } = proxies.well
      await assert.rejects(setPressure(url, { every: EVERY, phase: 'io', stall: -1 }), /a number from 1 is needed/)
      await assert.rejects(setPressure(url, { every: [2, 1], phase: 'io', stall: 1 }), /the smaller number comes first/)
      await assert.rejects(setPressure(url, { every: EVERY, phase: 'idle', stall: 1 }), /one of io, immediate, timer/)
      assert.equal(await ask(`${url}/pressure`), null)
    })
  })
}
