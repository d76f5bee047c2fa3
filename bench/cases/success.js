'use strict'

// Calls that succeed: what a service pays on every request.

const { VALUE, atOnce, counted, inTurn, succeed } = require('../calls')

const CALLS = 100

const guardedBy = options => ({ guard }) => guard(succeed, options)
const calledInTurn = guarded => inTurn(guarded, CALLS, VALUE)

module.exports = [
  {
    id: 'in-turn',
    what: () => 'success, one after another',
    setUp: guardedBy({}),
    batch: calledInTurn
  },
  {
    id: 'at-once',
    what: calls => `success, ${calls.toLocaleString('en')} at once`,
    sizes: [100, 10_000],
    takesPart: ({ slow }, calls) => !slow || calls <= 100,
    setUp: guardedBy({}),
    batch: atOnce
  },
  {
    id: 'no-timeout',
    what: () => 'success, `timeout: false`',
    setUp: guardedBy({ timeout: false }),
    batch: calledInTurn
  },
  {
    id: 'no-timeout-at-once',
    what: () => 'success, `timeout: false`, 100 at once',
    setUp: guardedBy({ timeout: false }),
    batch: guarded => atOnce(guarded, 100)
  },
  {
    id: 'no-percentiles',
    what: () => 'success, without percentiles',
    dropIn: true,
    thorough: true,
    setUp: guardedBy({ rollingPercentilesEnabled: false }),
    batch: calledInTurn
  },
  {
    id: 'fallback',
    what: () => 'success, with a fallback',
    dropIn: true,
    thorough: true,
    setUp: ({ guard }) => {
      const guarded = guard(succeed, {})
      guarded.fallback(() => {})
      return guarded
    },
    batch: calledInTurn
  },
  {
    id: 'error-filter',
    what: () => 'success, with an errorFilter',
    dropIn: true,
    thorough: true,
    setUp: guardedBy({ errorFilter: () => true }),
    batch: calledInTurn
  },
  {
    id: 'listeners',
    what: listeners => `success, ${listeners} listener${listeners === 1 ? '' : 's'}`,
    dropIn: true,
    sizes: [0, 1, 5],
    setUp: ({ guard }, listeners) => {
      const guarded = guard(succeed, {})
      for (const name of EVENTS.slice(0, listeners)) guarded.on(name, () => {})
      return guarded
    },
    batch: calledInTurn
  },
  {
    id: 'arguments',
    what: given => `success, ${given} argument${given === 1 ? '' : 's'}`,
    sizes: [0, 1, 4],
    thorough: true,
    setUp: ({ guard }) => guard(succeedWithAny, {}),
    batch: (guarded, given) => WITH_ARGUMENTS[given](guarded)
  },
  {
    id: 'breakers',
    what: breakers => `success, ${breakers.toLocaleString('en')} breaker${breakers === 1 ? '' : 's in turn'}`,
    takesPart: ({ bare, slow }) => !bare && !slow,
    sizes: [1, 1_000],
    setUp: ({ guard }, breakers) => {
      const list = Array.from({ length: breakers }, () => guard(succeed, {}))
      return { list, shutdown: () => list.forEach(guarded => guarded.shutdown?.()) }
    },
    batch: async ({ list }) => {
      let asExpected = 0
      for (let call = 0; call < 1_000; call++) {
        if (await list[call % list.length].fire(call) === call) asExpected++
      }
      return counted(asExpected, 1_000)
    }
  }
]

// A call that succeeds emits the first two.
const EVENTS = ['success', 'fire', 'failure', 'timeout', 'open']

const succeedWithAny = async () => VALUE

const WITH_ARGUMENTS = {
  0: async guarded => {
    let asExpected = 0
    for (let call = 0; call < CALLS; call++) if (await guarded.fire() === VALUE) asExpected++
    return counted(asExpected, CALLS)
  },
  1: async guarded => {
    let asExpected = 0
    for (let call = 0; call < CALLS; call++) if (await guarded.fire(call) === VALUE) asExpected++
    return counted(asExpected, CALLS)
  },
  4: async guarded => {
    let asExpected = 0
    for (let call = 0; call < CALLS; call++) if (await guarded.fire(call, 'b', 3, null) === VALUE) asExpected++
    return counted(asExpected, CALLS)
  }
}
