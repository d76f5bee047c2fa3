'use strict'

// Other options for a breaker that lives. All of them are read, once, and checked before the
// first takes effect, so an update that fails has changed nothing. Used by the class.

const { chooseAgain, tryLaterCalls } = require('./call')
const { prepareMemory } = require('./call-cache')
const { giveDraw } = require('./chance')
const { followClock, noteStallThreshold } = require('./clock')
const { describe } = require('./describe')
const { drainEvents } = require('./drain-events')
const { throwAsync } = require('./emit')
const { noteLiveOptions } = require('./live-options')
const { optionNames } = require('./native/abi')
const { changeOptions } = require('./native/instances')
const { nativeOptions } = require('./native-options')
const { noteNames } = require('./option-names')
const { complete, noteDeprecated, readNumber, readVolume, refuse } = require('./options')
const { noteProbe } = require('./probe')
const { applyRetry, readRetry } = require('./retry-options')
const { presetFor, withoutPreset } = require('./presets')
const { serve } = require('./semaphore')
const { followOptions } = require('./status')
const { isOn } = require('./switches')

// What a breaker begins with, and cannot begin with again.
const AT_BIRTH = ['state', 'status', 'stats']

/** Takes over what is given; what is left out, or undefined, stays. Throws a TypeError if it makes no sense. */
function update (breaker, inner, given) {
  if (given === null || typeof given !== 'object') refuse('options', 'an object', given)
  const changes = read(given)
  noteNames(given)
  for (const name of AT_BIRTH) {
    if (name in changes) throw new TypeError(`options.${name} is what a breaker begins with: a new one takes it, not update()`)
  }
  const { options } = breaker
  const before = read(options)
  const kept = changes.preset === undefined ? withoutPreset(before) : before
  const next = { ...kept, ...presetFor(changes.preset, { throttle: before.throttle, window: before.window, ...changes }, changes.timeout ?? before.timeout), ...changes }
  // Memory of the breaker's own.
  if (changes.cacheTransport === null) next.cacheTransport = undefined
  // The last word of the two holds.
  if (changes.metricsOnly && isOn('metricsOnly', changes.metricsOnly) && changes.enabled === undefined) next.enabled = true
  if (changes.enabled !== undefined && changes.metricsOnly === undefined) next.metricsOnly = undefined
  complete(next)
  const numbers = nativeOptions(next)
  const retry = readRetry(next.retry)
  followClock(inner)
  const window = followOptions(inner, next)
  try {
    write(options, before, next)
  } catch (error) {
    window.undo()
    throw error
  }
  // Nothing throws from here on.
  changeOptions(inner.handle, numbers)
  inner.nativeOptions = numbers
  noteLiveOptions(inner, next)
  if (retry !== undefined && inner.retry === undefined) tryLaterCalls(inner)
  applyRetry(inner, retry)
  noteRest(breaker, inner, before, next)
  window.finish()
  if (changes.enabled !== undefined || changes.metricsOnly !== undefined) change(() => setMode(breaker, next))
  noteDeprecated(changes)
  drainEvents(inner.breaker, inner.id)
  if (inner.semaphore !== undefined) serve(inner.semaphore)
}

module.exports = { update }

// Each option is somebody's getter.
function read (options) {
  /** @type {any} */
  const values = {}
  for (const name of optionNames) {
    const value = options[name]
    if (value !== undefined) values[name] = value
  }
  return values
}

// The user's object shows what holds. Where that takes it not, it shows what held.
function write (options, before, next) {
  const undo = []
  try {
    for (const name of optionNames) {
      if (Object.is(before[name], next[name])) continue
      const isNew = !(name in options)
      if (!Reflect.set(options, name, next[name])) throw new TypeError(`options.${name} cannot be written: breaker.options is frozen`)
      undo.push(() => isNew ? Reflect.deleteProperty(options, name) : Reflect.set(options, name, before[name]))
    }
  } catch (error) {
    undo.forEach(change)
    throw error
  }
}

// What JavaScript has made of options.
function noteRest (breaker, inner, before, next) {
  if (next.name && next.name !== before.name) {
    if (!next.group) inner.group = next.name
    inner.name = next.name
  }
  if (next.group) inner.group = next.group
  change(() => describe(inner, next))
  inner.volumeThreshold = readVolume(next)
  inner.shouldTrip = next.shouldTrip || undefined
  inner.classify = next.classify || undefined
  chooseAgain(inner)
  noteStallThreshold(inner, next)
  noteProbe(inner, next)
  if (next.random !== before.random) giveDraw(breaker, inner)
  if (next.timeoutClock !== before.timeoutClock || next.stallThreshold !== before.stallThreshold) inner.guard = undefined
  const coalesceSize = readNumber('coalesceSize', next.coalesceSize)
  inner.cache?.resize(readNumber('cacheSize', next.cacheSize))
  inner.coalesceCache?.resize(coalesceSize)
  inner.lookups?.resize(coalesceSize)
  change(() => prepareMemory(breaker))
}

function setMode (breaker, { enabled, metricsOnly }) {
  if (breaker.isShutdown) return
  if (!isOn('enabled', enabled)) breaker.disable()
  else if (isOn('metricsOnly', metricsOnly)) breaker.metricsOnly()
  else breaker.enable()
}

// What a user's code throws where the options hold already.
function change (act) {
  try {
    act()
  } catch (error) {
    throwAsync(error)
  }
}
