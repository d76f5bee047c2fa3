'use strict'

// A burst: calls by the ten thousand in one turn, which becomes a stall by them. What each
// takes must not depend on how many were made before it.

const { counted, succeed } = require('../calls')

const CALLS = [50_000, 200_000]
// Milliseconds of work in between, and how often: so that the turn is a stall from the beginning.
const [WORK, PORTIONS] = [2, 50]

const said = calls => `a call of ${calls.toLocaleString('en')} in one turn`

module.exports = {
  rows: Object.fromEntries(CALLS.flatMap(calls => [
    [calls, { what: said(calls), unit: 'nanos' }],
    [`${calls}-with-work`, { what: `${said(calls)}, with work in between`, unit: 'nanos' }]
  ])),
  // Some others take minutes.
  takesPart: ({ dropIn }) => dropIn,
  rounds: 3,
  measure: async ({ guard }) => {
    const guarded = guard(succeed, {})
    const values = {}
    // It is compiled.
    for (let time = 0; time < 20; time++) await burst(guarded, 1_000, 0)
    for (const calls of CALLS) {
      values[calls] = await burst(guarded, calls, 0)
      values[`${calls}-with-work`] = await burst(guarded, calls, WORK)
    }
    guarded.shutdown?.()
    return values
  }
}

// So many calls in one turn, and their answers: the nanoseconds of one, without the work.
async function burst (guarded, calls, work) {
  globalThis.gc()
  // What was left of the one before is over.
  await new Promise(resolve => setTimeout(resolve, 100))
  const promises = new Array(calls)
  const portion = calls / PORTIONS
  let took = 0
  for (let made = 0; made < calls;) {
    const end = performance.now() + work
    while (performance.now() < end);
    const began = performance.now()
    for (const next = made + portion; made < next; made++) promises[made] = guarded.fire(made)
    took += performance.now() - began
  }
  const began = performance.now()
  const values = await Promise.all(promises)
  took += performance.now() - began
  counted(values.filter((value, call) => value === call).length, calls)
  return took * 1e6 / calls
}
