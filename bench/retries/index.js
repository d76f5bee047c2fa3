'use strict'

// What retries with a budget do, to a backend and for callers, with processes of their own:
//
//   node bench/retries            an outage of 60 s, and failures by chance: three minutes
//
// Ends with 1 where it is not what is promised.

const { flaky, outage } = require('./load')

const percent = share => `${(share * 100).toFixed(2)} %`

async function main () {
  let kept = true
  const table = []
  for (const perSecond of [20, 200]) {
    const { most, offered, seen } = await outage({ perSecond, healthy: 12, seconds: 60 })
    kept &&= seen <= most
    table.push({
      case: 'outage of 60 s, from its 10th second on',
      'calls/s': perSecond,
      calls: offered,
      requests: seen,
      result: `${(seen / offered).toFixed(3)} requests a call`,
      promised: `${Math.floor(most)} requests at most`
    })
  }
  for (const perSecond of [20, 200, 1000]) {
    const { failed, offered, seen } = await flaky({ perSecond, seconds: 30, share: 0.05 })
    kept &&= failed < 0.005
    table.push({
      case: '5 % of the requests fail, attempts: 2',
      'calls/s': perSecond,
      calls: offered,
      requests: seen,
      result: `${percent(failed)} of calls fail`,
      promised: 'fewer than 0.5 %'
    })
  }
  for (const ratio of [0.1, 0.2]) {
    const { failed, offered, seen } = await flaky({ perSecond: 200, ratio, seconds: 30, share: 0.1 })
    table.push({
      case: `10 % fail, attempts: 2, ratio: ${ratio}`,
      'calls/s': 200,
      calls: offered,
      requests: seen,
      result: `${percent(failed)} of calls fail`,
      promised: ''
    })
  }
  console.table(table)
  process.exitCode = kept ? 0 : 1
}

main()
