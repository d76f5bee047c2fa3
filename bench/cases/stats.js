'use strict'

// Reading what a breaker has counted, with ever more calls in the window.

const { LONG, VALUE, counted, inTurn, succeed } = require('../calls')

const TIMES = 5

const reading = (id, what, setUp, read) => ({
  id,
  what: calls => `${what}, ${calls.toLocaleString('en')} calls in the window`,
  sizes: [0, 10_000, 100_000, 1_000_000],
  takesPart: ({ dropIn, holds }, calls) => dropIn && calls <= holds,
  setUp,
  batch: (guarded, calls) => {
    let asExpected = 0
    for (let time = 0; time < TIMES; time++) {
      const { fires, percentiles } = read(guarded)
      if (fires === calls && percentiles[0.99] >= 0) asExpected++
    }
    return counted(asExpected, TIMES)
  }
})

module.exports = [
  reading('read', 'reading `stats`', filled, ({ stats }) => stats),
  { ...reading('json', '`toJSON()`', filled, guarded => guarded.toJSON().status), thorough: true },
  {
    ...reading('snapshot', 'a snapshot, which one listens to', heard, ({ status, told }) => {
      // What both do by themselves at the end of a bucket.
      status.emit('snapshot', status.stats)
      return told()
    }),
    thorough: true
  }
]

async function filled ({ guard }, calls) {
  const guarded = guard(succeed, { rollingCountTimeout: LONG })
  await inTurn(guarded, calls, VALUE)
  return guarded
}

async function heard (contestant, calls) {
  const guarded = await filled(contestant, calls)
  let last
  guarded.status.on('snapshot', stats => { last = stats })
  return { status: guarded.status, told: () => last, shutdown: () => guarded.shutdown() }
}
