'use strict'

// The native half: sets up what all breakers of this load of the module share. Used by the class, the status and the semaphore.

const { announceAll } = require('./announce')
const loadBinary = require('./binary')
const builtins = require('./builtins')
const { surface } = require('./emit')
const { fakeClock, isFaked } = require('./fake-clock')
const { FINGERPRINT, NUMBERS, STATS, codes, countsAt, nativeOptions, quantilesAt, words: { LATENCY, LENGTH, RETRY_AFTER, STALLED, UNTAKEN } } = require('./native/abi')

const { Environment } = load()

// Who is told the news of a native half, by its number: `weakly`, so that a breaker nobody
// uses is collected; `strongly`, while a call of its waits for an answer or for its deadline.
const owners = []

// Bun aborts the process when an addon calls its libuv, and Deno's lacks what the loop
// clock needs.
const withLibuv = !process.versions.bun && !process.versions.deno

// What is done about the news that are no breaker's: by whoever knows how.
const handlers = {
  /** A stall of the loop has ended that was so long, in milliseconds. */
  onStall (length) {},
  /** Calls were admitted in an earlier turn of the loop of which nobody has taken charge. */
  onUntaken () {},
  /** There is no timer thread to be had. */
  onNoThread () {}
}

const onNews = () => {
  for (let id = news(); id !== codes.NONE; id = news()) {
    try {
      hear(id)
    } catch (error) {
      // Whatever a user has done to one breaker: the others have news too.
      surface(error)
    }
  }
}

function hear (id) {
  switch (id) {
    case codes.STALL: return handlers.onStall(words[LENGTH])
    case codes.UNTAKEN: return handlers.onUntaken()
    case codes.NO_THREAD: return handlers.onNoThread()
    default: {
      const owner = owners[id]?.strongly ?? owners[id]?.weakly.deref()
      if (owner !== undefined) announceAll(owner)
    }
  }
}

// Memory that both sides see. What a crossing takes and gives goes through its words:
// a breaker's number in the first, what else there is in the next; the result in the
// first. It is a shared buffer because nobody can transfer one away from here.
const numbers = new Float64Array(new SharedArrayBuffer(8 * NUMBERS))
const words = new Int32Array(numbers.buffer)

const environment = new Environment(onNews, withLibuv, numbers, FINGERPRINT)
// The native side holds it weakly, for it leads to everything here.
Object.assign(environment, { onNews })

const cross = environment.hot()

/** Asks to begin a call: a permit, or a negative code. */
function admit (id) {
  words[0] = id
  cross.admit()
  return words[0]
}

/**
 * The same on the long way: for a call whose fire has been `counted`, and whatever there is
 * to announce, `anyway`.
 */
function admitAgain (id, counted, anyway) {
  words[0] = id
  words[1] = (counted ? codes.COUNTED : 0) | (anyway ? codes.ANYWAY : 0)
  cross.admitAgain()
  return words[0]
}

/**
 * A call that was admitted is in good hands: whatever happens from now on, it will be told
 * how it ended. Those of which this is not said are lost when the turn of the loop ends.
 */
function taken () {
  words[UNTAKEN]--
}

/** All calls that are lost have been found. */
function allTaken () {
  words[UNTAKEN] = 0
}

/** The next permit that is out, from one on, or `NONE`. */
function nextOut (id, permit) {
  words[0] = id
  words[1] = permit
  cross.nextOut()
  return words[0]
}

/** Gives up a permit that nobody holds any more; the call has failed. Bits as of `settle`. */
function abandon (id, permit) {
  words[0] = id
  words[1] = permit
  cross.abandon()
  return words[0]
}

/** Tells the outcome of a call: bits that say what to do next. */
function settle (id, permit, outcome) {
  words[0] = id
  words[1] = permit
  words[2] = outcome
  cross.settle()
  return words[0]
}

/** How long the call took that was just settled, in whole milliseconds. */
function latency () {
  return words[LATENCY]
}

/**
 * In how many milliseconds the circuit that has just refused a call lets one try; undefined
 * when one is trying already.
 */
function retryAfter () {
  const ms = words[RETRY_AFTER]
  return ms === codes.NEVER ? Infinity : ms === codes.UNKNOWN ? undefined : ms
}

/** For how long the loop was stalled during the call that has just timed out, in whole milliseconds. */
function stalled () {
  return words[STALLED]
}

/** Decides what follows from a failure, and spends its permit: bits as of `settle`. */
function judge (id, permit) {
  words[0] = id
  words[1] = permit
  cross.judge()
  return words[0]
}

/** Counts one of a kind; false if events are to be announced first, and not `anyway`. */
function count (id, kind, anyway) {
  words[0] = id
  words[1] = kind
  words[2] = anyway ? 1 : 0
  cross.count()
  return words[0] !== 0
}

/** The next breaker that has something to announce, or `NONE`. */
function news () {
  cross.news()
  return words[0]
}

/**
 * The next thing a breaker has to announce: a code, or, unless only events are asked for, the
 * permit of a call that has timed out.
 */
function poll (id, eventsOnly) {
  words[0] = id
  words[1] = eventsOnly ? 1 : 0
  cross.poll()
  return words[0]
}

/** Where the circuit stands, in bits. */
function state (id) {
  words[0] = id
  cross.state()
  return words[0]
}

/** A number of the statistics that were read last. */
function stat (place) {
  return numbers[STATS + place]
}

/** The counts that were read last, by name. */
function counts () {
  return countsAt(numbers, STATS)
}

/** The quantiles that stand from a place on, by their share. */
function quantiles (place) {
  return quantilesAt(numbers, STATS + place)
}

/** Those between two places, as an array that later readings leave alone. */
function statsBetween (from, to) {
  // A typed array would cost as much as all else that is read.
  const copy = new Array(to - from)
  for (let place = from; place < to; place++) copy[place - from] = stat(place)
  return copy
}

/** For each cell of a histogram the latency that it stands for, in milliseconds. */
function middles () {
  return (middlesOfCells ??= environment.middles())
}

let middlesOfCells

/** The loop's clock: reads it into the statistics, and has its stalls told. */
const loop = {
  read: () => environment.readLag(),
  hearStalls: wanted => environment.hearStalls(wanted)
}

/** A name that nobody else has: a random UUID. */
function uuid () {
  return environment.uuid()
}

/**
 * Does the work of the timer thread, where there is none to be had: in how many milliseconds
 * there will be more of it, or -1.
 */
function work () {
  return environment.work()
}

/**
 * A native half whose news go to `owner` (`announce.js`), with limits and a window as `options.js`
 * gives them.
 */
function create (owner, limits, window, others) {
  const weakly = new WeakRef(owner)
  // Asked for first: that may be somebody's getter, which uses the mailbox.
  const hosted = isFaked()
  leaveOptions(limits, window, others)
  const handle = hosted ? createHosted(weakly) : environment.create()
  owners[words[0]] = { weakly, strongly: undefined }
  return handle
}

function leaveOptions (limits, window, others) {
  numbers[STATS + nativeOptions.TIMEOUT] = limits.timeout
  numbers[STATS + nativeOptions.RESET_TIMEOUT] = limits.resetTimeout
  numbers[STATS + nativeOptions.ERROR_THRESHOLD_PERCENTAGE] = limits.errorThresholdPercentage
  numbers[STATS + nativeOptions.MAX_FAILURES] = limits.consecutiveFailures
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

function createHosted (weakly) {
  const handle = environment.createHosted(...fakeClock(() => ring(weakly, ref)))
  const ref = new WeakRef(handle)
  return handle
}

/**
 * Has a native half live by the clock that is in place now.
 *
 * @param {import('../src/node/binding').Handle} handle
 */
function changeClocks (handle, stallThreshold) {
  if (isFaked()) {
    const { weakly } = owners[handle.id]
    const ref = new WeakRef(handle)
    handle.followHost(...fakeClock(() => ring(weakly, ref)))
  } else {
    handle.followLoop(stallThreshold)
  }
}

/**
 * A fake timer has gone off; it holds neither the native half nor its owner.
 *
 * @param {WeakRef<any>} owner
 * @param {WeakRef<import('../src/node/binding').Handle>} handle
 */
function ring (owner, handle) {
  if (!handle.deref()?.onTimer()) return
  const told = owner.deref()
  if (told !== undefined) announceAll(told)
}

module.exports = {
  abandon,
  admit,
  admitAgain,
  allTaken,
  changeClocks,
  count,
  counts,
  create,
  handlers,
  judge,
  latency,
  loop,
  middles,
  nextOut,
  owners,
  poll,
  quantiles,
  retryAfter,
  settle,
  stalled,
  stat,
  state,
  statsBetween,
  taken,
  uuid,
  withLibuv,
  work
}

/** @returns {typeof import('../src/node/binding')} */
function load () {
  // Node aborts as it writes a snapshot that holds an addon, and does not say whose.
  if (builtins.startupSnapshot?.isBuildingSnapshot?.()) throw new Error(inSnapshot())
  return loadBinary()
}

function inSnapshot () {
  return 'didelphis cannot be part of a startup snapshot: its native half does not survive one. ' +
    'Require it when the program that was built starts, inside the function that is given to ' +
    "require('node:v8').startupSnapshot.setDeserializeMainFunction()."
}
