'use strict'

// The native half: finds this platform's binary, and sets up what all breakers of
// this load of the module share. Used by the class, the status and the semaphore.

const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { surface } = require('./emit')
const { fakeClock, isFaked } = require('./fake-clock')
const platformName = require('./platform')

const { Environment } = load()

// Who is told the news of a native half, by its number: `weakly`, so that a breaker nobody
// uses is collected; `strongly`, while a call of its waits for an answer or for its deadline.
const owners = []

// Bun aborts the process when an addon calls its libuv, and Deno's lacks what the loop
// clock needs.
const withLibuv = !process.versions.bun && !process.versions.deno

// The method by which a breaker, or a lone status, is told that there is news.
const ANNOUNCE = Symbol('announce')

const onNews = () => {
  for (let id = news(); id !== codes.NONE; id = news()) {
    try {
      if (id === codes.STALL) {
        loop.onStall(words[LENGTH])
        continue
      }
      const owner = owners[id]?.strongly ?? owners[id]?.weakly.deref()
      owner?.[ANNOUNCE]()
    } catch (error) {
      // Whatever a user has done to one breaker: the others have news too.
      surface(error)
    }
  }
}

const environment = new Environment(onNews, withLibuv)
// The native side holds it weakly, for it leads to everything here.
environment.onNews = onNews

// Memory that both sides see. What a crossing takes and gives goes through its words:
// a breaker's number in the first, what else there is in the next; the result in the
// first.
const { memory, ...cross } = environment.hot()
const words = new Int32Array(memory)
const numbers = new Float64Array(memory)
const { LATENCY, LENGTH, RETRY_AFTER, STALLED, STATS, ...codes } = environment.codes()

/** Asks to begin a call: a permit, or a negative code. */
function admit (id) {
  words[0] = id
  cross.admit()
  return words[0]
}

/** The same for a call whose fire has been counted. */
function admitCounted (id) {
  words[0] = id
  cross.admitCounted()
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

/** Counts one of a kind; false if events are to be announced first. */
function count (id, kind) {
  words[0] = id
  words[1] = kind
  cross.count()
  return words[0] !== 0
}

/** The next breaker that has something to announce, or `NONE`. */
function news () {
  cross.news()
  return words[0]
}

/** The next thing a breaker has to announce: a code, or the permit of a call that has timed out. */
function poll (id) {
  words[0] = id
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

/** The loop's clock: reads it into the statistics, and hears of its stalls. */
const loop = {
  read: () => environment.readLag(),
  hearStalls: wanted => environment.hearStalls(wanted),
  onStall () {}
}

/**
 * A native half whose news go to `owner[ANNOUNCE]()`, with limits and a window as `options.js`
 * gives them.
 */
function create (owner, limits, window, others) {
  const weakly = new WeakRef(owner)
  leaveOptions(limits, window, others)
  const handle = isFaked() ? createHosted(weakly) : environment.create()
  owners[words[0]] = { weakly, strongly: undefined }
  return handle
}

// In the order in which the native side takes them.
function leaveOptions (limits, window, others) {
  numbers[STATS] = limits.timeout
  numbers[STATS + 1] = limits.resetTimeout
  numbers[STATS + 2] = limits.errorThresholdPercentage
  numbers[STATS + 3] = limits.consecutiveFailures
  numbers[STATS + 4] = window.rollingCountTimeout
  numbers[STATS + 5] = window.rollingCountBuckets
  numbers[STATS + 6] = Number(window.latencies)
  numbers[STATS + 7] = Number(window.rotatedByHand)
  numbers[STATS + 8] = others.volumeThreshold
  numbers[STATS + 9] = others.capacity
  numbers[STATS + 10] = others.warmUp
  numbers[STATS + 11] = Number(others.enabled)
  numbers[STATS + 12] = Number(others.byWallClock)
  numbers[STATS + 13] = others.stallThreshold
}

function createHosted (weakly) {
  const handle = environment.createHosted(...fakeClock(() => ring(weakly, ref)))
  const ref = new WeakRef(handle)
  return handle
}

/** Has a native half live by the clock that is in place now. */
function changeClocks (handle, stallThreshold) {
  if (isFaked()) {
    const { weakly } = owners[handle.id]
    const ref = new WeakRef(handle)
    handle.followHost(...fakeClock(() => ring(weakly, ref)))
  } else {
    handle.followLoop(stallThreshold)
  }
}

// A fake timer has gone off; it holds neither the native half nor its owner.
function ring (owner, handle) {
  if (handle.deref()?.onTimer()) owner.deref()?.[ANNOUNCE]()
}

module.exports = {
  ANNOUNCE,
  admit,
  admitCounted,
  changeClocks,
  codes,
  count,
  create,
  judge,
  latency,
  loop,
  middles,
  owners,
  poll,
  retryAfter,
  settle,
  stalled,
  stat,
  state,
  statsBetween
}

function load () {
  const platform = platformName()
  const local = join(__dirname, '..', `didelphis.${platform}.node`)
  if (existsSync(local)) return require(local)
  const name = `@didelphis/binding-${platform}`
  try {
    return require(name)
  } catch (cause) {
    throw new Error(missing(platform, name), { cause })
  }
}

function missing (platform, name) {
  return `didelphis has no native binary for ${platform} here. ` +
    `If your platform is among those in the README, install it with "npm install ${name}": ` +
    'npm leaves it out when optional dependencies are omitted or when node_modules came ' +
    'from another platform. On any other platform, build it from a clone of the ' +
    'repository with "npm install", which needs Rust.'
}
