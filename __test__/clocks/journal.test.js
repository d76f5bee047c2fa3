'use strict'

// The journal by which the experiment judges calls under lasting pressure: what a call leaves
// out, when it is due, and by when it has to be told.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const { Journal } = require('../../bench/pressure/loops/journal')

// Turns of 70 ms with 10 ms of rest between them, from 0 on.
function saturated (turns) {
  const journal = new Journal()
  for (let i = 0; i < turns; i++) journal.worked(80 * i, 80 * i + 70)
  return journal
}

test('a call leaves out the first stalls of its own life, and no more', () => {
  const journal = saturated(100).seal()
  assert.equal(journal.forgiven(960, 1800, 8), 8 * 70)
  assert.equal(journal.forgiven(960, 7000, 8), 8 * 70)
  assert.equal(journal.forgiven(960, 7000, 3), 3 * 70)
})

test('of a stall that was there when the call began it leaves out what was left', () => {
  const journal = saturated(100).seal()
  assert.equal(journal.forgiven(800 + 50, 870, 8), 20)
  assert.equal(journal.forgiven(800 + 50, 7000, 8), 20 + 7 * 70)
  assert.equal(journal.forgiven(800 + 75, 900, 1), 20, 'one that is over is none of its own')
})

test('a timeout is due once it has passed without the first stalls', () => {
  const journal = saturated(100).seal()
  assert.equal(journal.due(800, 500, 8), 800 + 500 + 8 * 70)
  assert.equal(journal.due(800, 5, 8), 800 + 70 + 5)
  assert.equal(saturated(2).seal().due(0, 500, 8), 500 + 2 * 70)
})

test('short turns are no stalls', () => {
  const journal = new Journal()
  for (let i = 0; i < 100; i++) journal.worked(50 * i, 50 * i + 50)
  assert.equal(journal.seal().count, 0)
  assert.equal(journal.due(0, 500, 8), 500)
})

test('a stop within a turn is one stall with it, and no work', () => {
  const journal = new Journal()
  journal.worked(0, 5)
  journal.worked(5, 90)
  journal.stopped([[6, 86]])
  journal.worked(90, 95)
  journal.seal()
  assert.equal(journal.count, 1)
  assert.equal(journal.forgiven(0, 100, 8), 85)
  assert.equal(journal.turn, 5)
})

test('a process that is stopped cannot tell a timeout', () => {
  const journal = new Journal()
  journal.stopped([[0, 80], [100, 180], [200, 280]])
  journal.seal()
  assert.equal(journal.awake(90, 5), 95)
  assert.equal(journal.awake(90, 25), 195)
  assert.equal(journal.awake(120, 10), 190, 'stopped already')
})
