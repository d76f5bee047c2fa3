'use strict'

// The native halves of breakers and of lone statuses: how one is made, what clock it lives by, and
// whom its wake-ups concern. Used by the class, the status and the pump.

const { drainAll } = require('../drain-events')
const { fakeClock, isFaked } = require('../fake-clock')
const { STATS } = require('./abi')
const { environment, shared } = require('./load')

// Who is told the wake-ups of a native half, by its number: `weak`, so that a breaker nobody
// uses is collected; `pinned`, while a call of its waits for an answer or for its deadline;
// `awaited`, while somebody listens for the moment at which its circuit may be tried.
const instances = []

/**
 * A native half whose wake-ups go to `owner` (`drain-events.js`), with the options that
 * `native-options.js` gives.
 *
 * @param {any} owner
 * @param {number[]} options
 */
function create (owner, options) {
  const weak = new WeakRef(owner)
  // Asked for first: that may be somebody's getter, which uses the shared words.
  const hosted = isFaked()
  leave(options)
  const handle = hosted ? createHosted(weak) : environment.create()
  instances[shared.words[0]] = { weak, pinned: undefined, awaited: undefined }
  return handle
}

/**
 * Tells a native half other live options.
 *
 * @param {import('../../src/node/binding').Handle} handle
 * @param {number[]} options
 */
function changeLiveOptions (handle, options) {
  leave(options)
  handle.setLiveOptions()
}

/**
 * Tells a native half all options anew.
 *
 * @param {import('../../src/node/binding').Handle} handle
 * @param {number[]} options
 */
function changeOptions (handle, options) {
  leave(options)
  handle.update()
}

function leave (options) {
  for (let place = 0; place < options.length; place++) shared.numbers[STATS + place] = options[place]
}

function createHosted (weak) {
  const handle = environment.createHosted(...fakeClock(() => onHostTimer(weak, ref)))
  const ref = new WeakRef(handle)
  return handle
}

/**
 * Has a native half live by the clock that is in place now.
 *
 * @param {import('../../src/node/binding').Handle} handle
 */
function changeClocks (handle, stallThreshold) {
  if (isFaked()) {
    const { weak } = instances[handle.id]
    const ref = new WeakRef(handle)
    handle.followHost(...fakeClock(() => onHostTimer(weak, ref)))
  } else {
    handle.followLoop(stallThreshold)
  }
}

/**
 * A fake timer has gone off; it holds neither the native half nor its owner.
 *
 * @param {WeakRef<any>} owner
 * @param {WeakRef<import('../../src/node/binding').Handle>} handle
 */
function onHostTimer (owner, handle) {
  const alive = handle.deref()
  if (!alive?.onTimer()) return
  const told = owner.deref()
  if (told !== undefined) drainAll(told, alive.id)
}

module.exports = { changeClocks, changeLiveOptions, changeOptions, create, instances }
