'use strict'

// Random programs on opossum and on ours, each under a fake clock: whatever is seen after
// each step has to be the same. In what ours is to differ stands in `random/reference.js`.
//
// DIDELPHIS_SEED=123 plays that one program; DIDELPHIS_SEQUENCES=50000 plays as many.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const { findDifference, findKnownDifference } = require('./random/compare')
const { MENDS } = require('./random/reference')

const { DIDELPHIS_SEED: seed, DIDELPHIS_SEQUENCES: sequences = 2500 } = process.env
const WORKERS = 2
const SEARCHED = 5000

test('random programs', async () => {
  const all = seed === undefined ? upTo(sequences) : [Number(seed)]
  const shares = upTo(WORKERS).map(share => all.filter((_, place) => place % WORKERS === share - 1))
  const found = await Promise.all(shares.map(findDifference))
  assert.ok(!found.some(Boolean), found.find(Boolean))
})

// What has been mended leaves the table.
for (const [name, reason] of Object.entries(MENDS)) {
  test(`a known difference: ${reason}`, async () => {
    assert.ok(await findKnownDifference(name, upTo(SEARCHED)), `not seen in ${SEARCHED} programs`)
  })
}

function upTo (count) {
  return Array.from({ length: Number(count) }, (_, number) => number + 1)
}
