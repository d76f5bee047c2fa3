'use strict'

// The crossings: one function for each question that is put to the native half through the words
// of the memory, and what is read from it as numbers. Used by the class and the way of a call.

const {
  STATS, codes, countsAt, places: { QUEUED_TICKET, QUEUED_TIME }, quantilesAt, words: { LATENCY, LENGTH, POLLED, RETRY_AFTER, STALLED, UNTAKEN }
} = require('./abi')
const { binding, cross, environment, shared } = require('./load')

/** Asks to begin a call: a permit, or a negative code. */
function admit (id) {
  shared.words[0] = id
  cross.admit()
  return shared.words[0]
}

/**
 * The same on the long way: for a call whose fire has been `counted`, and whatever there is
 * to announce, `anyway`; or for one that cannot wait for a place, `atOnce`.
 */
function admitAgain (id, counted, anyway, atOnce = false) {
  shared.words[0] = id
  shared.words[1] = bitsOf(counted, anyway, atOnce)
  cross.admitAgain()
  return shared.words[0]
}

/** The same for a call that has a timeout of its own, in milliseconds; `Infinity`: none. */
function admitWithin (id, timeout, counted, anyway, atOnce = false) {
  shared.words[0] = id
  shared.words[1] = bitsOf(counted, anyway, atOnce)
  shared.numbers[STATS] = timeout
  cross.admitWithin()
  return shared.words[0]
}

function bitsOf (counted, anyway, atOnce) {
  return (counted ? codes.COUNTED : 0) | (anyway ? codes.ANYWAY : 0) | (atOnce ? codes.AT_ONCE : 0)
}

/**
 * Begins a call that has waited for a place, by its ticket; with a timeout of its own, if it has one,
 * `Infinity`: none. As of `admit`, or `NOT_CALLED`.
 */
function enter (id, ticket, timeout) {
  shared.words[0] = id
  shared.numbers[STATS + QUEUED_TICKET] = ticket
  shared.numbers[STATS + QUEUED_TIME] = timeout ?? NaN
  cross.enter()
  return shared.words[0]
}

/** A call waits for a place no longer, by its ticket: bits as of `settle`. */
function leave (id, ticket) {
  shared.words[0] = id
  shared.numbers[STATS + QUEUED_TICKET] = ticket
  cross.leave()
  return shared.words[0]
}

/**
 * A call that was admitted is in good hands: whatever happens from now on, it will be told
 * how it ended. Those of which this is not said are lost when the turn of the loop ends.
 */
function taken () {
  shared.words[UNTAKEN]--
}

/** Something of a call may have been lost: it is looked for as the turn of the loop ends. */
function lost () {
  shared.words[UNTAKEN]++
  // The addon sees each turn of the loop by itself.
  if (binding.kind === 'wasm') environment.look?.()
}

/**
 * How many calls there are of which that has not been said, of all breakers: their actions run,
 * one inside the other.
 */
function untaken () {
  return shared.words[UNTAKEN]
}

/** What the last crossing gave: the permit, if it has admitted a call. */
function lastResult () {
  return shared.words[0]
}

/** The next permit of a call that has not ended, from one on, or `NONE`. */
function nextUnderWay (id, permit) {
  shared.words[0] = id
  shared.words[1] = permit
  cross.nextUnderWay()
  return shared.words[0]
}

/** All calls that are lost have been found. */
function allTaken () {
  shared.words[UNTAKEN] = 0
}

/** The next permit that is out, from one on, or `NONE`. */
function nextOut (id, permit) {
  shared.words[0] = id
  shared.words[1] = permit
  cross.nextOut()
  return shared.words[0]
}

/** Gives up a permit that nobody holds any more; the call has failed. Bits as of `settle`. */
function abandon (id, permit) {
  shared.words[0] = id
  shared.words[1] = permit
  cross.abandon()
  return shared.words[0]
}

/** Tells the outcome of a call: bits that say what to do next. */
function settle (id, permit, outcome) {
  shared.words[0] = id
  shared.words[1] = permit
  shared.words[2] = outcome
  cross.settle()
  return shared.words[0]
}

/**
 * Counts the timeout of a call. A failure that is heard of is to be settled next, and another has
 * been: bits as of `settle`.
 */
function expire (id, permit, outcome) {
  shared.words[0] = id
  shared.words[1] = permit
  shared.words[2] = outcome
  cross.expire()
  return shared.words[0]
}

/** How long the call took that was just settled or has expired, in whole milliseconds. */
function latency () {
  return shared.words[LATENCY]
}

/**
 * In how many milliseconds the circuit that has just refused a call lets one try; undefined
 * when one is trying already.
 */
function retryAfter () {
  const ms = shared.words[RETRY_AFTER]
  return ms === codes.NEVER ? Infinity : ms === codes.UNKNOWN ? undefined : ms
}

/** For how long the loop was stalled during the call that has just timed out, in whole milliseconds. */
function stalled () {
  return shared.words[STALLED]
}

/** Decides what follows from a failure, and spends its permit: bits as of `settle`. */
function evaluateTrip (id, permit) {
  shared.words[0] = id
  shared.words[1] = permit
  cross.evaluateTrip()
  return shared.words[0]
}

/** Counts one of a kind; false if events are to be announced first, and not `anyway`. */
function count (id, kind, anyway) {
  shared.words[0] = id
  shared.words[1] = kind
  shared.words[2] = anyway ? 1 : 0
  cross.count()
  return shared.words[0] !== 0
}

/** There is more to tell than is told in one piece: the loop is to come for it. */
function delay () {
  cross.delay()
}

/**
 * The next thing a breaker has to announce: a code, or, unless only events are asked for, the
 * permit of a call that has timed out.
 */
function poll (id, eventsOnly) {
  shared.words[0] = id
  shared.words[1] = eventsOnly ? 1 : 0
  cross.poll()
  return shared.words[0]
}

/**
 * What the loop was woken for next: the number of a breaker, or a code. The breaker that was
 * told of last goes first, until it has nothing more. The first of a turn says so.
 */
function nextWakeup (told, isFirst) {
  shared.words[0] = told
  shared.words[1] = isFirst ? 1 : 0
  cross.nextWakeup()
  return shared.words[0]
}

/** What the breaker of a wake-up has to tell, as of `poll`. */
function polled () {
  return shared.words[POLLED]
}

/** How long the stall of a wake-up was, in whole milliseconds. */
function stallLength () {
  return shared.words[LENGTH]
}

/** Where the circuit stands, in bits. */
function state (id) {
  shared.words[0] = id
  cross.state()
  return shared.words[0]
}

/** A number of the statistics that were read last. */
function stat (place) {
  return shared.numbers[STATS + place]
}

/** The counts that were read last, by name. */
function counts () {
  return countsAt(shared.numbers, STATS)
}

/** The quantiles that stand from a place on, by their share. */
function quantiles (place) {
  return quantilesAt(shared.numbers, STATS + place)
}

/** Those between two places, as an array that later readings leave alone. */
function statsBetween (from, to) {
  // A typed array would cost as much as all else that is read.
  const copy = new Array(to - from)
  for (let place = from; place < to; place++) copy[place - from] = stat(place)
  return copy
}

/** For each cell of a histogram the latency that it stands for, in milliseconds. */
function midpoints () {
  return (middlesOfCells ??= environment.midpoints())
}

let middlesOfCells

/**
 * The loop's clock: reads it into the statistics, has its stalls told, says how many ms ago the one
 * ended that was told last, and tells other threads which are looked into and what held the loop in
 * that one.
 */
const loop = {
  read: () => environment.readLag(),
  hearStalls: wanted => environment.hearStalls(wanted),
  stallEndedAgo: () => environment.stallEndedAgo(),
  lookIntoStalls: above => environment.lookIntoStalls(above),
  onLongStall: heldBy => environment.onLongStall(heldBy)
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

/** Lets every call of the process pass, or ends that. */
function bypassAll (bypassed) {
  environment.bypassAll(bypassed)
}

module.exports = {
  abandon,
  admit,
  admitAgain,
  admitWithin,
  allTaken,
  bypassAll,
  count,
  counts,
  delay,
  enter,
  expire,
  evaluateTrip,
  lastResult,
  latency,
  leave,
  loop,
  lost,
  midpoints,
  nextOut,
  nextUnderWay,
  nextWakeup,
  poll,
  polled,
  quantiles,
  retryAfter,
  settle,
  stallLength,
  stalled,
  stat,
  state,
  statsBetween,
  taken,
  untaken,
  uuid,
  work
}
