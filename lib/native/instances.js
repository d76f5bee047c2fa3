'use strict'

// The native halves of breakers and of lone statuses: how one is made, what clock it lives by, and
// whom its wake-ups concern. Used by the class, the status and the pump.

const { drainAll } = require('../drain-events')
const { fakeClock, isFaked } = require('../fake-clock')
const { STATS, nativeOptions } = require('./abi')
const { environment, numbers, words } = require('./load')

// Who is told the wake-ups of a native half, by its number: `weak`, so that a breaker nobody
// uses is collected; `pinned`, while a call of its waits for an answer or for its deadline.
const instances = []

/**
 * A native half whose wake-ups go to `owner` (`drain-events.js`), with live options and a window as `options.js`
 * gives them.
 */
function create (owner, liveOptions, window, others) {
  const weak = new WeakRef(owner)
  // Asked for first: that may be somebody's getter, which uses the shared words.
  const hosted = isFaked()
  leaveOptions(liveOptions, window, others)
  const handle = hosted ? createHosted(weak) : environment.create()
  instances[words[0]] = { weak, pinned: undefined }
  return handle
}

/**
 * Tells a native half other live options, as `options.js` gives them.
 *
 * @param {import('../../src/node/binding').Handle} handle
 */
function changeLiveOptions (handle, liveOptions) {
  leaveLiveOptions(liveOptions)
  handle.setLiveOptions()
}

function leaveLiveOptions (liveOptions) {
  numbers[STATS + nativeOptions.TIMEOUT] = liveOptions.timeout
  numbers[STATS + nativeOptions.RESET_TIMEOUT] = liveOptions.resetTimeout
  numbers[STATS + nativeOptions.ERROR_THRESHOLD_PERCENTAGE] = liveOptions.errorThresholdPercentage
  numbers[STATS + nativeOptions.MAX_FAILURES] = liveOptions.consecutiveFailures
}

function leaveOptions (liveOptions, window, others) {
  leaveLiveOptions(liveOptions)
  numbers[STATS + nativeOptions.ROLLING_COUNT_TIMEOUT] = window.rollingCountTimeout
  numbers[STATS + nativeOptions.ROLLING_COUNT_BUCKETS] = window.rollingCountBuckets
  numbers[STATS + nativeOptions.LATENCIES] = Number(window.latencies)
  numbers[STATS + nativeOptions.ROTATED_BY_HAND] = Number(window.rotatedByHand)
  numbers[STATS + nativeOptions.VOLUME_THRESHOLD] = others.volumeThreshold
  numbers[STATS + nativeOptions.CAPACITY] = others.capacity
  numbers[STATS + nativeOptions.WARM_UP] = others.warmUp
  numbers[STATS + nativeOptions.ENABLED] = Number(others.enabled)
  numbers[STATS + nativeOptions.BY_WALL_CLOCK] = Number(others.byWallClock)
  numbers[STATS + nativeOptions.STALL_THRESHOLD] = others.stallThreshold
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
  if (!handle.deref()?.onTimer()) return
  const told = owner.deref()
  if (told !== undefined) drainAll(told)
}

module.exports = { changeClocks, changeLiveOptions, create, instances }
