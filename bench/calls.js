'use strict'

// The actions that are guarded, and the ways to call them. All check that calls end as
// they should, which also keeps them from being optimised away, and return how many they
// were. Used by the cases.

// How a call can end. One error serves all that fail: what its stack costs to capture
// is not a breaker's doing.
const VALUE = 'value'
const REFUSAL = 'refusal'
const FAULT = new Error('the action has failed')

// Milliseconds that no run of this program takes.
const LONG = 600_000

const succeed = async x => x

const succeedOrFail = async (x, fails) => {
  if (fails) throw FAULT
  return x
}

const hang = () => new Promise(() => {})

/** So many calls, one after another. */
async function inTurn (guarded, calls, expected, fails) {
  let asExpected = 0
  for (let call = 0; call < calls; call++) {
    let outcome
    try {
      if (await guarded.fire(call, fails) === call) outcome = VALUE
    } catch (error) {
      outcome = error === FAULT ? FAULT : REFUSAL
    }
    if (outcome === expected) asExpected++
  }
  return counted(asExpected, calls)
}

/** So many calls before the first of them ends. */
async function atOnce (guarded, calls) {
  const promises = []
  for (let call = 0; call < calls; call++) promises.push(guarded.fire(call))
  const values = await Promise.all(promises)
  return counted(values.filter((value, call) => value === call).length, calls)
}

/** The same for calls that are all refused, or late. */
async function refusedAtOnce (guarded, calls) {
  const promises = []
  for (let call = 0; call < calls; call++) promises.push(guarded.fire(call))
  const ends = await Promise.allSettled(promises)
  return counted(ends.filter(({ reason }) => reason instanceof Error && reason !== FAULT).length, calls)
}

function counted (asExpected, calls) {
  if (asExpected !== calls) throw new Error(`${calls - asExpected} of ${calls} calls did not end as they should`)
  return calls
}

module.exports = { FAULT, LONG, REFUSAL, VALUE, atOnce, counted, hang, inTurn, refusedAtOnce, succeed, succeedOrFail }
