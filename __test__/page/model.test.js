'use strict'

// What the page makes of what the server tells, without a browser: order, search, history, and whose
// an opening was.

const assert = require('node:assert/strict')
const { before, describe, test } = require('node:test')

const part = name => import(`../../src/serve/page/${name}.mjs`)

let format, history, order, sse, store, verdict
before(async () => {
  [format, history, order, sse, store, verdict] = await Promise.all(['format', 'history', 'order', 'sse', 'store', 'verdict'].map(part))
})

const STATS = { failures: 0, successes: 0, rejects: 0, fires: 0, semaphoreRejections: 0 }

function breaker (told) {
  const is = { id: 1, name: 'backend', group: 'backend', labels: {}, thread: 'main', state: 'closed', draining: false, since: null, moves: 0 }
  const counts = { inFlight: 0, capacity: null, total: STATS, callRate: 0, failureRate: 0, latency: null, lastTrip: null }
  return { ...is, ...counts, ...told, stats: { ...STATS, ...told.stats } }
}

function loop (told) {
  return { thread: 'main', lag: 0, longest: 0, stalled: false, total: { stalls: 0, stalled: 0, longestStall: 0 }, lastStall: null, ...told }
}

const TRIP = { reason: 'errorThresholdPercentage', at: 10_000, failures: 6, calls: 10, percentage: 60, threshold: 50 }

describe('the order', () => {
  const sorted = (key, ...breakers) => breakers.map(breaker).sort(order.by(key, 100_000)).map(({ name }) => name)

  test('by trouble: states first, then failures, what has just moved, what is full, and names', () => {
    assert.deepEqual(sorted('trouble',
      { name: 'well' }, { name: 'also-well' }, { name: 'full', capacity: 2, inFlight: 2 }, { name: 'moved', moves: 2, since: 90_000 },
      { name: 'moved-long-ago', moves: 2, since: 1_000 }, { name: 'failing', failureRate: 45 }, { name: 'disabled', state: 'disabled' },
      { name: 'forced', state: 'forcedOpen' }, { name: 'trying', state: 'halfOpen' }, { name: 'open', state: 'open' }
    ), ['open', 'trying', 'forced', 'disabled', 'failing', 'moved', 'full', 'also-well', 'moved-long-ago', 'well'])
  })

  test('does not change for a failure more or less', () => {
    const trouble = failureRate => order.trouble(breaker({ failureRate }), 0)
    assert.equal(trouble(41), trouble(49))
    assert.ok(trouble(51) > trouble(49))
  })

  test('by figures: most first, unknown last; names as people count', () => {
    assert.deepEqual(sorted('latency', { name: 'none' }, { name: 'slow', latency: { p99: 90 } }, { name: 'fast', latency: { p99: 9 } }), ['slow', 'fast', 'none'])
    assert.deepEqual(sorted('name', { name: 'shard-10' }, { name: 'shard-9' }), ['shard-9', 'shard-10'])
    assert.deepEqual(sorted('calls', { name: 'a', callRate: 1 }, { name: 'b', callRate: 2 }), ['b', 'a'])
  })

  test('a search is for all of its words, anywhere', () => {
    const one = breaker({ name: 'Payments', labels: { zone: 'eu' }, state: 'halfOpen', thread: 'worker-3' })
    for (const search of ['', 'pay', 'PAYMENTS zone=eu', 'half open', 'worker-3 pay']) assert.ok(order.matches(one, search), search)
    for (const search of ['payments zone=us', 'closed', 'p.y']) assert.ok(!order.matches(one, search), search)
  })
})

describe('a stream of events', () => {
  test('is read the same wherever it was cut', () => {
    const text = ': hello\r\n\r\nevent: loop\r\ndata: {"a":1}\r\n\r\nevent: two\ndata: x\ndata:y\n\ndata: no name\n\nid: 3\n\n'
    const expected = [{ event: 'loop', data: '{"a":1}' }, { event: 'two', data: 'x\ny' }, { event: 'message', data: 'no name' }]
    for (let cut = 0; cut <= text.length; cut++) {
      const parser = new sse.Parser()
      assert.deepEqual([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))], expected, `cut at ${cut}`)
    }
  })
})

describe('the history of a breaker', () => {
  const at = (columns, name) => columns[history.COLUMNS.indexOf(name) + 1]
  const begun = (told, now) => {
    const made = new history.BreakerHistory()
    made.begin(breaker(told), now)
    return made
  }

  test('has rates out of what was counted in between', () => {
    const one = begun({ total: { ...STATS, successes: 100 } }, 1_000)
    one.read(breaker({ total: { ...STATS, successes: 120, failures: 4 } }), 2_000)
    one.read(breaker({ total: { ...STATS, successes: 121, failures: 4 } }), 2_100)
    one.read(breaker({ total: { ...STATS, successes: 130, failures: 4 } }), 3_000)
    const columns = one.upTo(3_000, true)
    assert.deepEqual(columns[0], [1_000, 2_000, 3_000], 'two readings that are near are none')
    assert.deepEqual(at(columns, 'succeeded'), [null, 20, 10])
    assert.deepEqual(at(columns, 'failed'), [null, 4, 0])
  })

  test('is quiet where nothing was told, and does not spread what came after it', () => {
    const one = begun({ inFlight: 2 }, 1_000)
    one.read(breaker({ inFlight: 2, total: { ...STATS, successes: 10 } }), 61_000)
    const columns = one.upTo(61_000, true)
    assert.deepEqual(columns[0], [1_000, 1_001, 60_000, 61_000])
    assert.deepEqual(at(columns, 'succeeded'), [null, 0, 0, 10])
    assert.deepEqual(at(columns, 'inFlight'), [2, 2, 2, 2])
    const later = one.upTo(70_000, true)
    assert.deepEqual(at(later, 'succeeded').slice(-2), [0, 0])
    assert.equal(later[0].at(-1), 70_000)
    assert.equal(one.upTo(70_000, false)[0].at(-1), 61_000, 'a stream that is lost tells nothing')
  })

  test('has a hole where the page was not connected', () => {
    const one = begun({}, 1_000)
    one.begin(breaker({ moves: 2, since: 30_000, state: 'open', total: { ...STATS, successes: 900 } }), 40_000)
    const columns = one.upTo(40_000, true)
    assert.deepEqual(at(columns, 'inFlight'), [0, null, 0])
    assert.deepEqual(at(columns, 'succeeded'), [null, null, null])
    assert.deepEqual(one.states.between(0, 50_000), [
      { from: 0, to: 1_000, state: 'closed' }, { from: 30_000, to: 50_000, state: 'open' }
    ])
  })

  test('has states from the moment that is told, and each opening once', () => {
    const one = begun({ since: 5_000, moves: 1 }, 9_000)
    one.transition({ at: 10_000, from: 'closed', to: 'open', trip: TRIP, moves: 2 })
    one.read(breaker({ state: 'open', since: 10_000, moves: 2, lastTrip: TRIP }), 10_200)
    one.transition({ at: 12_000, from: 'halfOpen', to: 'closed', trip: null, moves: 4 })
    assert.deepEqual(one.states.between(0, 13_000), [
      { from: 5_000, to: 10_000, state: 'closed' }, { from: 10_000, to: 11_999, state: 'open' },
      { from: 11_999, to: 12_000, state: 'halfOpen' }, { from: 12_000, to: 13_000, state: 'closed' }
    ])
    assert.deepEqual(one.trips, [{ at: 10_000, to: 'open', trip: TRIP }])
  })

  test('forgets what is older than a quarter of an hour', () => {
    const one = begun({}, 0)
    for (let now = 1_000; now <= 4_000_000; now += 1_000) one.read(breaker({}), now)
    assert.ok(one.series.t.length < 1_050, `${one.series.t.length}`)
    assert.ok(one.series.columns.every(({ length }) => length === one.series.t.length))
    assert.ok(one.series.t[0] <= 4_000_000 - history.KEPT)
  })
})

describe('the history of a loop', () => {
  test('has a stall that fell between two readings, as a line that rises', () => {
    const one = new history.LoopHistory()
    one.read(loop({}), 1_000)
    one.read(loop({ lastStall: { at: 1_200, length: 150 } }), 1_250)
    assert.deepEqual(one.series.t, [1_000, 1_050, 1_200, 1_201, 1_250])
    assert.deepEqual(one.series.columns[0], [0, 0, 150, 0, 0])
    assert.deepEqual(one.stalls, [{ from: 1_050, to: 1_200 }])
  })

  test('has one that lasts as one, up to its end', () => {
    const one = new history.LoopHistory()
    one.read(loop({}), 1_000)
    for (const now of [1_250, 1_500, 1_750]) one.read(loop({ stalled: true, lag: now - 1_100.4 }), now)
    one.read(loop({ lastStall: { at: 1_900, length: 800 } }), 2_000)
    assert.equal(one.stalls.length, 1)
    assert.deepEqual([Math.round(one.stalls[0].from), one.stalls[0].to], [1_100, 1_900])
    assert.equal(Math.round(one.stalledBefore(2_000, 500)), 800)
    assert.equal(Math.round(one.stalledBefore(1_300, 500)), 200, 'what there was of it then')
    assert.equal(one.stalledBefore(2_401, 500), 0)
    assert.deepEqual(one.series.t, [...one.series.t].sort((a, b) => a - b))
  })
})

describe('what held a loop', () => {
  const heldBy = (name, more) => ({ function: name, url: 'file:///srv/page.js', line: 12, column: 3, share: 0.9, ...more })
  const profile = (...stalls) => ({ above: 200, stalls })

  test('is remembered when the server has forgotten it, and once', () => {
    const one = new history.LoopHistory()
    const [first, second] = [{ at: 5_000, length: 300, heldBy: heldBy('first') }, { at: 6_000, length: 700, heldBy: heldBy('second') }]
    one.read(loop({ profile: null }), 4_000)
    one.read(loop({ profile: profile(first) }), 5_100)
    // A millisecond off, as moments by two clocks may be.
    one.read(loop({ profile: profile(second, { ...first, at: 5_001 }) }), 6_100)
    one.read(loop({ profile: profile({ at: 8_000, length: 300, heldBy: null }, { ...second, at: 6_001 }) }), 8_100)
    assert.deepEqual(one.held, [first, second])
    assert.equal(one.heldBefore(7_000, 2_000).function, 'second', 'the longest')
    assert.equal(one.heldBefore(5_200, 2_000).function, 'first')
    assert.equal(one.heldBefore(9_000, 2_000), undefined)
  })

  test('is said of an opening that was the loop\'s, and of nobody else\'s', () => {
    const one = new history.LoopHistory()
    one.read(loop({}), 5_000)
    const stall = { at: 9_400, length: 900 }
    one.read(loop({ lastStall: stall, profile: profile({ ...stall, heldBy: heldBy('render') }) }), 9_500)
    assert.equal(verdict.verdict({ at: 10_000, trip: TRIP }, one).text, 'loop stalled 900 ms in render (page.js:12)')
    assert.equal(verdict.verdict({ at: 20_000, trip: TRIP }, one).text, 'loop was free')
  })

  test('is a name and a place, whatever they are', () => {
    assert.equal(format.place(heldBy('(garbage collector)', { url: '', line: 0 })), '(garbage collector)')
    assert.equal(format.place(heldBy('a\u202eb', { url: 'C:\\app\\x.js' })), 'a⟨202e⟩b (C:\\app\\x.js:12)')
    assert.ok(format.place(heldBy('x'.repeat(500), { url: 'y'.repeat(500) })).length < 140)
  })
})

describe('an opening', () => {
  const watched = (...readings) => {
    const one = new history.LoopHistory()
    for (const [now, told] of readings) one.read(loop(told), now)
    return one
  }
  const whose = (trip, loop) => verdict.verdict({ at: trip.at, trip }, loop).is

  test('is the loop\'s where that was stalled just before, otherwise the service\'s', () => {
    assert.equal(whose(TRIP, watched([5_000, {}], [9_500, { lastStall: { at: 9_400, length: 900 } }])), 'loop')
    assert.equal(whose(TRIP, watched([5_000, {}], [9_500, { lastStall: { at: 6_000, length: 900 } }])), 'service')
    assert.equal(whose(TRIP, watched([5_000, {}], [10_500, { stalled: true, lag: 3_000 }])), 'loop', 'one that still lasts')
    assert.equal(whose(TRIP, watched([5_000, {}], [14_000, { stalled: true, lag: 4_010 }])), 'service', 'one that began with it')
  })

  test('is nobody\'s where it was asked for, or where the loop was not yet watched', () => {
    assert.equal(whose({ ...TRIP, reason: 'open' }, watched([5_000, {}])), 'hand')
    assert.equal(whose(TRIP, watched([11_000, {}])), 'unknown')
    assert.equal(whose(TRIP, undefined), 'unknown')
  })

  test('has its reason in words', () => {
    assert.equal(verdict.reason(TRIP), '6 of 10 calls failed (60 %, limit 50)')
    assert.equal(verdict.reason({ reason: 'slowCallThresholdPercentage', slowCalls: 5, calls: 10, percentage: 50, threshold: 40 }), '5 of 10 calls were slow (50 %, limit 40)')
    assert.equal(verdict.reason({ reason: 'consecutiveFailures', failures: 3 }), 'consecutive failures: 3 calls failed')
    assert.equal(verdict.reason({ reason: 'probe' }), 'a probe failed')
  })
})

describe('what the server told', () => {
  const snapshot = (breakers, now = 1_000) => ({ now, steering: false, breakers: breakers.map(breaker), loops: [loop({})] })

  test('a transition is in force at once', () => {
    const all = new store.Store()
    all.take('snapshot', snapshot([{}]))
    all.take('transition', { at: 10_000, id: 1, from: 'closed', to: 'open', trip: TRIP, moves: 1 })
    assert.deepEqual([all.breakers.get(1).seen.state, all.breakers.get(1).seen.lastTrip], ['open', TRIP])
  })

  test('breakers come and go', () => {
    const all = new store.Store()
    all.take('snapshot', snapshot([{}, { id: 2 }]))
    all.take('breakers', { now: 2_000, changed: [breaker({ id: 3, name: 'new' })], gone: [2] })
    assert.deepEqual([...all.breakers.keys()], [1, 3])
  })

  test('what is told of another process is not put upon the history of this one', () => {
    const all = new store.Store()
    all.take('snapshot', snapshot([{}, { id: 2, name: 'other' }]))
    const { history: kept } = all.breakers.get(2)
    all.take('snapshot', snapshot([{ name: 'somebody else' }, { id: 2, name: 'other' }], 2_000))
    assert.equal(all.breakers.get(1).history.series.t.length, 1)
    assert.equal(all.breakers.get(2).history, kept)
  })

  test('a message that this page does not know is let pass', () => {
    assert.equal(new store.Store().take('weather', {}), undefined)
  })
})

test('a breaker that only refuses does not say that nothing fails', () => {
  assert.equal(format.failing(breaker({ stats: { fires: 9, rejects: 9 } })), '–')
  assert.equal(format.failing(breaker({ stats: { fires: 9, failures: 3, successes: 6 }, failureRate: 33.3 })), '33 %')
})

test('what nobody would see in a name is seen', () => {
  assert.equal(format.legible('a\nb\u202ec\u200bd\x85é 漢字 👍🏽'), 'a␊b⟨202e⟩c⟨200b⟩d⟨85⟩é 漢字 👍🏽')
})

test('numbers are short, and say what they are', () => {
  const { duration, number, percent, roughly } = format
  assert.deepEqual([0, 0.01, 0.94, 8.94, 12.4, 999, 12_345, 3_400_000, null].map(number), ['0', '<0.1', '0.9', '8.9', '12', '999', '12k', '3.4M', '–'])
  assert.deepEqual([0.4, 12.1, 999.7, 1_523.4, 12_340, 61_000, 7_260_000, null].map(duration),
    ['0.4 ms', '12 ms', '1 s', '1.52 s', '12.3 s', '1 min 1 s', '2 h 1 min', '–'])
  assert.deepEqual([percent(5.94), percent(null), roughly(2_400), roughly(80)], ['5.9 %', '–', '2 s', '0 s'])
})
